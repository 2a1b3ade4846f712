"""Media in zip archives: wanted members through the central directory; split ones as one file."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import BinaryIO, Final

from transforms.beamkit import files, progress
from transforms.beamkit.errors import BuildError
from transforms.beamkit.split_file import open_whole
from transforms.media.containers.found import MAX_MEMBER_BYTES, Found, too_large
from transforms.media.containers.names import Wanted, place_of, unsafe
from transforms.media.errors import MediaError
from transforms.media.zip_damage import UNREADABLE

_ENCRYPTED: Final = 0x1

#: The words of the `OSError` by which `bz2` tells of damage.
_BZIP2_DAMAGED: Final = "Invalid data stream"


def read(
    container: str, members: Collection[str], *, largest: int = MAX_MEMBER_BYTES
) -> Iterator[Found]:
    """The wanted members, in the order in which they lie in the archive; larger ones are refused.

    Raises:
        BuildError: the archive is missing, or has no readable central directory.
    """
    wanted = Wanted(members)
    with _opened(container) as (stream, archive):
        answered = _answered(archive, wanted)
        read = {entry.header_offset for entry, _ in answered if _refusal(entry, largest) is None}
        files.announce(stream, [span for span in _spans(archive) if span[0] in read])
        for entry, member in answered:
            ambiguous = wanted.take(member, entry.filename)
            yield ambiguous or Found(
                member, _content(archive, entry, largest), place_of(entry.filename)
            )
            progress.advance("archive members", 1)
    yield from wanted.not_found(container)


def within(container: str, members: Collection[str], stop: int) -> set[str]:
    """Which of the wanted members lie wholly in the first `stop` bytes of an archive."""
    with _opened(container) as (_, archive):
        ends = dict(_spans(archive))
        return {
            member
            for entry, member in _answered(archive, Wanted(members))
            if ends.get(entry.header_offset, stop + 1) <= stop
        }


@contextmanager
def _opened(container: str) -> Iterator[tuple[BinaryIO, zipfile.ZipFile]]:
    try:
        with open_whole(container) as stream, _directory(stream, container) as archive:
            yield stream, archive
    except FileNotFoundError as error:
        raise BuildError(f"{error}; is the corpus complete?") from None


def _directory(stream: BinaryIO, container: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(stream)
    except UNREADABLE as error:
        raise BuildError(
            f"{container}: the zip archive is truncated or damaged ({error}); download it again"
        ) from None


def _answered(archive: zipfile.ZipFile, wanted: Wanted) -> list[tuple[zipfile.ZipInfo, str]]:
    """The entries that answer a wanted member, with it, in the order in which they lie."""
    return [
        (entry, member)
        for entry in sorted(archive.infolist(), key=lambda entry: entry.header_offset)
        if not entry.is_dir()
        for member in wanted.answered_by(entry.filename)
    ]


def _spans(archive: zipfile.ZipFile) -> Iterator[tuple[int, int]]:
    """The bytes of all entries, in order, headers included.

    An entry ends where the next one begins: what lies between is its own packing.
    """
    starts = {entry.header_offset for entry in archive.infolist()}
    return pairwise(sorted(starts | {archive.start_dir}))


def _refusal(entry: zipfile.ZipInfo, largest: int) -> MediaError | None:
    """Why an entry is not read, from what the central directory says of it."""
    refused = unsafe(entry.filename)
    if refused is not None:
        return refused
    if stat.S_ISLNK(entry.external_attr >> 16):
        return MediaError("unsafe_member", f"{entry.filename} is a link, not a file")
    if entry.flag_bits & _ENCRYPTED:
        return MediaError("media_unreadable", f"{entry.filename} is encrypted")
    return too_large(entry.filename, entry.file_size, largest)


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, largest: int) -> bytes | MediaError:
    refused = _refusal(entry, largest)
    if refused is not None:
        return refused
    try:
        with archive.open(entry) as stream:
            data = stream.read(largest + 1)
    except UNREADABLE as error:
        return _unreadable(entry, error)
    except OSError as error:
        if str(error) != _BZIP2_DAMAGED:
            raise  # the archive itself can't be read
        return _unreadable(entry, error)
    except MemoryError:
        if entry.compress_type != zipfile.ZIP_LZMA:
            raise
        return MediaError(
            "media_unreadable", f"{entry.filename}: it needs more memory to unpack than there is"
        )
    if len(data) > largest:
        return MediaError("media_too_large", f"{entry.filename} unpacks to more than it says")
    return data


def _unreadable(entry: zipfile.ZipInfo, error: Exception) -> MediaError:
    return MediaError("media_unreadable", f"{entry.filename}: {error}")
