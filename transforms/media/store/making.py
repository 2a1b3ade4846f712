"""Media made into products, each once: what the store remembers is not decoded again."""

from __future__ import annotations

from typing import Any

from schemas.ids import source_digest
from transforms.media.errors import MediaError, PassingError
from transforms.media.modality import Product
from transforms.media.sandbox.runner import Sandbox
from transforms.media.store.contents import MediaStore
from transforms.media.store.fates import Fate, Limits, policy_key


class MediaMaker:
    """The store and the sandbox together; used from several threads."""

    def __init__(self, store: MediaStore, sandbox: Sandbox, *, keep_sources: bool = True) -> None:
        self.store, self.sandbox, self.keep_sources = store, sandbox, keep_sources
        self._limits = {name: Limits.of(sandbox.policy, name) for name in sandbox.modules}
        self._keys = {name: policy_key(sandbox.policy, name) for name in sandbox.modules}

    def info(self, modality: str, data: bytes) -> dict[str, Any]:
        """Facts of a medium as it is published (`schemas.media.INFO_STRUCT`); it is stored then.

        Raises:
            MediaError: why it can't be used; remembered too, but for what is the machine's fault.
        """
        fate, digest = self.fate(modality, data)
        if fate.error is not None:
            raise fate.error
        changes = ",".join(fate.changes) or None
        return {**fate.facts, "digest": digest, "product": fate.product, "changes": changes}

    def fate(self, modality: str, data: bytes) -> tuple[Fate, str]:
        """What becomes of a medium, remembered or found out, and the digest of its source."""
        digest, key = source_digest(data), self._keys[modality]
        known = self.store.product_of(key, digest, self._limits[modality])
        if known is not None:
            return known, digest
        limits = self._limits[modality]
        try:
            product: Product = self.sandbox.run(modality, data)
        except PassingError as error:
            return Fate.refused(error, limits), digest
        except MediaError as error:
            return self.store.keep_refusal(key, digest, error, limits), digest
        made = self.store.keep_product(
            key, data, product, keep_source=self.keep_sources, digest=digest
        )
        return made, digest
