"""Reading little: streams that count what is read and stop a reading that asks for too much."""

from __future__ import annotations

import io
from typing import Any, BinaryIO, Final, cast

from transforms.beamkit import files

#: Bytes that a buffered stream asks for at once.
_BUFFER: Final = 128 * 1024


class Enough(Exception):  # noqa: N818 - a limit that was set, not an error
    """A look would have to read more than it may."""


class Meter:
    """The bytes that were read through it."""

    def __init__(self) -> None:
        self.bytes = 0

    def open(self, path: str, most: int) -> BinaryIO:
        """Open a file to read at most `most` bytes of it, in pieces of some size.

        Raises:
            Enough: when more is read.
        """
        return self.wrap(files.open_read(path), most)

    def wrap(self, stream: BinaryIO, most: int) -> BinaryIO:
        """A stream of which at most `most` bytes are read, in pieces of some size."""
        return cast(BinaryIO, io.BufferedReader(_Metered(stream, self, most), _BUFFER))

    def exactly(self, path: str, most: int) -> io.RawIOBase:
        """As `open`, for a reader that asks for just the bytes that it needs."""
        return _Metered(files.open_read(path), self, most)


def bounded(stream: BinaryIO, most: int) -> BinaryIO:
    """A stream that was counted where it came from, and may give `most` bytes."""
    return cast(BinaryIO, _Metered(stream, None, most))


class _Metered(io.RawIOBase):
    def __init__(self, stream: BinaryIO, meter: Meter | None, most: int) -> None:
        self._stream, self._meter = stream, meter
        self._most = self._left = most

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._stream.seekable()

    def tell(self) -> int:
        return self._stream.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        # One byte beyond the limit is enough to know that there is more.
        data = self._stream.read(min(len(view), self._left + 1))
        if self._meter is not None:
            self._meter.bytes += len(data)
        self._left -= len(data)
        if self._left < 0:
            raise Enough(f"more than {self._most:,} bytes")
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()
