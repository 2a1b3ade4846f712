"""Chance that is a function of a pair alone: the same in any order, batch, shard and number."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa


def pair_numbers(pair_ids: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """The first 64 bits of pair ids (32 hex digits), uint64.

    Raises:
        ValueError: an id is not hex.
    """
    raw = b"".join(bytes.fromhex(pair_id[:16]) for pair_id in pair_ids.to_pylist())
    return np.frombuffer(raw, ">u8").astype(np.uint64)


def draws(pairs: np.ndarray, seed: int, *names: str) -> np.ndarray:
    """Numbers above 0 and below 1 for pairs, independent for different `names`.

    Bits of the pair's id and of the names' hash, mixed by the finaliser of SplitMix64 (Steele et
    al. 2014).
    """
    key = hashlib.sha256("\0".join((str(seed), *names)).encode()).digest()
    mixed = pairs ^ np.uint64(int.from_bytes(key[:8], "big"))
    mixed = mixed + np.uint64(int.from_bytes(key[8:16], "big"))
    for multiplier in (0xBF58476D1CE4E5B9, 0x94D049BB133111EB):
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(multiplier)
    mixed = mixed ^ (mixed >> np.uint64(31))
    numbers: np.ndarray = ((mixed >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53
    return numbers
