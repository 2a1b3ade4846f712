"""Media in tar archives: one streaming pass, never unpacked to disk."""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Collection, Iterator
from typing import BinaryIO, Final, cast

from transforms.beamkit import files, progress
from transforms.beamkit.errors import BuildError
from transforms.media.containers.found import MAX_MEMBER_BYTES, Found
from transforms.media.containers.names import Wanted, unsafe
from transforms.media.errors import MediaError

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
    wanted = Wanted(members)
    count = 0
    try:
        with tarfile.open(fileobj=stream, mode="r|", bufsize=_BUFFER) as archive:
            for entry in archive:
                count += 1
                progress.advance("archive members", 1)
                for member in wanted.answered_by(entry.name):
                    ambiguous = wanted.take(member, entry.name)
                    yield ambiguous or Found(member, _content(archive, entry))
            if not wanted.is_complete and not _ended(archive):
                raise tarfile.ReadError("its end mark is missing")
    except (tarfile.ReadError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BuildError(
            f"{container}: the archive is truncated or damaged after {count:,} members "
            f"({error}); download it again"
        ) from None
    yield from wanted.not_found(container)


def _ended(archive: tarfile.TarFile) -> bool:
    """Whether a block was read where the next member would begin; a cut archive has none."""
    return archive.fileobj is not None and (
        archive.fileobj.tell() - archive.offset >= tarfile.BLOCKSIZE
    )


def _content(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes | MediaError:
    refused = unsafe(entry.name)
    if refused is not None:
        return refused
    if not entry.isfile():
        return MediaError("unsafe_member", f"{entry.name} is a link or device, not a file")
    if entry.size > MAX_MEMBER_BYTES:
        return MediaError("media_too_large", f"{entry.name} has {entry.size:,} bytes")
    content = archive.extractfile(entry)
    assert content is not None
    return content.read()
