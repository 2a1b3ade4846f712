"""MinHash signatures, their bands, and the similarity that two signatures state.

Signatures are rensa's (R-MinHash, 32 bits a value, algorithm version 2): deterministic in token
hashes, seed and number of permutations, whatever the threads. They keep the property on which the
stage relies: the signature of a union of sets is the element-wise minimum of their signatures.
For verification a signature is kept in its low 8 bits a value (b-bit MinHash: Li and König 2010,
"b-Bit Minwise Hashing"): a quarter of the memory for a standard error that is larger by 1 % or less
at the similarities that matter.
"""

from __future__ import annotations

from itertools import chain

import numpy as np

from transforms.dedup.shingles import Hashes

#: The algorithm of the library whose signatures these are; prints of another one don't compare.
ALGORITHM_VERSION = 2

#: Values of one call: signatures leave the library as lists of numbers.
_BLOCK = 1 << 20

#: The value of a signature of nothing.
_NOTHING = np.uint32(2**32 - 1)

_K1 = np.uint64(0x510E527FADE682D1)
_K2 = np.uint64(0x9B05688C2B3E6C1F)

#: The chance that two values that differ have the same low 8 bits.
_CHANCE = 1 / 256


def signatures(sets: Hashes, num_perm: int, seed: int) -> np.ndarray:
    """uint32[rows, num_perm]: the MinHash signature of the set of hashes of every row.

    Repeated hashes count once. A row without any has the largest value everywhere, the neutral
    element of `union`. Raises RuntimeError if the library computes another algorithm.
    """
    from rensa import RMinHash

    if RMinHash.ALGORITHM_VERSION != ALGORITHM_VERSION:
        raise RuntimeError(
            f"rensa computes MinHash version {RMinHash.ALGORITHM_VERSION}, "
            f"and prints are of version {ALGORITHM_VERSION}: install rensa 0.5"
        )
    values, offsets = sets
    present = np.flatnonzero(sets.counts)
    # Empty rows take nothing from the values, so the others' offsets are whole without them.
    offsets = np.append(offsets[present], offsets[-1])
    result = np.full((sets.counts.size, num_perm), _NOTHING, np.uint32)
    step = max(1, _BLOCK // num_perm)
    for first in range(0, len(present), step):
        rows = present[first : first + step]
        ends = offsets[first : first + len(rows) + 1]
        matrix = RMinHash.digest_matrix_from_flat_token_hashes(
            values[ends[0] : ends[-1]], ends - ends[0], num_perm, seed
        )
        numbers = chain.from_iterable(matrix.to_rows())
        flat = np.fromiter(numbers, np.uint32, len(rows) * num_perm)
        result[rows] = flat.reshape(-1, num_perm)
    return result


def union(*parts: np.ndarray) -> np.ndarray:
    """The signatures of the unions of sets, row by row, from the signatures of the sets."""
    return np.minimum.reduce(parts)


def bands(matrix: np.ndarray, number: int, rows: int) -> np.ndarray:
    """uint64[n, number]: hashes of the bands of signatures, `rows` values each.

    A band knows its number: equal hashes in different bands are as rare as other accidents, so one
    table of all bands can be grouped by the hash alone.
    """
    hashed = np.empty((len(matrix), number), np.uint64)
    for band in range(number):
        mixed = np.full(len(matrix), (band + 1) * int(_K2) % 2**64, np.uint64)
        for value in range(band * rows, (band + 1) * rows):
            mixed ^= matrix[:, value]
            mixed *= _K1
            mixed ^= mixed >> np.uint64(31)
        mixed *= _K2
        hashed[:, band] = mixed ^ (mixed >> np.uint64(32))
    return hashed


def compact(matrix: np.ndarray) -> np.ndarray:
    """uint8[n, num_perm]: what is kept of signatures for `similarity`."""
    return matrix.astype(np.uint8)


def similarity(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """float32[n]: the Jaccard similarity that compact signatures state, row by row, 0 to 1."""
    share = np.count_nonzero(a == b, axis=1) / a.shape[1]
    return np.clip((share - _CHANCE) / (1 - _CHANCE), 0, 1).astype(np.float32)
