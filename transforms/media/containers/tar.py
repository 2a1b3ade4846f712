"""Media in tar archives: one streaming pass, never unpacked to disk; or by an index of them."""

from __future__ import annotations

import gzip
import struct
import tarfile
import zlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import BinaryIO, Final, Self, cast

from transforms.beamkit import files, progress
from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub.notes import leave_note, recall_note
from transforms.media.containers import tar_index
from transforms.media.containers.found import MAX_MEMBER_BYTES, Found, too_large
from transforms.media.containers.names import Wanted, place_of, unsafe
from transforms.media.errors import MediaError

_BUFFER: Final = 1024 * 1024
_GZIPPED: Final = (".gz", ".tgz")
#: What `tarfile` lets out for numbers and texts in a header that are none.
_NO_HEADER: Final = (tarfile.HeaderError, ValueError, IndexError, OverflowError, struct.error)


def read(
    container: str,
    members: Collection[str],
    stop: int | None = None,
    *,
    largest: int = MAX_MEMBER_BYTES,
) -> Iterator[Found]:
    """The wanted members of an archive, plain or gzipped, in one pass over all of it.

    Members of more than `largest` bytes are refused. With `stop` only the first bytes of the
    archive are read, and what lies beyond is not found. A plain archive on the Hub leaves an index
    behind, by which it is read from then on: only what is wanted moves.

    Raises:
        BuildError: the archive is truncated or damaged.
    """
    note = recall_note(tar_index.KIND, container)
    entries = None if note is None else tar_index.entries_of(note)
    if entries is not None:
        yield from _by_index(container, members, entries, stop, largest)
        return
    wanted, index = Wanted(members), tar_index.Builder()
    with _Pass(container, stop) as archive:
        for entry in archive:
            index.add(entry)
            answered = wanted.answered_by(entry.name)
            # It can be read once only, and one that is cut off answers nothing.
            data = archive.content(entry, largest) if answered else b""
            for member in answered:
                ambiguous = wanted.take(member, entry.name)
                yield ambiguous or Found(member, data, place_of(entry.name))
        archive.finish(must_end=not wanted.is_complete)
    if archive.was_whole and not container.lower().endswith(_GZIPPED):
        note = index.done()
        if note is not None:
            leave_note(tar_index.KIND, container, note)
    yield from wanted.not_found(container)


def within(container: str, members: Collection[str], stop: int) -> set[str]:
    """Which of the wanted members lie wholly in the first `stop` bytes of an archive."""
    wanted = Wanted(members)
    inside: set[str] = set()
    with _Pass(container, stop) as archive:
        answered: list[str] = []
        for entry in archive:
            inside.update(answered)  # another header follows: the member before it is whole
            answered = wanted.answered_by(entry.name)
        if archive.ended:
            inside.update(answered)
    return inside


def _by_index(
    container: str,
    members: Collection[str],
    entries: Iterable[tarfile.TarInfo],
    stop: int | None,
    largest: int,
) -> Iterator[Found]:
    """The wanted members, each read where the index says that it lies; none beyond `stop`."""
    wanted = Wanted(members)
    answered = [
        (entry, member)
        for entry in entries
        if stop is None or _end(entry, largest) <= stop
        for member in wanted.answered_by(entry.name)
    ]
    with files.open_read(container) as stream:
        files.announce(
            stream,
            [(entry.offset_data, _end(entry, largest)) for entry, _ in answered],
        )
        for entry, member in answered:
            ambiguous = wanted.take(member, entry.name)
            yield ambiguous or Found(
                member, _at_its_place(stream, entry, largest), place_of(entry.name)
            )
    yield from wanted.not_found(container)


def _end(entry: tarfile.TarInfo, largest: int) -> int:
    """Up to where an archive is read for an entry."""
    return entry.offset_data + (entry.size if _refusal(entry, largest) is None else 0)


def _at_its_place(stream: BinaryIO, entry: tarfile.TarInfo, largest: int) -> bytes | MediaError:
    refused = _refusal(entry, largest)
    if refused is not None:
        return refused
    progress.advance("archive members", 1)
    stream.seek(entry.offset_data)
    return stream.read(entry.size)


class _Pass:
    """One pass over an archive's entries, in their order.

    In a ``with`` block, at whose end a damaged archive becomes a `BuildError`, and the cut at
    `stop` becomes nothing.
    """

    def __init__(self, container: str, stop: int | None) -> None:
        self._container, self._stop = container, stop
        self._stack = ExitStack()
        self._count = 0
        #: Whether the archive was read to its end.
        self.was_whole = False

    def __enter__(self) -> Self:
        self._raw = self._stack.enter_context(files.open_stream(self._container, self._stop))
        return self

    def __iter__(self) -> Iterator[tarfile.TarInfo]:
        self._stream: BinaryIO = self._raw
        if self._container.lower().endswith(_GZIPPED):
            unpacked = self._stack.enter_context(gzip.GzipFile(fileobj=self._raw))
            self._stream = cast(BinaryIO, _AsItComes(unpacked))
        with _understood():  # opening it reads the first header
            self._archive = self._stack.enter_context(
                tarfile.open(fileobj=self._stream, mode="r|", bufsize=_BUFFER)  # noqa: SIM115 - closed with all
            )
        while (entry := self._next()) is not None:
            self._count += 1
            vars(self._archive)["members"].clear()  # it would keep every entry
            progress.advance("archive members", 1)
            yield entry

    def _next(self) -> tarfile.TarInfo | None:
        with _understood():
            return self._archive.next()

    @property
    def ended(self) -> bool:
        """Whether a block was read where the next member would begin; a cut archive has none."""
        stream = self._archive.fileobj
        return stream is not None and stream.tell() - self._archive.offset >= tarfile.BLOCKSIZE

    def finish(self, *, must_end: bool) -> None:
        """Read what follows the last member: then all of the file was seen, and its digest is.

        Raises:
            tarfile.ReadError: `must_end`, and the archive's end mark is missing.
        """
        if self._stop is not None:
            return
        if must_end and not self.ended:
            raise tarfile.ReadError("its end mark is missing")
        self.was_whole = self.ended
        while self._stream.read(_BUFFER):  # what is packed may be cut behind its last block
            pass

    def content(self, entry: tarfile.TarInfo, largest: int) -> bytes | MediaError:
        """The bytes of the entry that the pass has come to."""
        refused = _refusal(entry, largest)
        if refused is not None:
            return refused
        content = self._archive.extractfile(entry)
        assert content is not None
        try:
            return content.read()
        except (tarfile.StreamError, *_NO_HEADER) as error:  # a sparse file's map of its parts
            return MediaError("media_unreadable", f"{entry.name}: {error}")

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        cut = self._stop is not None and self._raw.tell() >= self._stop
        self._stack.close()
        if isinstance(error, (tarfile.ReadError, EOFError, gzip.BadGzipFile, zlib.error)):
            if cut:
                return True
            raise BuildError(
                f"{self._container}: the archive is truncated or damaged after {self._count:,} "
                f"members ({error}); download it again"
            ) from None
        return False


@contextmanager
def _understood() -> Iterator[None]:
    """Has a header that makes no sense to `tarfile` be a `tarfile.ReadError`, as others are."""
    try:
        yield
    except _NO_HEADER as error:
        raise tarfile.ReadError(f"a header makes no sense: {error}") from None


class _AsItComes:
    """Reads what a gzip stream has ready: of one that is cut, everything before the cut."""

    def __init__(self, unpacked: gzip.GzipFile) -> None:
        self._unpacked = unpacked

    def read(self, size: int) -> bytes:
        return self._unpacked.read1(size)


def _refusal(entry: tarfile.TarInfo, largest: int) -> MediaError | None:
    """Why an entry is not read, from what its header says."""
    refused = unsafe(entry.name)
    if refused is not None:
        return refused
    if not entry.isfile():
        return MediaError("unsafe_member", f"{entry.name} is a link or device, not a file")
    return too_large(entry.name, entry.size, largest)
