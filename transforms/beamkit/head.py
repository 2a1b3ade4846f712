"""The first bytes of a file, as a file of its own."""

from __future__ import annotations

import io
from typing import BinaryIO


class Head(io.RawIOBase):
    """Reads an open file from its beginning up to `stop`, where it ends; closes it."""

    def __init__(self, stream: BinaryIO, stop: int) -> None:
        self._stream, self._left, self._read = stream, stop, 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """How much was read."""
        return self._read

    def readinto(self, buffer: object, /) -> int:
        """Fill a buffer, up to the end of the head."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        data = self._stream.read(min(len(view), self._left))
        view[: len(data)] = data
        self._left -= len(data)
        self._read += len(data)
        return len(data)

    def close(self) -> None:
        """Close the file too."""
        self._stream.close()
        super().close()
