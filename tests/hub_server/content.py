"""Bytes that are served, from memory or from a file on disk, and their names by content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BLOCK = 256 * 1024


@dataclass(frozen=True)
class Content:
    """Bytes in memory, or a file that must stay as it is while it is served."""

    source: bytes | Path
    size: int

    @staticmethod
    def of(source: bytes | Path) -> Content:
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        return Content(source, size)

    def blocks(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The bytes from `start` to before `stop`, block by block."""
        stop = self.size if stop is None else min(stop, self.size)
        if isinstance(self.source, bytes):
            for at in range(start, stop, BLOCK):
                yield self.source[at : min(at + BLOCK, stop)]
            return
        with self.source.open("rb") as file:
            file.seek(start)
            left = stop - start
            while left > 0:
                block = file.read(min(BLOCK, left))
                if not block:
                    raise OSError(f"{self.source} became shorter than {self.size} bytes")
                left -= len(block)
                yield block

    def read(self) -> bytes:
        return b"".join(self.blocks())


@dataclass(frozen=True)
class Blob:
    """A file of a repo.

    `oid` is the git object id: of the file itself, or of its pointer if the file is LFS.
    """

    content: Content
    lfs: bool
    sha256: str
    oid: str

    @staticmethod
    def of(source: bytes | Path, *, lfs: bool) -> Blob:
        content = Content.of(source)
        sha256 = hashlib.sha256()
        for block in content.blocks():
            sha256.update(block)
        digest = sha256.hexdigest()
        in_git = pointer(digest, content.size) if lfs else content.read()
        return Blob(content, lfs, digest, git_oid(in_git))

    @property
    def size(self) -> int:
        return self.content.size

    @property
    def etag(self) -> str:
        """What the Hub names the file by: SHA-256 if it is LFS, else its git object id."""
        return self.sha256 if self.lfs else self.oid

    @property
    def pointer_size(self) -> int:
        return len(pointer(self.sha256, self.size))


def git_oid(data: bytes) -> str:
    """The object id git gives to a file with these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def pointer(sha256: str, size: int) -> bytes:
    """The file that git holds in place of an LFS file."""
    version = "https://git-lfs.github.com/spec/v1"
    return f"version {version}\noid sha256:{sha256}\nsize {size}\n".encode()
