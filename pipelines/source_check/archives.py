"""A look into what holds media: the names in it as far as they cost little, and one wanted member.

Nothing is unpacked to disk. Of a zip archive the central directory is read, of a tar archive the
head, of a folder nothing but the listing, of a column of Parquet cells the first rows.
"""

from __future__ import annotations

import gzip
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final, cast

import pyarrow.parquet as pq

from pipelines.source_check.meter import Enough, Meter, bounded
from pipelines.source_check.words import counted
from transforms.beamkit.split_file import open_whole
from transforms.media.containers.names import Wanted, unsafe
from transforms.media.errors import MediaError
from transforms.media.zip_damage import UNREADABLE

#: Bytes of a zip archive that are read: its directory and a few members.
_MOST_ZIP: Final = 192 * 1024 * 1024
#: Bytes of the head of a tar archive, as it lies there and unpacked, and members of it.
MOST_TAR: Final = 8 * 1024 * 1024
_MOST_UNPACKED: Final = 64 * 1024 * 1024
MOST_MEMBERS: Final = 200
#: A medium beyond this is not opened.
MOST_MEDIUM: Final = 64 * 1024 * 1024
_MOST_CELLS: Final = 96 * 1024 * 1024
_PIECE: Final = 256 * 1024
#: Members that are opened before it is said that none can be.
_TRIES: Final = 3

_ENCRYPTED: Final = 0x1

#: Facts about a medium in words; raises `MediaError`.
Inspect = Callable[[bytes], str]


@dataclass
class Look:
    """What was seen of one container.

    `names` are entries of it, all of them if `complete`. `entries`: wanted member -> the entries
    that answer it. Of `opened` and `failed` the first are member and facts or complaint.
    """

    names: list[str] = field(default_factory=list)
    complete: bool = True
    seen: str = ""
    entries: dict[str, list[str]] = field(default_factory=dict)
    opened: tuple[str, str] | None = None
    failed: list[tuple[str, MediaError]] = field(default_factory=list)

    def note(self, wanted: Wanted, name: str) -> list[str]:
        """Take an entry's name down; returns the wanted members that it answers."""
        self.names.append(name)
        answered = wanted.answered_by(name)
        for member in answered:
            self.entries.setdefault(member, []).append(name)
        return answered

    @property
    def is_done(self) -> bool:
        """Whether no more has to be opened."""
        return self.opened is not None or len(self.failed) >= _TRIES

    def open(self, member: str, data: bytes | MediaError, inspect: Inspect) -> None:
        """Inspect a member's bytes."""
        try:
            if isinstance(data, MediaError):
                raise data
            self.opened = (member, inspect(data))
        except MediaError as error:
            self.failed.append((member, error))


def look_in_zip(meter: Meter, path: str, members: Collection[str], inspect: Inspect) -> Look:
    """All names of a zip archive, whole or in parts, and the first wanted members of it.

    Raises:
        BuildError, OSError, zipfile.BadZipFile, Enough: it can't be read.
    """
    look, wanted = Look(seen="its directory"), Wanted(members)
    with meter.wrap(open_whole(path), _MOST_ZIP) as raw, zipfile.ZipFile(raw) as archive:
        answers: list[tuple[str, zipfile.ZipInfo]] = []
        for entry in archive.infolist():
            if not entry.is_dir():
                answers += [(member, entry) for member in look.note(wanted, entry.filename)]
        for member, entry in answers:
            if look.is_done:
                break
            look.open(member, _zipped(archive, entry), inspect)
    return look


def _zipped(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes | MediaError:
    refused = unsafe(entry.filename)
    if refused is not None:
        return refused
    if stat.S_ISLNK(entry.external_attr >> 16):
        return MediaError("unsafe_member", "it is a link, not a file")
    if entry.flag_bits & _ENCRYPTED:
        return MediaError("media_unreadable", "it is encrypted")
    try:
        with archive.open(entry) as stream:
            return _bounded(stream.read(MOST_MEDIUM + 1))
    except UNREADABLE as error:
        return MediaError("media_unreadable", str(error))


def _bounded(data: bytes) -> bytes | MediaError:
    if len(data) > MOST_MEDIUM:
        return too_large(len(data))
    return data


def too_large(size: int) -> MediaError:
    """A word in place of a medium that is too large for a look."""
    return MediaError("media_not_opened", f"{size:,} bytes are too many for a look")


def look_in_tar(meter: Meter, path: str, members: Collection[str], inspect: Inspect) -> Look:
    """The names in the head of a tar archive, plain or gzipped, up to the first wanted member.

    Raises:
        OSError, tarfile.ReadError: not even a first member can be read.
    """
    look, wanted = Look(complete=False), Wanted(members)
    with meter.open(path, MOST_TAR) as raw:
        stream: BinaryIO = raw
        if path.lower().endswith(("gz", "tgz")):
            unpacked = cast(BinaryIO, gzip.GzipFile(fileobj=raw))
            stream = bounded(unpacked, _MOST_UNPACKED)
        try:
            with tarfile.open(fileobj=stream, mode="r|", bufsize=_PIECE) as archive:
                for entry in archive:
                    for member in look.note(wanted, entry.name) if entry.isfile() else ():
                        look.open(member, _tarred(archive, entry), inspect)
                    if look.is_done or len(look.names) >= MOST_MEMBERS:
                        break
                else:
                    look.complete = True
        except Enough:
            pass
        except (tarfile.ReadError, EOFError, gzip.BadGzipFile, zlib.error) as error:
            if not look.names:
                raise tarfile.ReadError(str(error)) from None
            look.complete = True  # cut off: nothing comes behind
            look.seen = f"it is damaged after {counted(len(look.names), 'member')} ({error})"
            return look
    look.seen = f"its first {counted(len(look.names), 'member')}"
    return look


def _tarred(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes | MediaError:
    refused = unsafe(entry.name)
    if refused is not None:
        return refused
    if entry.size > MOST_MEDIUM:
        return too_large(entry.size)
    content = archive.extractfile(entry)
    return content.read() if content else MediaError("media_missing", "it has no content")


def look_in_folder(
    meter: Meter,
    path_of: Callable[[str], str],
    sizes: dict[str, int],
    members: Collection[str],
    inspect: Inspect,
) -> Look:
    """The files of a folder by `sizes`, a listing by names below it, and a wanted one opened."""
    look = Look(names=list(sizes), seen="the listing")
    for member in members:
        if member not in sizes:
            continue
        look.entries[member] = [member]
        if look.is_done:
            continue
        if sizes[member] > MOST_MEDIUM:
            look.failed.append((member, too_large(sizes[member])))
            continue
        with meter.open(path_of(member), MOST_MEDIUM) as stream:
            look.open(member, stream.read(), inspect)
    return look


def look_in_cells(meter: Meter, path: str, members: Collection[str], inspect: Inspect) -> Look:
    """The first cells of a column that hold media; members are ``column/group/row``.

    Rows are counted from the head of the file.

    Raises:
        OSError, pa.ArrowException, Enough: they can't be read.
    """
    look = Look(complete=False, seen="its first rows")
    by_row = {int(member.rsplit("/", 1)[1]): member for member in members}
    column = next(iter(members)).rsplit("/", 2)[0]
    look.names = [column]
    for row, value in enumerate(_cells(meter, path, column)):
        if row > max(by_row) or look.is_done:
            break
        if row in by_row:
            look.entries[by_row[row]] = [column]
            look.open(by_row[row], _cell(value), inspect)
    return look


def _cells(meter: Meter, path: str, column: str) -> Iterator[object]:
    with meter.exactly(path, _MOST_CELLS) as stream:
        file = pq.ParquetFile(stream, buffer_size=_PIECE, pre_buffer=False)
        for batch in file.iter_batches(1, columns=[column], use_threads=False):
            yield batch.column(0)[0].as_py()


def _cell(value: object) -> bytes | MediaError:
    data = value.get("bytes") if isinstance(value, dict) else value
    if isinstance(data, bytes) and data:
        return _bounded(data)
    if isinstance(value, dict) and value.get("path"):
        return MediaError("media_missing", f"the cell has a path ({value['path']}) but no bytes")
    return MediaError("media_missing", "the cell is empty")
