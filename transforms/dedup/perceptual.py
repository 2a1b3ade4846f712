"""Near-equality of two media by their perceptual hashes (fact `phash`), a few or many at a time.

Hashes of a modality have so many 64-bit words, `WORDS`: a picture one, a clip three (its frames at
1/4, 1/2 and 3/4), a sound one, a 3D model five (four of shape, one of colour). Radii are those of
`PerceptualSettings`; so is the rule which hashes say too little to go by.
"""

from __future__ import annotations

from binascii import unhexlify
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from schemas.tasks import Modality
from transforms.dedup.hamming import NearPairs, Words, bit_distances, near_pairs_between
from transforms.dedup.settings_media import PerceptualSettings

#: 64-bit words of a hash.
WORDS: Final[dict[Modality, int]] = {"image": 1, "video": 3, "audio": 1, "mesh": 5}

#: Words that say what a 3D model's shape is; the last says how it is coloured.
_SHAPE_WORDS: Final = 4

_DEFAULT: Final = PerceptualSettings()
Flags = npt.NDArray[np.bool_]
Bits = npt.NDArray[np.uint16]


def words_of(phash: str | None, modality: Modality) -> tuple[int, ...] | None:
    """A hash as whole numbers of 64 bits; None for none, and for one of another length."""
    if phash is None or len(phash) != 16 * WORDS.get(modality, 0):
        return None
    try:
        return tuple(int(phash[at : at + 16], 16) for at in range(0, len(phash), 16))
    except ValueError:
        return None


def packed(hashes: Sequence[str | None], modality: Modality) -> tuple[Words, Flags]:
    """Hashes as uint64 (n, words) and which of them there are; what is none is zeros."""
    words = np.zeros((len(hashes), WORDS[modality]), np.uint64)
    length = 16 * WORDS[modality]
    there = np.array([one is not None and len(one) == length for one in hashes], bool)
    whole = "".join(one for one, is_there in zip(hashes, there, strict=True) if one and is_there)
    try:
        words[there] = np.frombuffer(unhexlify(whole), ">u8").reshape(-1, WORDS[modality])
    except ValueError:  # one of them is no hexadecimal number: look for it
        for row in np.flatnonzero(there).tolist():
            known = words_of(hashes[row], modality)
            words[row], there[row] = known or 0, known is not None
    return words, there


def radius(modality: Modality, settings: PerceptualSettings = _DEFAULT) -> int:
    """Bits that two hashes of a modality may differ in; of 3D models those of the shape."""
    radii = {
        "image": settings.image_radius,
        "video": settings.video_radius,
        "audio": settings.audio_radius,
        "mesh": settings.mesh_radius,
    }
    return radii[modality]


def informative_rows(
    words: Words, modality: Modality, settings: PerceptualSettings = _DEFAULT
) -> Flags:
    """Which hashes, uint64 (n, words), say enough to go by, bool (n,).

    The hash of a picture sets half of its bits, of a blank one none or few; every 3D model has a
    shape.
    """
    if modality == "mesh":
        return np.asarray(words[:, :_SHAPE_WORDS].any(axis=1))
    ones = np.bitwise_count(words)
    least = settings.audio_min_bits if modality == "audio" else settings.min_bits
    enough = (ones >= least) & (ones <= 64 - least)
    if modality == "video":
        return np.asarray(enough.sum(axis=1) >= settings.min_frames)
    return np.asarray(enough.all(axis=1))


def distance_rows(one: Words, other: Words, modality: Modality) -> Bits:
    """Bits in which hashes differ row by row, uint16 (n,); of 3D models those of the shape."""
    if modality == "mesh":
        return bit_distances(one[:, :_SHAPE_WORDS], other[:, :_SHAPE_WORDS])
    return bit_distances(one, other)


def near_rows(
    one: Words, other: Words, modality: Modality, settings: PerceptualSettings = _DEFAULT
) -> Flags:
    """Whether hashes are near-equal row by row: bool (n,), of uint64 (n, words) each.

    Hashes that say too little are near nothing, not even themselves.
    """
    near = distance_rows(one, other, modality) <= radius(modality, settings)
    near &= informative_rows(one, modality, settings)
    near &= informative_rows(other, modality, settings)
    if modality == "mesh":
        near &= _same_colour(one[:, _SHAPE_WORDS], other[:, _SHAPE_WORDS], settings)
    return np.asarray(near)


def _same_colour(one: Words, other: Words, settings: PerceptualSettings) -> Flags:
    same = np.bitwise_count(one ^ other) <= settings.mesh_colour_radius
    lacks = (one == 0) | (other == 0)
    return np.asarray(np.where(lacks, (one == other) | settings.mesh_colour_may_lack, same))


def near_between(
    phashes: Sequence[str | None],
    known: Sequence[str | None],
    modality: Modality,
    settings: PerceptualSettings = _DEFAULT,
) -> NearPairs:
    """All near-equal pairs of two lists of hashes: of `phashes` (`later`), of `known` (`earlier`).

    For copies of benchmark items: `known` are hashes of their variants, too. Distances are those of
    `distance`. Memory is some 100 bytes a hash, and what is found.
    """
    words, there = packed(phashes, modality)
    others, given = packed(known, modality)
    asked = np.flatnonzero(there & informative_rows(words, modality, settings))
    held = np.flatnonzero(given & informative_rows(others, modality, settings))
    shape = slice(0, _SHAPE_WORDS if modality == "mesh" else WORDS[modality])
    left, right = (np.ascontiguousarray(w) for w in (words[asked, shape], others[held, shape]))
    pairs = near_pairs_between(left, right, radius(modality, settings))
    later, earlier = asked[pairs.later], held[pairs.earlier]
    near = near_rows(words[later], others[earlier], modality, settings)
    return NearPairs(later[near], earlier[near], pairs.distance[near])


def informative(
    phash: str | None, modality: Modality, settings: PerceptualSettings = _DEFAULT
) -> bool:
    """Whether a hash says enough of its medium to go by."""
    words, there = packed([phash], modality)
    return bool(there[0] and informative_rows(words, modality, settings)[0])


def distance(phash_a: str | None, phash_b: str | None, modality: Modality) -> int | None:
    """Bits in which two hashes differ (of 3D models those of the shape); None where one is none."""
    words, there = packed([phash_a, phash_b], modality)
    if not there.all():
        return None
    return int(distance_rows(words[:1], words[1:], modality)[0])


def near(
    phash_a: str | None,
    phash_b: str | None,
    modality: Modality,
    settings: PerceptualSettings = _DEFAULT,
) -> bool:
    """Whether two hashes are of one medium, as far as hashes can say.

    False where one is none or says too little (`informative`): then digests decide, which this
    function doesn't see.
    """
    words, there = packed([phash_a, phash_b], modality)
    return bool(there.all() and near_rows(words[:1], words[1:], modality, settings)[0])
