"""Files on the Hub as Python file objects: in ranges, whole, or as one pass."""

from __future__ import annotations

import io
import mmap
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Final, cast

from transforms.beamkit import progress
from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub import cache, tree
from transforms.beamkit.hub.digests import hasher_of, hex_of
from transforms.beamkit.hub.ranges import MAX_REQUEST, Range, coalesce, without
from transforms.beamkit.hub.session import CONNECTIONS
from transforms.beamkit.hub.transfer import stream
from transforms.beamkit.hub.tree import RemoteFile

#: Announced requests that are under way or held before they are read, for one file.
_AHEAD: Final = 12
#: Segments of one file that stay mapped.
_HELD: Final = 32
#: The least that is fetched where nothing was announced: small reads come in runs.
_LEAST: Final = 16 * 1024
#: The most, where nothing was announced but reads follow one another: each fetch is twice the last.
_MOST: Final = 1024 * 1024
#: The end of an archive or of a Parquet file says what is in it: it is fetched at once.
_TAIL: Final = 64 * 1024


def open_ranges(path: str) -> RangedFile:
    """Open a file for reading at any place; what is read goes through the cache.

    Raises:
        FileNotFoundError: there is no such file.
        BuildError: it can't be read.
    """
    return RangedFile(tree.find(path))


def open_whole(path: str) -> BinaryIO:
    """Open a file that will be read from end to end; it is fetched and its digest checked first.

    Raises:
        FileNotFoundError: there is no such file.
        BuildError: it can't be read, or its content is not what the Hub says.
    """
    return _whole(tree.find(path))


def open_stream(path: str, stop: int | None = None) -> BinaryIO:
    """Open a file for one pass from its beginning, for files too large to keep.

    Only its first `stop` bytes are fetched where that is given, and kept in the cache; otherwise
    nothing is kept, and at the end of the file its digest is checked.

    Raises:
        FileNotFoundError: there is no such file.
        BuildError: it can't be read, or its content is not what the Hub says.
    """
    file = tree.find(path)
    if stop is not None and stop < file.size:
        head = RangedFile(file, stop)
        head.announce([(0, stop)])
        return cast(BinaryIO, head)
    return cast(BinaryIO, _Pass(file))


@lru_cache(maxsize=1)
def _connections() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="hub")


class RangedFile(io.RawIOBase):
    """A file of which only what is read, or announced, is fetched.

    For one reader at a time. `stop` lets the file end there.
    """

    def __init__(self, file: RemoteFile, stop: int | None = None, *, keep: bool = True) -> None:
        self._file, self._keep = file, keep
        self._size = file.size if stop is None else min(stop, file.size)
        self._position = 0
        self._cached = cache.CachedRanges(file.digest)
        self._held: OrderedDict[Range, cache.Segment] = OrderedDict()
        #: Announced and not sent yet, in order of position.
        self._todo: list[Range] = []
        self._coming: dict[Range, Future[bytes]] = {}
        #: What was fetched last without an announcement.
        self._unannounced: Range = 0, 0
        if keep:
            self._hold_whole()

    def announce(self, wanted: Iterable[Range]) -> None:
        """Say which ranges ``(start, stop)`` will be read, so that they are fetched together.

        They should be read in order of position; then the next are on their way.
        """
        inside = ((max(0, start), min(stop, self._size)) for start, stop in wanted)
        known = [*self._held, *self._coming, *self._todo]
        if self._keep:
            known += self._cached.known
        self._todo = sorted([*self._todo, *coalesce(without(inside, known))])
        self._send()

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """The position from which the next read begins."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to another position; nothing is fetched."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int | None = -1, /) -> bytes:
        """As many bytes as were asked for, fewer at the end of the file only."""
        if self.closed:
            raise ValueError("read of a closed file")
        stop = self._size if size is None or size < 0 else min(self._position + size, self._size)
        parts: list[bytes] = []
        while self._position < stop:
            part = self._segment(self._position, stop).read(self._position, stop)
            self._position += len(part)
            parts.append(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def readinto(self, buffer: object, /) -> int:
        """Fill a buffer."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def readline(self, size: int | None = -1, /) -> bytes:
        """One line; read in pieces, so that a short line costs no long range."""
        limit = self._size if size is None or size < 0 else size
        line = b""
        while len(line) < limit:
            start = self._position
            piece = self.read(min(8192, limit - len(line)))
            end = piece.find(b"\n") + 1
            line += piece[:end] if end else piece
            if end or not piece:
                self._position = start + (end or len(piece))
                break
        return line

    def close(self) -> None:
        """Let go of what was announced and not read."""
        for future in self._coming.values():
            future.cancel()
        self._coming.clear()
        self._todo.clear()
        self._held.clear()
        super().close()

    def _segment(self, position: int, stop: int) -> cache.Segment:
        """A segment that holds a position: held, on its way, in the cache, or fetched now."""
        for span, segment in reversed(self._held.items()):
            if span[0] <= position < span[1]:
                return segment
        for span in self._coming:
            if span[0] <= position < span[1]:
                return self._arrived(span)
        if self._todo and self._announced(position):
            return self._segment(position, stop)
        if self._keep:
            found = self._cached.covering(position)
            segment_found = self._cached.load(*found) if found else None
            if segment_found is not None:
                return self._hold(segment_found)
        return self._fetched(*self._around(position, stop))

    def _announced(self, position: int) -> bool:
        """Whether a position lies in what was announced and not sent; if so it is sent now."""
        at = self._next(position)
        if not self._todo[at][0] <= position < self._todo[at][1]:
            return False
        if len(self._coming) >= _AHEAD:
            self._set_aside()
        self._send(at_least=1)
        return True

    def _next(self, position: int) -> int:
        """Which announced range is next for a reader at a position; after the last the first."""
        after = bisect_right(self._todo, (position, self._size))
        if after and self._todo[after - 1][1] > position:
            return after - 1
        return after % len(self._todo)

    def _set_aside(self) -> None:
        """Put into the cache what has come and was passed over: it holds up what is next."""
        for span, future in list(self._coming.items()):
            if self._keep and future.done():
                del self._coming[span]
                if future.exception() is None:
                    self._cached.keep(span[0], future.result())

    def _send(self, at_least: int = 0) -> None:
        sent = 0
        while self._todo and (len(self._coming) < _AHEAD or sent < at_least):
            span = self._todo.pop(self._next(self._position))
            self._coming[span] = _connections().submit(self._bytes_of, *span)
            sent += 1

    def _arrived(self, span: Range) -> cache.Segment:
        data = self._coming.pop(span).result()
        self._send()
        return self._kept(span[0], data)

    def _around(self, position: int, stop: int) -> Range:
        """What to fetch for a read that nobody announced: nothing that is there or on its way."""
        before = self._unannounced
        more = min(2 * (before[1] - before[0]), _MOST) if position == before[1] else 0
        start, end = position, min(stop, position + MAX_REQUEST)
        if position >= self._size - _TAIL:
            start, end = max(0, self._size - _TAIL), self._size
        end = min(self._size, max(end, position + max(_LEAST, more)))
        known = [*self._coming, *self._todo]
        if self._keep:
            known += self._cached.near(start, end)
        for gap in without([(start, end)], known):
            if gap[0] <= position < gap[1]:
                return gap
        return position, end  # what was there has been removed

    def _fetched(self, start: int, stop: int) -> cache.Segment:
        self._unannounced = start, stop
        return self._kept(start, self._bytes_of(start, stop))

    def _bytes_of(self, start: int, stop: int) -> bytes:
        data = b"".join(stream(self._file, start, stop))
        progress.advance("bytes fetched", len(data))
        return data

    def _kept(self, start: int, data: bytes) -> cache.Segment:
        stop, segment = start + len(data), None
        if self._keep:
            self._cached.keep(start, data)
            segment = self._cached.load(start, stop)
        return self._hold(segment or cache.Segment(start, stop, data))

    def _hold(self, segment: cache.Segment) -> cache.Segment:
        self._held[segment.start, segment.stop] = segment
        while len(self._held) > (_HELD if self._keep else 2):
            self._held.popitem(last=False)
        return segment

    def _hold_whole(self) -> None:
        """Hold all of the file, if it is in the cache."""
        local = cache.open_whole(self._file.digest, self._file.size) if self._file.size else None
        if local is not None:
            with local:
                data = mmap.mmap(local.fileno(), 0, access=mmap.ACCESS_READ)
            self._hold(cache.Segment(0, self._file.size, data))


class _Pass(io.RawIOBase):
    """One pass over a file; at its end the digest is checked."""

    def __init__(self, file: RemoteFile) -> None:
        self._file = file
        self._raw = RangedFile(file, keep=False)
        self._raw.announce([(0, file.size)])
        self._hasher = hasher_of(file.digest, file.size)

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._raw.tell()

    def read(self, size: int | None = -1, /) -> bytes:
        data = self._raw.read(size)
        self._hasher.update(data)
        if data and self._raw.tell() == self._file.size:
            _check_digest(self._file, self._hasher.hexdigest())
        return data

    def readinto(self, buffer: object, /) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._raw.close()
        super().close()


def _whole(file: RemoteFile) -> BinaryIO:
    """A whole file of the cache, put there unless it is there.

    Raises:
        BuildError: it can't be fetched, or its digest differs even when fetched again.
    """
    there = cache.open_whole(file.digest, file.size)
    if there is not None:
        return there
    with cache.alone_with(file.digest) as partial:
        there = cache.open_whole(file.digest, file.size)  # by whoever was alone with it before
        if there is not None:
            return there
        for last in (False, True):
            found = _fetch(file, partial)
            if found == hex_of(file.digest):
                break
            partial.unlink(missing_ok=True)
            if last:
                _check_digest(file, found)
        return cache.finish_whole(file.digest, partial)


def _fetch(file: RemoteFile, partial: Path) -> str:
    """Fetch what is missing of a partial file; gives the digest of all of it."""
    hasher = hasher_of(file.digest, file.size)
    with cache.appending(partial) as sink:
        have = min(sink.seek(0, io.SEEK_END), file.size)
        sink.seek(0)
        for _ in range(0, have, MAX_REQUEST):
            hasher.update(sink.read(min(MAX_REQUEST, have - sink.tell())))
        sink.truncate(have)
        with closing(stream(file, have, file.size)) as blocks:
            for block in blocks:
                hasher.update(block)
                sink.write(block)
                progress.advance("bytes fetched", len(block))
    return hasher.hexdigest()


def _check_digest(file: RemoteFile, found: str) -> None:
    if found != hex_of(file.digest):
        raise BuildError(
            f"{file.address.name} of {file.address.repo}: what came has the digest {found[:16]}…, "
            f"the Hub says {hex_of(file.digest)[:16]}…; it was damaged on its way, or something "
            "between here and the Hub changes files. Run the command again"
        )
