"""All pairs of hashes that differ in few bits: exact, in bounded memory, the same in any order.

Two hashes of k words of 64 bits within `radius` agree in at least one word but for
``radius // k`` bits, and in one 16-bit quarter of it but for a quarter of those (pigeonhole). So
each word's quarters are indexed and asked for all values that near; what is found is counted bit
by bit. No pair is missed. Where the index would propose more pairs than it saves (wide radius, few
hashes, hashes that crowd in few values), every hash is compared with every other one, in blocks.

Equal hashes are grouped first: they cost one comparison, however many they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.int64]

#: A word's quarters: 16 bits each, the index of one has 65,536 places.
_QUARTERS: Final = 4
_QUARTER_BITS: Final = 16
_VALUES: Final = 1 << _QUARTER_BITS

#: Pairs that are looked at together: bounds memory (some 40 bytes a pair), not results.
_CANDIDATES: Final = 1 << 21
_BLOCK: Final = (256, 1 << 14)

#: What a proposed pair costs, in comparisons of a full scan, and the widest look-up of a quarter.
_INDEX_COST: Final = 12
_MAX_FLIPS: Final = 2


@dataclass(frozen=True)
class NearPairs:
    """Pairs of rows, ordered by the first, then the second: int64 (n,), bits in uint16 (n,)."""

    later: Rows
    earlier: Rows
    distance: npt.NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.later)


def bit_distances(one: Words, other: Words) -> npt.NDArray[np.uint16]:
    """Bits in which rows of words differ, summed over the last axis."""
    return np.asarray(np.bitwise_count(one ^ other).sum(axis=-1, dtype=np.uint16))


def near_pairs(
    hashes: Words,
    radius: int,
    place: npt.NDArray[Any] | None = None,
    group: npt.NDArray[Any] | None = None,
    max_links: int = 32,
) -> NearPairs:
    """Every pair of rows within `radius` bits, the row of the higher place first.

    Args:
        hashes: uint64 (n, k).
        radius: bits over all words that a pair may differ in, at most.
        place: the order of rows, distinct numbers (n,); the row numbers without it.
        group: pairs are sought among rows of one number (n,) only, if given.
        max_links: a row is paired with so many rows of one hash at most, those of the lowest
            places: a thousand equal rows give 32,000 pairs, not a million. Connected rows stay
            connected.

    Raises:
        ValueError: shapes that don't fit, places that are not distinct.
    """
    count = len(hashes)
    order = np.arange(count) if place is None else np.argsort(place, kind="stable")
    if place is not None and len(np.unique(place)) != count:
        raise ValueError(f"place: {count:,} rows need as many distinct places")
    own = np.zeros(count, np.int64) if group is None else np.unique(group, return_inverse=True)[1]
    whole = _Grouped.of(_checked(hashes)[order], own[order])
    found = [_among_equals(whole, max_links)]
    for one, other, bits in _joined(whole.hashes, whole.hashes, radius, ordered=True):
        same = whole.group[one] == whole.group[other]
        found.append(_across(whole, whole, one[same], other[same], bits[same], max_links))
    first, second, distance = _stacked(found)
    later, earlier = np.maximum(first, second), np.minimum(first, second)
    _, kept = np.unique(later * count + earlier, return_index=True)
    return _sorted(order[later[kept]], order[earlier[kept]], distance[kept])


def near_pairs_between(
    left: Words,
    right: Words,
    radius: int,
    groups: tuple[npt.NDArray[Any], npt.NDArray[Any]] | None = None,
    max_links: int | None = None,
) -> NearPairs:
    """Every pair of a row of `left` and a row of `right` within `radius` bits.

    `later` are rows of `left`, `earlier` of `right`; shapes uint64 (n, k) and (m, k). `groups`,
    whole numbers (n,) and (m,): pairs are sought among rows of one number only. `max_links` bounds
    the rows of one hash and group that a row is paired with, the first ones count; without it a
    hash that many rows of both have costs their product.

    Raises:
        ValueError: shapes that don't fit.
    """
    if _checked(right).shape[1] != _checked(left).shape[1]:
        raise ValueError(f"hashes of {left.shape[1]} and {right.shape[1]} words")
    own, other = groups or (np.zeros(len(left), np.int64), np.zeros(len(right), np.int64))
    one, two = _Grouped.of(left, own), _Grouped.of(right, other)
    links = max(len(right), 1) if max_links is None else max_links
    found = [_stacked([])]
    for first, second, bits in _joined(one.hashes, two.hashes, radius, ordered=False):
        same = np.flatnonzero(one.group[first] == two.group[second])
        rows, theirs, pair = _members(one, two, first[same], second[same], len(left), links)
        found.append((rows, theirs, bits[same][pair]))
    return _sorted(*_stacked(found))


def band_keys(hashes: Words, bands: int) -> Words:
    """Keys to shuffle hashes by: rows that share one may be near, uint64 (n, k * bands).

    Each word is cut into `bands` runs of bits. Two rows within ``guaranteed_radius(k, bands)``
    share a key for certain, strangers share each with a chance of 1 in 2 ** (64 / bands).

    Raises:
        ValueError: `bands` not from 1 to 64.
    """
    if not 1 <= bands <= 64:
        raise ValueError(f"bands: {bands} is not from 1 to 64")
    edges = [64 * band // bands for band in range(bands + 1)]
    columns = []
    for word in range(_checked(hashes).shape[1]):
        for band in range(bands):
            width = edges[band + 1] - edges[band]
            value = (hashes[:, word] >> np.uint64(edges[band])) & np.uint64(2**width - 1)
            columns.append(_mixed(value, word * bands + band))
    return np.stack(columns, axis=1) if columns else np.empty((len(hashes), 0), np.uint64)


def guaranteed_radius(words: int, bands: int) -> int:
    """Bits that two rows may differ in and still share one of their `band_keys`."""
    return words * bands - 1


def _mixed(value: Words, band: int) -> Words:
    """A key of a value and its band: the finaliser of SplitMix64, a bijection."""
    with np.errstate(over="ignore"):
        key = value + np.uint64(band + 1) * np.uint64(0x9E3779B97F4A7C15)
        key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(key ^ (key >> np.uint64(31)))


def _checked(hashes: Words) -> Words:
    if hashes.ndim != 2 or hashes.dtype != np.uint64:
        raise ValueError(f"hashes: {hashes.dtype} {hashes.shape}, not uint64 (rows, words)")
    return hashes


@dataclass(frozen=True)
class _Grouped:
    """Distinct hashes (of a group each), and the rows that have them, ascending."""

    hashes: Words
    group: Rows
    rows: Rows
    start: Rows
    count: Rows

    @classmethod
    def of(cls, hashes: Words, group: Rows) -> _Grouped:
        order = np.lexsort((*hashes.T[::-1], group)).astype(np.int64)
        new = np.ones(len(order), bool)
        new[1:] = group[order[1:]] != group[order[:-1]]
        for word in range(hashes.shape[1]):
            new[1:] |= hashes[order[1:], word] != hashes[order[:-1], word]
        start = np.flatnonzero(new).astype(np.int64)
        count = np.diff(start, append=len(order)).astype(np.int64)
        first = order[start]
        return cls(np.ascontiguousarray(hashes[first]), group[first], order, start, count)


def _among_equals(whole: _Grouped, links: int) -> tuple[Rows, Rows, npt.NDArray[np.uint16]]:
    """Pairs of rows of one hash: each row with the first `links` of those before it."""
    number = np.arange(len(whole.rows)) - np.repeat(whole.start, whole.count)
    asked = np.minimum(number, links)
    one = np.repeat(np.arange(len(whole.rows)), asked)
    nth = np.arange(len(one)) - np.repeat(np.cumsum(asked) - asked, asked)
    other = np.repeat(np.repeat(whole.start, whole.count), asked) + nth
    return whole.rows[one], whole.rows[other], np.zeros(len(one), np.uint16)


def _across(
    left: _Grouped,
    right: _Grouped,
    one: Rows,
    other: Rows,
    bits: npt.NDArray[np.uint16],
    links: int,
) -> tuple[Rows, Rows, npt.NDArray[np.uint16]]:
    """Pairs of rows of two near hashes: each row with the first `links` of the other hash."""
    first, second, pair = _members(left, right, one, other, links, links)
    if len(left.rows) == 0 or int(max(left.count.max(), right.count.max())) <= links:
        return first, second, bits[pair]
    rest = [_members(left, right, one, other, len(left.rows), links)]
    back = _members(right, left, other, one, len(right.rows), links)
    rest.append((back[1], back[0], back[2]))
    first, second, pair = (np.concatenate([found[k] for found in rest]) for k in range(3))
    return first, second, bits[pair]


def _members(
    left: _Grouped, right: _Grouped, one: Rows, other: Rows, most: int, links: int
) -> tuple[Rows, Rows, Rows]:
    """The first `most` rows of hash `one` with the first `links` of `other`, and of which pair."""
    mine = np.minimum(left.count[one], most)
    theirs = np.minimum(right.count[other], links)
    total = mine * theirs
    pair = np.repeat(np.arange(len(one)), total)
    nth = np.arange(len(pair)) - np.repeat(np.cumsum(total) - total, total)
    row = left.rows[left.start[one][pair] + nth // theirs[pair]]
    return row, right.rows[right.start[other][pair] + nth % theirs[pair]], pair


def _stacked(
    found: list[tuple[Rows, Rows, npt.NDArray[np.uint16]]],
) -> tuple[Rows, Rows, npt.NDArray[np.uint16]]:
    found = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint16)), *found]
    one, other, bits = (np.concatenate([piece[k] for piece in found]) for k in range(3))
    return one, other, bits


def _sorted(later: Rows, earlier: Rows, distance: npt.NDArray[np.uint16]) -> NearPairs:
    order = np.lexsort((earlier, later))
    return NearPairs(later[order], earlier[order], distance[order])


_Found = Iterator[tuple[Rows, Rows, npt.NDArray[np.uint16]]]


def _joined(left: Words, right: Words, radius: int, ordered: bool) -> _Found:
    """Near pairs of distinct hashes; with `ordered`, where both are one, the higher row first."""
    if radius < 0 or not len(left) or not len(right) or not left.shape[1]:
        return
    words = left.shape[1]
    flips = radius // words // _QUARTERS
    full = len(left) * len(right) * words / (2 if ordered else 1)
    if flips <= _MAX_FLIPS:
        asked = _Asked(left, right, radius, flips)
        if asked.proposed() * _INDEX_COST < full:
            yield from asked.pairs(ordered)
            return
    yield from _scanned(left, right, radius, ordered)


def _scanned(left: Words, right: Words, radius: int, ordered: bool) -> _Found:
    high, wide = _BLOCK
    turned = np.ascontiguousarray(right.T)
    xor = np.empty((high, wide), np.uint64)
    for top in range(0, len(left), high):
        rows = left[top : top + high]
        for start in range(0, min(len(right), top + high) if ordered else len(right), wide):
            columns = turned[:, start : start + wide]
            space = xor[: len(rows), : columns.shape[1]]
            bits: Any = None
            for word in range(left.shape[1]):
                np.bitwise_xor(rows[:, word, None], columns[word][None], out=space)
                counted = np.bitwise_count(space)
                bits = counted if bits is None else np.add(bits, counted, dtype=np.uint16)
            one, other = np.nonzero(bits <= radius)
            distance = bits[one, other].astype(np.uint16)
            one, other = one + top, other + start
            kept = other < one if ordered else slice(None)
            yield one[kept], other[kept], distance[kept]


class _Asked:
    """An index of the quarters of `right`'s words, asked for those of `left`."""

    def __init__(self, left: Words, right: Words, radius: int, flips: int) -> None:
        self._left, self._right = left, right
        self._radius, self._flips = radius, flips
        self._masks = np.array(
            [
                sum(1 << bit for bit in bits)
                for number in range(flips + 1)
                for bits in combinations(range(_QUARTER_BITS), number)
            ],
            np.int64,
        )

    def proposed(self) -> float:
        """How many pairs the index would propose in all."""
        total = 0.0
        for word in range(self._left.shape[1]):
            for quarter in range(_QUARTERS):
                mine = np.bincount(_quarter(self._left, word, quarter), minlength=_VALUES)
                theirs = np.bincount(_quarter(self._right, word, quarter), minlength=_VALUES)
                values = np.flatnonzero(mine)
                for mask in self._masks:
                    total += float(mine[values].astype(float) @ theirs[values ^ mask])
        return total

    def pairs(self, ordered: bool) -> _Found:
        for word in range(self._left.shape[1]):
            for quarter in range(_QUARTERS):
                yield from self._of_quarter(word, quarter, ordered)

    def _of_quarter(self, word: int, quarter: int, ordered: bool) -> _Found:
        theirs = _quarter(self._right, word, quarter)
        rows = np.argsort(theirs, kind="stable")
        count = np.bincount(theirs, minlength=_VALUES)
        start = np.cumsum(count) - count
        mine = _quarter(self._left, word, quarter)
        for mask in self._masks:
            wanted = mine ^ mask
            met = count[wanted]
            total = np.cumsum(met)
            cut = 0
            while cut < len(met):
                base = total[cut] - met[cut]
                stop = int(np.searchsorted(total, base + _CANDIDATES, side="right"))
                part = slice(cut, max(stop, cut + 1))
                cut = part.stop
                yield from self._checked(
                    word, quarter, np.arange(part.start, part.stop)[met[part] > 0],
                    rows, start[wanted[part]][met[part] > 0], met[part][met[part] > 0], ordered,
                )  # fmt: skip

    def _checked(
        self, word: int, quarter: int, asking: Rows, rows: Rows, start: Rows, met: Rows,
        ordered: bool,
    ) -> _Found:  # fmt: skip
        one = np.repeat(asking, met)
        nth = np.arange(len(one)) - np.repeat(np.cumsum(met) - met, met)
        other = rows[np.repeat(start, met) + nth]
        if ordered:
            one, other = one[other < one], other[other < one]
        near = np.bitwise_count(self._left[one, word] ^ self._right[other, word])
        within = near <= self._radius // self._left.shape[1]
        one, other = one[within], other[within]
        differ = self._left[one] ^ self._right[other]
        bits = np.bitwise_count(differ).sum(axis=1, dtype=np.uint16)
        kept = (bits <= self._radius) & ~self._met_before(differ, word, quarter)
        yield one[kept], other[kept], bits[kept]

    def _met_before(self, differ: Words, word: int, quarter: int) -> npt.NDArray[np.bool_]:
        """Whether an earlier word or quarter proposed a pair, too."""
        limit = self._radius // self._left.shape[1]
        met = (np.bitwise_count(differ[:, :word]) <= limit).any(axis=1)
        for before in range(quarter):
            met |= np.bitwise_count(_quarter(differ, word, before)) <= self._flips
        return np.asarray(met)


def _quarter(hashes: Words, word: int, quarter: int) -> Rows:
    shifted = hashes[:, word] >> np.uint64(_QUARTER_BITS * quarter)
    return (shifted & np.uint64(_VALUES - 1)).astype(np.int64)
