"""A bounded cache on this machine: listings, whole files, and ranges of files from the Hub.

Everything in it can be fetched again: what was used longest ago is removed when it grows beyond
its bound. Ranges and whole files are kept by the digest of the file they are of, so a new commit
with the same file finds them.
"""

from __future__ import annotations

import mmap
import os
import shutil
import threading
from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from filelock import FileLock

from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub.errors import disk_full

FOLDER_VARIABLE: Final = "OMNIREWARD_CACHE"
BOUND_VARIABLE: Final = "OMNIREWARD_CACHE_GB"
DEFAULT_GB: Final = 20.0

#: What is left after a clean-up, as a share of the bound: it is not done again at once.
_LOW_WATER: Final = 0.9
#: Kinds of content. Locks and listings are small and stay.
_RANGES: Final = "ranges"
_FILES: Final = "files"
_ENDLESS: Final = 1 << 62
#: Ranges overlap seldom and little: so many before a position are looked at.
_LOOK_BACK: Final = 4


def folder() -> str:
    """Where the cache is: OMNIREWARD_CACHE, or ``omnireward`` in the user's cache folder."""
    given = os.environ.get(FOLDER_VARIABLE)
    if given:
        return os.path.abspath(given)
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "omnireward")


def bound() -> int:
    """The most bytes that it may hold: OMNIREWARD_CACHE_GB, 20 by default.

    Raises:
        BuildError: the variable is not a number of gigabytes.
    """
    given = os.environ.get(BOUND_VARIABLE, "")
    try:
        gigabytes = float(given or DEFAULT_GB)
    except ValueError:
        gigabytes = -1.0
    if not gigabytes >= 0:
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


class Segment:
    """A run of a file's bytes from `start` to `stop`, in memory or mapped from the cache."""

    def __init__(self, start: int, stop: int, data: bytes | mmap.mmap) -> None:
        self.start, self.stop, self._data = start, stop, data

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from `start` up to `stop` or the segment's end, as positions in the file."""
        return bytes(self._data[start - self.start : min(stop, self.stop) - self.start])


class CachedRanges:
    """The ranges of one file that are in the cache."""

    def __init__(self, digest: str) -> None:
        self._folder = Path(folder()) / _RANGES / digest.replace(":", "-")
        self._known = sorted(_range_of(name) for name in _names(self._folder))

    def covering(self, position: int) -> tuple[int, int] | None:
        """The range that holds a position; of several the one that reaches furthest."""
        after = bisect_right(self._known, (position, _ENDLESS))
        reaching = [r for r in self._known[max(0, after - _LOOK_BACK) : after] if r[1] > position]
        return max(reaching, key=lambda found: found[1], default=None)

    def next_after(self, position: int) -> int | None:
        """Where the next range begins."""
        after = bisect_right(self._known, (position, _ENDLESS))
        return self._known[after][0] if after < len(self._known) else None

    def missing(self, start: int, stop: int) -> list[tuple[int, int]]:
        """The parts of a range that are not in the cache."""
        gaps: list[tuple[int, int]] = []
        position = start
        while position < stop:
            found = self.covering(position)
            if found is not None:
                position = found[1]
                continue
            end = min(self.next_after(position) or stop, stop)
            gaps.append((position, end))
            position = end
        return gaps

    def load(self, start: int, stop: int) -> Segment | None:
        """A range of the cache, mapped; None if it was removed meanwhile."""
        path = self._folder / f"{start}-{stop}"
        try:
            with open(path, "rb") as stream:
                data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError):
            with suppress(ValueError):
                self._known.remove((start, stop))
            return None
        if len(data) != stop - start:  # cut short by a crash of the machine
            path.unlink(missing_ok=True)
            with suppress(ValueError):
                self._known.remove((start, stop))
            return None
        _touch(path)
        return Segment(start, stop, data)

    def keep(self, start: int, data: bytes) -> None:
        """Put a range into the cache."""
        _put(self._folder / f"{start}-{start + len(data)}", data)
        if (start, start + len(data)) not in self._known:
            insort(self._known, (start, start + len(data)))


def _names(where: Path) -> Iterator[str]:
    with suppress(OSError):
        for entry in os.scandir(where):
            if entry.name.replace("-", "").isdigit():
                yield entry.name


def _range_of(name: str) -> tuple[int, int]:
    start, _, stop = name.partition("-")
    return int(start), int(stop)


def whole_file(digest: str) -> Path:
    """Where a whole file is, if it is in the cache."""
    return Path(folder()) / _FILES / digest.replace(":", "-")


def has_whole(digest: str) -> bool:
    """Whether a whole file is in the cache; if so it counts as used now."""
    path = whole_file(digest)
    if not path.exists():
        return False
    _touch(path)
    return True


@contextmanager
def alone_with(digest: str) -> Iterator[Path]:
    """Fetch a whole file without another process doing so too; gives where to write it.

    What an attempt that was killed left there is still there.
    """
    path = whole_file(digest)
    _make(path.parent)
    with FileLock(f"{path}.lock"):
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


def finish_whole(digest: str, partial: Path) -> None:
    """Put a fetched file in its place."""
    size = partial.stat().st_size
    os.replace(partial, whole_file(digest))
    _USE.added(size)


def _put(path: Path, data: bytes) -> None:
    attempt = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
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


def _unusable(error: OSError) -> BuildError:
    if shutil.disk_usage(_existing(folder())).free < 64 * 1024 * 1024:
        return disk_full(error)
    return BuildError(
        f"{folder()}: the cache can't be written ({error.strerror}); point {FOLDER_VARIABLE} to a "
        "folder of your own"
    )


def _existing(path: str) -> str:
    while not os.path.exists(path):
        path = os.path.dirname(path)
    return path


def _touch(path: Path) -> None:
    with suppress(OSError):
        os.utime(path)


class _Use:
    """How full the cache is; counted when first asked, then added to by this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folder = ""
        self._bytes = 0

    def added(self, size: int) -> None:
        with self._lock:
            if self._folder != folder():
                self._folder = folder()
                self._bytes = sum(size for _, size, _ in _content())
            else:
                self._bytes += size
            if self._bytes > bound():
                self._bytes = _shrink(int(bound() * _LOW_WATER))


def _content() -> Iterable[tuple[float, int, Path]]:
    """Everything that may be removed: when it was last used, its size, and where it is."""
    base = Path(folder())
    for kind in (_RANGES, _FILES):
        for where, _, names in os.walk(base / kind):
            for name in names:
                path = Path(where) / name
                if name.endswith((".lock", ".partial")) or name.startswith("."):
                    continue
                with suppress(OSError):
                    stat = path.stat()
                    yield stat.st_mtime, stat.st_size, path


def _shrink(to: int) -> int:
    """Remove what was used longest ago; the newest stays. Returns the bytes that are left."""
    content = sorted(_content())
    left = sum(size for _, size, _ in content)
    for _, size, path in content[:-1]:
        if left <= to:
            break
        path.unlink(missing_ok=True)  # whoever reads it has it mapped or open
        left -= size
    return left


_USE: Final = _Use()
