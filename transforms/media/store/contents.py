"""The content-addressed store: media by the digest of their source bytes, on any Beam filesystem.

``source/<2 hex>/<digest>``                     source bytes
``product/<2 hex>/<digest>``                    bytes of products, by their own digest
``products/<policy key>/<2 hex>/<digest>.json`` what became of a source: `Fate`

Whatever is written is written under a temporary name and then renamed, bytes before the fate that
names them; so concurrent, retried and killed writers do no harm. What is there already is not
written again, and bytes are verified whenever they are read. What a build finds there is young
again, where the filesystem is this machine's: who clears up leaves it alone.

The source bytes of a medium whose product differs are kept too: another policy needs them, and they
are what annotators saw. A recipe that has to save disk may do without (`keep_source=False`): then
another policy reads the corpus again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from schemas.ids import source_digest
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.media.errors import MediaError
from transforms.media.modality import Product
from transforms.media.store.fates import Fate, Limits, check_key, is_digest

#: Seconds for which a file that is used need not be marked as used again.
_FRESH_SECONDS: Final = 3600.0


@dataclass(frozen=True)
class MediaStore:
    """A folder of media. Digests are those of source bytes; keys are those of `policy_key`."""

    root: str

    def path(self, digest: str) -> str:
        """Where the source bytes of a digest lie."""
        return files.join(self.root, "source", digest[:2], digest)

    def product_path(self, product: str) -> str:
        """Where the bytes of a product lie, by their own digest."""
        return files.join(self.root, "product", product[:2], product)

    def fate_path(self, key: str, digest: str) -> str:
        """Where it is written what became of a source under a policy.

        Raises:
            ValueError: the key or digest is none, and might lead out of the store.
        """
        if not is_digest(digest):
            raise ValueError(f"{digest!r} is no digest")
        return files.join(self.root, "products", check_key(key), digest[:2], f"{digest}.json")

    def has(self, digest: str) -> bool:
        """Whether the source bytes of a digest are kept."""
        return files.exists(self.path(digest))

    def put(self, data: bytes) -> str:
        """Keep source bytes; returns their digest."""
        digest = source_digest(data)
        self._write(self.path(digest), data)
        return digest

    def get(self, digest: str) -> bytes:
        """The source bytes of a digest, verified.

        Raises:
            BuildError: they are missing or are not what the digest says.
        """
        return _verified(self.path(digest), digest)

    def published(self, info: Mapping[str, Any]) -> bytes:
        """The bytes of a medium as it is published, by its facts; verified.

        Raises:
            BuildError: they are missing or damaged.
        """
        product = info["product"]
        if product is None:
            return self.get(info["digest"])
        return _verified(self.product_path(product), product)

    def has_published(self, info: Mapping[str, Any]) -> bool:
        """Whether the bytes of a medium as it is published are there."""
        product = info["product"]
        path = self.path(info["digest"]) if product is None else self.product_path(product)
        return _is_used(path)

    def product_of(self, key: str, digest: str, limits: Limits | None = None) -> Fate | None:
        """What became of a source under a policy, if that is known and its bytes are there.

        A refusal doesn't count where `limits` are others: more time or memory for what took too
        much, other code for any.
        """
        path = self.fate_path(key, digest)
        if not _is_used(path):
            return None
        fate = Fate.from_json(files.read_bytes(path))
        if fate is None or not fate.holds_for(limits):
            return None
        if fate.reason is not None:
            return fate
        bytes_at = self.path(digest) if fate.product is None else self.product_path(fate.product)
        return fate if _is_used(bytes_at) else None

    def keep_product(
        self,
        key: str,
        data: bytes,
        product: Product,
        *,
        keep_source: bool = True,
        digest: str | None = None,
    ) -> Fate:
        """Keep what was made of the source bytes `data`; returns its fate, whoever wrote it first.

        `digest` is theirs, for who has it already: they are hashed here without it. An encoder's
        bytes may differ between machines: the first product of a key stays.
        """
        digest = source_digest(data) if digest is None else digest
        if keep_source or product.data is None:
            self._write(self.path(digest), data)
        known = self.product_of(key, digest)
        if known is not None and known.reason is None:
            return known
        made = None
        if product.data is not None:
            made = source_digest(product.data)
            self._write(self.product_path(made), product.data)
        fate = Fate(product.facts, product.changes, made)
        files.write_once(self.fate_path(key, digest), fate.to_json())
        return fate

    def keep_refusal(self, key: str, digest: str, error: MediaError, limits: Limits) -> Fate:
        """Remember that a source can't be used, so that it is not decoded again to find out.

        Its bytes are not kept.
        """
        fate = Fate.refused(error, limits)
        files.write_once(self.fate_path(key, digest), fate.to_json())
        return fate

    def get_product(self, key: str, digest: str) -> bytes:
        """The bytes of a source's product, verified: the source bytes where those were kept.

        Raises:
            BuildError: they are missing or damaged, or the source has no product.
        """
        path = self.fate_path(key, digest)
        fate = Fate.from_json(files.read_bytes(path)) if files.exists(path) else None
        if fate is None or fate.reason is not None:
            raise BuildError(
                f"{path}: the store does not know a product of this medium; build again with "
                "--fresh to make it"
            )
        if fate.product is None:
            return self.get(digest)
        return _verified(self.product_path(fate.product), fate.product)

    def _write(self, path: str, data: bytes) -> None:
        if _is_whole(path, len(data)):
            return
        try:
            files.write_once(path, data, keep=True)
        except OSError as error:
            raise BuildError(
                f"{path}: {len(data):,} bytes can't be stored ({error.strerror or error})"
            ) from error


def _is_whole(path: str, size: int) -> bool:
    """Whether a file is there; on this machine also whether it has the size that it should."""
    return _is_used(path) and (not files.is_local(path) or os.stat(path).st_size == size)


def _is_used(path: str) -> bool:
    """Whether a file is there; on this machine it is young then, so that nobody clears it up."""
    if not files.is_local(path):
        return files.exists(path)
    try:
        if time.time() - os.stat(path).st_mtime > _FRESH_SECONDS:
            with suppress(PermissionError):  # somebody else's store, to be read only
                os.utime(path)
    except OSError:
        return False
    return True


def _verified(path: str, digest: str) -> bytes:
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
