"""Digests of files as the Hub states them: SHA-256 of large files, Git's blob id of small ones."""

from __future__ import annotations

import hashlib
from typing import Final, Protocol

SHA256: Final = "sha256"
GIT: Final = "git-sha1"


class Hasher(Protocol):
    """What takes in a file's bytes one after the other."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Take in more."""

    def hexdigest(self) -> str:
        """The digest so far."""


def hasher_of(digest: str, size: int) -> Hasher:
    """A hasher of the kind of ``kind:hex``, for a file of `size` bytes.

    Raises:
        ValueError: the kind is not known.
    """
    kind = digest.partition(":")[0]
    if kind == SHA256:
        return hashlib.sha256()
    if kind == GIT:
        # A name for content, given by Git; nothing here rests on its strength.
        hasher = hashlib.sha1(usedforsecurity=False)
        hasher.update(b"blob %d\0" % size)
        return hasher
    raise ValueError(f"{digest}: expected {SHA256}:… or {GIT}:…")


def hex_of(digest: str) -> str:
    """The bare hexadecimal digits, as they stand in an ETag."""
    return digest.partition(":")[2]
