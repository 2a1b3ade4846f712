"""A bounded cache on this machine: listings, whole files, and ranges of files from the Hub.

Everything in it can be fetched again: what was used longest ago is removed when it grows beyond
its bound. Ranges and whole files are kept by the digest of the file they are of, so a new commit
with the same file finds them.
"""

from __future__ import annotations

import errno
import math
import mmap
import os
import re
import threading
import time
import uuid
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from filelock import FileLock

from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub.ranges import MAX_REQUEST, Range

FOLDER_VARIABLE: Final = "OMNIREWARD_CACHE"
BOUND_VARIABLE: Final = "OMNIREWARD_CACHE_GB"
DEFAULT_GB: Final = 20.0

#: What is left after a clean-up, as a share of the bound: it is not done again at once.
_LOW_WATER: Final = 0.9
#: Other processes fill it too: it is counted anew after so much was added, as a share of the bound.
_RECOUNT: Final = 0.05
#: Seconds after which what somebody began to write, and left, is removed as other content is.
_ABANDONED: Final = 24 * 3600.0
#: Kinds of content. Locks and listings are small and stay.
_RANGES: Final = "ranges"
_FILES: Final = "files"
_RANGE: Final = re.compile(r"[0-9]{1,18}-[0-9]{1,18}")
_ENDLESS: Final = 1 << 62
#: None that is kept is longer.
_LONGEST: Final = 2 * MAX_REQUEST
#: Ranges overlap seldom and little: so many before a position are looked at.
_LOOK_BACK: Final = 4


def folder(environment: Mapping[str, str] = os.environ) -> str:
    """Where the cache is: OMNIREWARD_CACHE, or ``omnireward`` in the user's cache folder."""
    given = environment.get(FOLDER_VARIABLE)
    if given:
        return os.path.abspath(given)
    base = environment.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "omnireward")


def bound(environment: Mapping[str, str] = os.environ) -> int:
    """The most bytes that it may hold: OMNIREWARD_CACHE_GB, 20 by default.

    Raises:
        BuildError: the variable is not a number of gigabytes.
    """
    given = environment.get(BOUND_VARIABLE, "")
    try:
        gigabytes = float(given or DEFAULT_GB)
    except ValueError:
        gigabytes = -1.0
    if not 0 <= gigabytes < math.inf:
        raise BuildError(f"{BOUND_VARIABLE} is {given!r}; expected a number of gigabytes, as 20")
    return int(gigabytes * 1e9)


def recall(kind: str, name: str) -> bytes | None:
    """A small thing that was remembered."""
    try:
        return (Path(folder()) / kind / name).read_bytes()
    except OSError:
        return None


def remember(kind: str, name: str, data: bytes) -> None:
    """Keep a small thing for other processes and later runs."""
    _put(Path(folder()) / kind / name, data)


@contextmanager
def alone(kind: str, name: str) -> Iterator[None]:
    """Find out or fetch a thing without another thread or process doing so too."""
    path = Path(folder()) / kind / name
    _make(path.parent)
    lock = FileLock(f"{path}.lock")
    try:
        lock.acquire()
    except (OSError, NotImplementedError) as error:
        raise _unusable(error) from error
    try:
        yield
    finally:
        lock.release()


class Segment:
    """A run of a file's bytes from `start` to `stop`, in memory or mapped from the cache."""

    def __init__(self, start: int, stop: int, data: bytes | mmap.mmap) -> None:
        self.start, self.stop, self._data = start, stop, data

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from `start` up to `stop` or the segment's end, as positions in the file."""
        assert self.start <= start < self.stop
        return bytes(self._data[start - self.start : min(stop, self.stop) - self.start])


class CachedRanges:
    """The ranges of one file that are in the cache."""

    def __init__(self, digest: str) -> None:
        self._folder = Path(folder()) / _RANGES / digest.replace(":", "-")
        #: Those that were there when the file was opened, and were put there since.
        self.known = sorted(_range_of(name) for name in _names(self._folder))

    def covering(self, position: int) -> Range | None:
        """The range that holds a position; of several the one that reaches furthest."""
        after = bisect_right(self.known, (position, _ENDLESS))
        reaching = [r for r in self.known[max(0, after - _LOOK_BACK) : after] if r[1] > position]
        return max(reaching, key=lambda found: found[1], default=None)

    def near(self, start: int, stop: int) -> list[Range]:
        """The ranges that may hold a part of this one."""
        first = bisect_left(self.known, (start - _LONGEST, 0))
        return self.known[first : bisect_left(self.known, (stop, 0))]

    def load(self, start: int, stop: int) -> Segment | None:
        """A range of the cache, mapped; None if it was removed meanwhile."""
        path = self._folder / f"{start}-{stop}"
        try:
            with open(path, "rb") as stream:
                data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError):
            self._forget((start, stop))
            return None
        if len(data) != stop - start:  # cut short by a crash of the machine
            _remove(path)
            self._forget((start, stop))
            return None
        _touch(path)
        return Segment(start, stop, data)

    def keep(self, start: int, data: bytes) -> None:
        """Put a range into the cache."""
        _put(self._folder / f"{start}-{start + len(data)}", data)
        span = start, start + len(data)
        at = bisect_left(self.known, span)
        if self.known[at : at + 1] != [span]:
            self.known.insert(at, span)

    def _forget(self, span: Range) -> None:
        at = bisect_left(self.known, span)
        if self.known[at : at + 1] == [span]:
            del self.known[at]


def _names(where: Path) -> Iterator[str]:
    with suppress(OSError):
        for entry in os.scandir(where):
            if _RANGE.fullmatch(entry.name):
                yield entry.name


def _range_of(name: str) -> Range:
    start, _, stop = name.partition("-")
    return int(start), int(stop)


def whole_file(digest: str) -> Path:
    """Where a whole file is, if it is in the cache."""
    return Path(folder()) / _FILES / digest.replace(":", "-")


def open_whole(digest: str, size: int) -> BinaryIO | None:
    """Open a whole file if it is in the cache; it then counts as used now."""
    path = whole_file(digest)
    try:
        stream = open(path, "rb")  # noqa: SIM115 - handed on open
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(error) from error
    if os.fstat(stream.fileno()).st_size != size:  # cut short by a crash of the machine
        stream.close()
        _remove(path)
        return None
    _touch(path)
    return stream


@contextmanager
def alone_with(digest: str) -> Iterator[Path]:
    """Fetch a whole file without another process doing so too; gives where to write it.

    What an attempt that was killed left there is still there.
    """
    path = whole_file(digest)
    with alone(_FILES, path.name):
        yield path.with_name(path.name + ".partial")


@contextmanager
def appending(partial: Path) -> Iterator[BinaryIO]:
    """Open what is there of a file that is being fetched; errors of the disk say what to do."""
    try:
        partial.touch()
        with open(partial, "r+b") as stream:
            yield stream
    except OSError as error:
        if error.errno is None:  # not of the disk
            raise
        raise _unusable(error) from error


def finish_whole(digest: str, partial: Path) -> BinaryIO:
    """Put a fetched file in its place; gives it open, for it may be removed at once."""
    try:
        stream = open(partial, "rb")  # noqa: SIM115 - handed on open
        os.fsync(stream.fileno())  # its bytes are on the disk before its name says that they are
        os.replace(partial, whole_file(digest))
    except OSError as error:
        raise _unusable(error) from error
    _USE.added(os.fstat(stream.fileno()).st_size)
    return stream


def _put(path: Path, data: bytes) -> None:
    attempt = path.with_name(f".{uuid.uuid4().hex}")
    try:
        _make(path.parent)
        attempt.write_bytes(data)
        os.replace(attempt, path)
    except OSError as error:
        with suppress(OSError):
            attempt.unlink()
        raise _unusable(error) from error
    _USE.added(len(data))


def _make(where: Path) -> None:
    try:
        where.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(error) from error


def _unusable(error: OSError | NotImplementedError) -> BuildError:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return BuildError(
            f"{folder()}: the disk of the cache is full; make room, point {FOLDER_VARIABLE} to a "
            f"folder on another disk, or lower {BOUND_VARIABLE}"
        )
    reason = isinstance(error, OSError) and error.strerror
    return BuildError(
        f"{folder()}: the cache can't be used ({reason or 'files can not be locked there'}); point "
        f"{FOLDER_VARIABLE} to a folder of your own"
    )


def _remove(path: Path) -> bool:
    """Remove a file, which whoever reads it has mapped or open; another user's may stay."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def _touch(path: Path) -> None:
    with suppress(OSError):
        os.utime(path)


class _Use:
    """How full the cache is; counted now and then, and added to by this process in between."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folder = ""
        self._bytes = 0
        self._since_count = 0

    def added(self, size: int) -> None:
        with self._lock:
            self._bytes += size
            self._since_count += size
            if self._folder != folder() or self._since_count > bound() * _RECOUNT:
                self._folder, self._since_count = folder(), 0
                self._bytes = sum(size for _, size, _ in _content())
            if self._bytes > bound():
                self._bytes = _shrink(int(bound() * _LOW_WATER))


def _content() -> Iterable[tuple[float, int, Path]]:
    """Everything that may be removed: when it was last used, its size, and where it is."""
    base, now = Path(folder()), time.time()
    for kind in (_RANGES, _FILES):
        for where, _, names in os.walk(base / kind):
            for name in names:
                path = Path(where) / name
                with suppress(OSError):
                    stat = path.stat()
                    begun = name.endswith(".partial") or name.startswith(".")
                    written = not begun or now - stat.st_mtime > _ABANDONED
                    if written and not name.endswith(".lock"):
                        yield stat.st_mtime, stat.st_size, path


def _shrink(to: int) -> int:
    """Remove what was used longest ago; the newest stays. Returns the bytes that are left."""
    content = sorted(_content())
    left = sum(size for _, size, _ in content)
    for _, size, path in content[:-1]:
        if left <= to:
            break
        if _remove(path):
            left -= size
    return left


_USE: Final = _Use()


def held(digest: str) -> int:
    """How many bytes of a file are in the cache."""
    whole = whole_file(digest)
    with suppress(OSError):
        return whole.stat().st_size
    ranges = Path(folder()) / _RANGES / digest.replace(":", "-")
    return sum(stop - start for start, stop in map(_range_of, _names(ranges)))
