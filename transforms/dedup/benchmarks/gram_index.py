"""Which texts of an index share n-grams with other texts: sorted arrays, no loop over rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from transforms.dedup.benchmarks.texts import distinct, take
from transforms.dedup.shingles import Hashes

#: Hits of n-grams that are counted together: bounds memory (some 40 bytes a hit).
_HITS: Final = 1 << 21
#: Places of the filter for each n-gram, and their limits as powers of two (one byte each).
_SPARSE: Final = 16
_FILTER_BITS: Final = (12, 26)

#: An n-gram in so few texts is nobody's boilerplate, however small the benchmark.
_RARE: Final = 10


class Shared(NamedTuple):
    """Pairs of texts that share n-grams, ordered by the first, then the second."""

    #: int64[pairs]: rows of the texts that were asked about, and rows of the index.
    asked: np.ndarray
    indexed: np.ndarray
    #: int64[pairs]: how many n-grams both have, and how many each has; boilerplate left out.
    both: np.ndarray
    of_asked: np.ndarray
    of_indexed: np.ndarray
    #: int64[pairs]: how many each has with its boilerplate.
    whole_asked: np.ndarray
    whole_indexed: np.ndarray


@dataclass(frozen=True)
class GramIndex:
    """N-grams of texts, inverted. 12 bytes an n-gram and text, and a filter of 16 to 64 MB."""

    #: uint64[n], sorted, repeated where several texts have one; and int32[n], the texts.
    grams: np.ndarray
    texts: np.ndarray
    #: uint64, sorted: n-grams that are not counted.
    boilerplate: np.ndarray
    #: int64[texts]: n-grams of each text, without boilerplate.
    sizes: np.ndarray
    #: int64[texts]: the same with boilerplate.
    whole: np.ndarray
    #: bool: by the highest bits of an n-gram, whether it may be there.
    may_be: np.ndarray

    @classmethod
    def of(cls, hashes: Hashes, benchmark: np.ndarray, common: float) -> GramIndex:
        """The index of texts with distinct n-grams each; `benchmark` int[texts] says whose.

        An n-gram in more than the share `common` of a benchmark's texts, and more than ten, is
        boilerplate of that benchmark, and then for all of them.
        """
        texts = np.repeat(np.arange(len(hashes.offsets) - 1, dtype=np.int32), hashes.counts)
        order = np.argsort(hashes.values, kind="stable")
        grams, texts = hashes.values[order], texts[order]
        boilerplate = _boilerplate(grams, benchmark[texts], benchmark, common)
        kept = ~_member(grams, boilerplate)
        grams, texts = grams[kept], texts[kept]
        low, high = _FILTER_BITS
        bits = min(max(int(len(grams) * _SPARSE).bit_length(), low), high)
        may_be = np.zeros(1 << bits, bool)
        may_be[grams >> np.uint64(64 - bits)] = True
        sizes = np.bincount(texts, minlength=len(benchmark)).astype(np.int64)
        return cls(grams, texts, boilerplate, sizes, hashes.counts, may_be)

    @property
    def nbytes(self) -> int:
        """Memory that the index takes."""
        return sum(
            array.nbytes
            for array in (self.grams, self.texts, self.boilerplate, self.sizes, self.may_be)
        )

    def shared(self, hashes: Hashes) -> Shared:
        """Every text of the index that shares an n-gram with one of these texts.

        N-grams may be repeated in a text: they count once.
        """
        rows = np.repeat(np.arange(len(hashes.offsets) - 1), hashes.counts)
        shift = np.uint64(64 - (len(self.may_be).bit_length() - 1))
        maybe = np.flatnonzero(self.may_be[hashes.values >> shift])
        grams, rows = hashes.values[maybe], rows[maybe]
        order = np.lexsort((grams, rows))
        grams, rows = grams[order], rows[order]
        is_new = np.ones(len(grams), bool)
        is_new[1:] = (grams[1:] != grams[:-1]) | (rows[1:] != rows[:-1])
        grams, rows = grams[is_new], rows[is_new]
        start = np.searchsorted(self.grams, grams, side="left")
        hits = np.searchsorted(self.grams, grams, side="right") - start
        found = np.flatnonzero(hits)
        asked, indexed, both = self._counted(rows[found], start[found], hits[found])
        sizes = np.zeros(len(hashes.offsets) - 1, np.int64)
        whole = np.zeros(len(hashes.offsets) - 1, np.int64)
        candidates = np.unique(asked)
        if len(candidates):
            own = distinct(take(hashes, candidates))
            counted = ~_member(own.values, self.boilerplate)
            owner = np.repeat(np.arange(len(candidates)), own.counts)[counted]
            sizes[candidates] = np.bincount(owner, minlength=len(candidates))
            whole[candidates] = own.counts
        return Shared(
            asked,
            indexed,
            both,
            sizes[asked],
            self.sizes[indexed],
            whole[asked],
            self.whole[indexed],
        )

    def _counted(
        self, rows: np.ndarray, start: np.ndarray, hits: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Pairs and their numbers of n-grams, from hits that are ordered by row."""
        empty = np.empty(0, np.int64)
        pieces = [(empty, empty)]
        size = np.int64(max(len(self.sizes), 1))
        total = np.cumsum(hits)
        first = 0
        while first < len(rows):
            base = total[first] - hits[first]
            last = int(np.searchsorted(total, base + _HITS, side="right"))
            last = max(last, first + 1)
            # A row's hits are counted together: its pairs would come twice otherwise.
            last = int(np.searchsorted(rows, rows[last - 1], side="right"))
            part = slice(first, last)
            counts = hits[part]
            nth = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
            texts = self.texts[np.repeat(start[part], counts) + nth]
            keys = np.repeat(rows[part], counts) * size + texts
            pieces.append(np.unique(keys, return_counts=True))
            first = last
        keys = np.concatenate([piece[0] for piece in pieces])
        both = np.concatenate([piece[1] for piece in pieces]).astype(np.int64)
        return keys // size, keys % size, both


def overlaps(
    one: Hashes, one_rows: np.ndarray, other: Hashes, other_rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """N-grams that texts share, pair by pair: in both, in the one, in the other (int64[pairs]).

    Pair i is row ``one_rows[i]`` of `one` and ``other_rows[i]`` of `other`.
    """
    left = distinct(take(one, one_rows))
    right = distinct(take(other, other_rows))
    pairs = len(one_rows)
    of_left = np.repeat(np.arange(pairs, dtype=np.uint64), left.counts)
    of_right = np.repeat(np.arange(pairs, dtype=np.uint64), right.counts)
    # The number of the pair is mixed into each n-gram: equal ones meet within their pair only.
    mix = np.uint64(0x9E3779B97F4A7C15)
    met = np.isin(left.values + of_left * mix, right.values + of_right * mix)
    both = np.bincount(of_left[met].astype(np.int64), minlength=pairs)
    return both.astype(np.int64), left.counts, right.counts


def _boilerplate(
    grams: np.ndarray, owner: np.ndarray, benchmark: np.ndarray, common: float
) -> np.ndarray:
    """N-grams (sorted) that are in too many texts of one benchmark."""
    if not len(grams):
        return np.empty(0, np.uint64)
    texts = np.bincount(benchmark)
    limits = np.maximum(texts * common, _RARE)
    order = np.lexsort((owner, grams))
    sorted_grams, sorted_owner = grams[order], owner[order]
    is_new = np.ones(len(order), bool)
    is_new[1:] = (sorted_grams[1:] != sorted_grams[:-1]) | (sorted_owner[1:] != sorted_owner[:-1])
    start = np.flatnonzero(is_new)
    counts = np.diff(start, append=len(order))
    return np.unique(sorted_grams[start[counts > limits[sorted_owner[start]]]])


def _member(values: np.ndarray, of_sorted: np.ndarray) -> np.ndarray:
    """bool: which values are in a sorted array."""
    if not len(of_sorted):
        return np.zeros(len(values), bool)
    places = np.minimum(np.searchsorted(of_sorted, values), len(of_sorted) - 1)
    return np.asarray(of_sorted[places] == values)
