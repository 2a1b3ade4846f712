"""The content-addressed store: media by the digest of their source bytes, on any Beam filesystem.

A medium is written once, under a temporary name and then renamed, so concurrent and retried
writers do no harm; what is there already is not written again.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.ids import source_digest
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError


@dataclass(frozen=True)
class MediaStore:
    """A folder of media: ``<root>/source/<two hex digits>/<digest>``."""

    root: str

    def path(self, digest: str) -> str:
        """Where the source bytes of a digest lie."""
        return files.join(self.root, "source", digest[:2], digest)

    def has(self, digest: str) -> bool:
        """Whether the source bytes of a digest are kept."""
        return files.exists(self.path(digest))

    def put(self, data: bytes) -> str:
        """Keep source bytes; returns their digest."""
        digest = source_digest(data)
        path = self.path(digest)
        if not files.exists(path):
            files.write_once(path, data)
        return digest

    def get(self, digest: str) -> bytes:
        """The source bytes of a digest, verified.

        Raises:
            BuildError: they are missing or are not what the digest says.
        """
        path = self.path(digest)
        try:
            data = files.read_bytes(path)
        except OSError as error:
            raise BuildError(
                f"{path}: a medium is missing from the store ({error.strerror or error}); "
                "build again with --fresh to fetch it from the corpus"
            ) from None
        if source_digest(data) != digest:
            raise BuildError(
                f"{path}: the stored medium is damaged; delete the file and build with --fresh"
            )
        return data
