"""Media in tar archives: one streaming pass, never unpacked to disk.

Members are matched by their whole name, or by its end: records name ``00001.jpg`` where the
archive has ``train/00001.jpg``.
"""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Collection, Iterator
from typing import BinaryIO, Final, cast

from transforms.beamkit import files, progress
from transforms.beamkit.errors import BuildError
from transforms.media.containers.found import Found, missing
from transforms.media.errors import MediaError

#: A member beyond this is no picture, clip, sound or mesh that anybody judged.
MAX_MEMBER_BYTES: Final = 2_000_000_000
_BUFFER: Final = 1024 * 1024


def read_gzipped(container: str, members: Collection[str]) -> Iterator[Found]:
    """The wanted members of a gzipped archive, in one pass over all of it."""
    with files.open_read(container) as stream, gzip.GzipFile(fileobj=stream) as unpacked:
        yield from _read(container, cast(BinaryIO, unpacked), members)


def read_plain(container: str, members: Collection[str]) -> Iterator[Found]:
    """The wanted members of a plain archive, in one pass over all of it."""
    with files.open_read(container) as stream:
        yield from _read(container, stream, members)


def _read(container: str, stream: BinaryIO, members: Collection[str]) -> Iterator[Found]:
    wanted = set(members)
    by_name: dict[str, list[str]] = {}
    for member in wanted:
        by_name.setdefault(member.rsplit("/", 1)[-1], []).append(member)
    found: dict[str, str] = {}
    count = 0
    try:
        with tarfile.open(fileobj=stream, mode="r|", bufsize=_BUFFER) as archive:
            for entry in archive:
                count += 1
                progress.advance("archive members", 1)
                for member in _matches(entry.name, by_name):
                    if member in found:
                        yield _ambiguous(member, found[member], entry.name)
                        continue
                    found[member] = entry.name
                    yield Found(member, _content(archive, entry))
            if wanted - found.keys() and not _ended(archive):
                raise tarfile.ReadError("its end mark is missing")
    except (tarfile.ReadError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BuildError(
            f"{container}: the archive is truncated or damaged after {count:,} members "
            f"({error}); download it again"
        ) from None
    for member in sorted(wanted - found.keys()):
        yield missing(member, container.rsplit("/", 1)[-1])


def _ended(archive: tarfile.TarFile) -> bool:
    """Whether a block was read where the next member would begin; a cut archive has none."""
    return archive.fileobj is not None and (
        archive.fileobj.tell() - archive.offset >= tarfile.BLOCKSIZE
    )


def _matches(name: str, by_name: dict[str, list[str]]) -> list[str]:
    """The wanted members that an entry of this name answers."""
    clean = name.removeprefix("./")
    candidates = by_name.get(clean.rsplit("/", 1)[-1], ())
    return [m for m in candidates if clean == m or clean.endswith("/" + m.removeprefix("./"))]


def _ambiguous(member: str, first: str, second: str) -> Found:
    low, high = sorted((first, second))
    message = f"it could be {low} or {high}"
    return Found(member, MediaError("media_ambiguous", message))


def _content(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes | MediaError:
    if ".." in entry.name.split("/") or entry.name.startswith("/"):
        return MediaError("unsafe_member", f"{entry.name}: the name leaves the archive")
    if not entry.isfile():
        return MediaError("unsafe_member", f"{entry.name} is a link or device, not a file")
    if entry.size > MAX_MEMBER_BYTES:
        return MediaError("media_too_large", f"{entry.name} has {entry.size:,} bytes")
    content = archive.extractfile(entry)
    assert content is not None
    return content.read()
