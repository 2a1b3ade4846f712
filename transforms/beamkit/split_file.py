"""A file that is published in parts, read as one: ``x.zip.part-aa``, ``x.zip.part-ab`` ..."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import BinaryIO, cast

from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub.address import is_hub

#: Names that parts go by, after the file's own: `cat` and `split`, 7-Zip, others.
_PATTERNS = (".part-*", ".part*", ".[0-9][0-9][0-9]")


def open_whole(path: str) -> BinaryIO:
    """Open a file, or its parts as one seekable stream.

    Raises:
        FileNotFoundError: neither the file nor a part of it is there.
        BuildError: a part in the middle is missing.
    """
    if files.exists(path):
        return files.open_read(path)
    parts = parts_of(path)
    if not parts:
        raise FileNotFoundError(f"{path}: no such file, nor parts of it")
    joined = _Joined(parts)
    # On this machine a buffer spares calls; from the Hub it would fetch what nobody reads.
    return cast(BinaryIO, joined if is_hub(path) else io.BufferedReader(joined, 1024 * 1024))


def parts_of(path: str) -> list[tuple[str, int]]:
    """Paths and sizes of a file's parts, in order; empty when there are none.

    Raises:
        BuildError: the parts do not follow one another.
    """
    for pattern in _PATTERNS:
        found = files.matching(files.escape(path) + pattern)
        if found:
            _check_run([name for name, _ in found], path)
            return found
    return []


def _check_run(names: Sequence[str], path: str) -> None:
    tails = [name.removeprefix(path).lstrip(".").removeprefix("part") for name in names]
    endings = [_ordinal(tail) for tail in tails]
    for before, after, name in zip(endings, endings[1:], names[1:], strict=False):
        if after != before + 1:
            raise BuildError(f"{name}: the part before it is missing; download all parts of {path}")
    # Numbers begin with 0 or 1, letters with a.
    if endings[0] > tails[0].lstrip("-_.").isdecimal():
        raise BuildError(f"{names[0]}: the parts before it are missing; download all of {path}")


def _ordinal(ending: str) -> int:
    """The place of a part by its ending: ``-ab`` is 1, ``002`` is 2."""
    letters = ending.lstrip("-_.")
    if letters.isdecimal():
        return int(letters)
    number = 0
    for letter in letters.lower():
        number = number * 26 + ord(letter) - ord("a")
    return number


class _Joined(io.RawIOBase):
    """Parts one after the other; one of them is open at a time."""

    def __init__(self, parts: Sequence[tuple[str, int]]) -> None:
        self._parts = parts
        self._starts = [0]
        for _, size in parts:
            self._starts.append(self._starts[-1] + size)
        self._position = 0
        self._open: tuple[int, BinaryIO] | None = None
        self._announced: list[tuple[int, int]] = []

    def announce(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Say which ranges will be read; each part is told of its own when it is opened."""
        self._announced = sorted(ranges)
        if self._open is not None:
            self._tell(*self._open)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._starts[-1]}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int | None = -1, /) -> bytes:
        left = self._starts[-1] - self._position
        wanted = left if size is None or size < 0 else min(size, left)
        parts: list[bytes] = []
        while wanted > 0:
            parts.append(super().read(wanted) or b"")
            if not parts[-1]:
                break
            wanted -= len(parts[-1])
        return b"".join(parts)

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        if self._position >= self._starts[-1] or not view:
            return 0
        part = next(at for at, end in enumerate(self._starts[1:]) if self._position < end)
        stream = self._part(part)
        stream.seek(self._position - self._starts[part])
        data = stream.read(min(len(view), self._starts[part + 1] - self._position))
        if not data:
            raise OSError(f"{self._parts[part][0]}: ends before its size of {self._parts[part][1]}")
        view[: len(data)] = data
        self._position += len(data)
        return len(data)

    def _part(self, part: int) -> BinaryIO:
        if self._open is None or self._open[0] != part:
            if self._open is not None:
                self._open[1].close()
            self._open = part, files.open_read(self._parts[part][0])
            self._tell(*self._open)
        return self._open[1]

    def _tell(self, part: int, stream: BinaryIO) -> None:
        """Announce to a part what is wanted of it."""
        start, stop = self._starts[part], self._starts[part + 1]
        inside = [(max(a, start) - start, min(b, stop) - start) for a, b in self._announced]
        files.announce(stream, [span for span in inside if span[0] < span[1]])

    def close(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None
        super().close()
