"""Prepared pairs with media of given hashes, for tests."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pyarrow as pa

from schemas.flight import PREPARED_SCHEMA
from transforms.dedup.media_prints import media_prints

#: A medium: slot, name (what its digest is of), hash.
Medium = tuple[str, str, str | None]


def refs(media: list[Medium] | None) -> list[dict[str, Any]] | None:
    return media and [
        {
            "slot": slot,
            "container": "archive.zip",
            "member": name,
            "info": {"digest": hashlib.sha256(name.encode()).hexdigest(), "phash": phash},
        }
        for slot, name, phash in media
    ]


def prepared(
    *rows: tuple[list[Medium] | None, list[Medium] | None, list[Medium] | None],
) -> pa.Table:
    """A table of rows: media of the prompt, of A, of B."""
    return pa.Table.from_pylist(
        [
            {"row_id": str(n), "prompt_media": refs(p), "a_media": refs(a), "b_media": refs(b)}
            for n, (p, a, b) in enumerate(rows)
        ],
        schema=PREPARED_SCHEMA,
    )


def marks(*rows: tuple[list[Medium] | None, list[Medium] | None, list[Medium] | None]) -> pa.Table:
    return media_prints(prepared(*rows))


def phash(seed: int, words: int = 1, flips: int = 0) -> str:
    """A hash of `words` words with half of each word's bits set, then `flips` bits turned."""
    rng = np.random.default_rng(seed)
    bits = np.concatenate([rng.permutation([0, 1] * 32) for _ in range(words)])
    bits[np.random.default_rng(seed + 999).permutation(len(bits))[:flips]] ^= 1
    return np.packbits(bits.astype(np.uint8)).tobytes().hex()
