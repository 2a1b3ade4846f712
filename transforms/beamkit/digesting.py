"""A file for writing that hashes what passes: the digest of a file is known when it is written."""

from __future__ import annotations

import hashlib
from typing import Any, BinaryIO


class DigestingFile:
    """A binary file for writing that hashes and counts what passes."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._hash, self._size = stream, hashlib.sha256(), 0
        self.closed = False

    def write(self, data: Any) -> int:
        """Write on."""
        view = memoryview(data)
        self._hash.update(view)
        self._size += view.nbytes
        self._stream.write(view)
        return view.nbytes

    def tell(self) -> int:
        """Bytes written."""
        return self._size

    def flush(self) -> None:
        """Hand on to the stream."""
        self._stream.flush()

    def close(self) -> None:
        """Nothing more will be written; the stream's owner closes it."""
        self.closed = True

    def readable(self) -> bool:
        """Never."""
        return False

    def writable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Never: Parquet is written from front to back."""
        return False

    @property
    def digest(self) -> str:
        """SHA-256 of what was written, hex."""
        return self._hash.hexdigest()
