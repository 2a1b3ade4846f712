"""Texts of rows against texts of items: equal, nearly equal, or one inside the other."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from transforms.dedup.benchmarks.gram_index import Shared, overlaps
from transforms.dedup.benchmarks.index import TextIndex
from transforms.dedup.benchmarks.texts import only, take, tokens_of
from transforms.dedup.settings_benchmarks import DecontaminationSettings
from transforms.dedup.shingles import Hashes, row_hashes, shingles

#: Below so many n-grams that are not boilerplate, or this share of all, a text is compared as a
#: whole only.
_LEAST_GRAMS: Final = 5
_LEAST_OWN: Final = 0.2

#: A copy may have lost some tokens: rows' texts of this share of the least number are looked at.
_SLACK: Final = 0.9


class RowTexts(NamedTuple):
    """Texts of rows, several of one row perhaps: hashed once, compared with many."""

    #: int64[texts]: the row that each is of.
    row: np.ndarray
    tokens: Hashes
    exact: np.ndarray

    @property
    def counts(self) -> np.ndarray:
        """int64[texts]: tokens of each."""
        return self.tokens.counts

    @classmethod
    def of(cls, texts: pa.Array | pa.ChunkedArray, row: np.ndarray) -> RowTexts:
        """Hash texts; a null has no tokens and matches nothing."""
        tokens = tokens_of(texts)
        return cls(row, tokens, row_hashes(tokens))


class TextMatches(NamedTuple):
    """Pairs of a text of a row and a text of the index that are alike."""

    #: int64[matches]: numbers of the row's text and of the index's.
    asked: np.ndarray
    indexed: np.ndarray
    #: float32[matches]: the share of the n-grams of the one that are in the other; 1 if equal.
    overlap: np.ndarray
    is_exact: np.ndarray
    #: bool[matches]: whether what they share is enough of both; else the one quotes the other.
    is_copy: np.ndarray
    #: int64[matches]: tokens of the text that is found in the other.
    tokens: np.ndarray


def match_texts(
    texts: RowTexts, index: TextIndex, least: int, settings: DecontaminationSettings
) -> TextMatches:
    """All texts of the index that are like one of these, of at least `least` tokens.

    Two texts are alike if they are equal after folding, or if the share of the n-grams of the one
    that the other has reaches the overlap for its length. That text must have `least` tokens.
    """
    asked, indexed = _equal(texts, index, least)
    found = [_exact_matches(texts, asked, indexed)]
    long_enough = only(texts.tokens, texts.counts >= _SLACK * least)
    for grams, n in (
        (index.short, settings.print.short_ngram),
        (index.long, settings.print.ngram),
    ):
        if len(grams.grams):
            shared = grams.shared(shingles(long_enough, n))
            found.append(_near(texts, index, shared, least, settings))
    joined = TextMatches(*(np.concatenate(column) for column in zip(*found, strict=True)))
    return _strongest(joined)


def alike(
    texts: RowTexts,
    asked: np.ndarray,
    index: TextIndex,
    indexed: np.ndarray,
    settings: DecontaminationSettings,
) -> tuple[np.ndarray, np.ndarray]:
    """Whether given pairs of texts are copies, whatever their length: overlap, is_copy.

    For pairs whose media are known to be alike: boilerplate counts here.
    """
    overlap = (texts.exact[asked] == index.exact[indexed]).astype(np.float32)
    is_copy = overlap > 0
    # An n-gram list is missing where a text was repeated: the index has it under its first.
    is_short = index.tokens[indexed] < settings.print.short_tokens
    for kind, n in ((is_short, settings.print.short_ngram), (~is_short, settings.print.ngram)):
        pairs = np.flatnonzero(kind & ~is_copy)
        if not len(pairs):
            continue
        rows, numbers = np.unique(asked[pairs], return_inverse=True)
        grams = shingles(take(texts.tokens, rows), n)
        both, of_asked, of_indexed = overlaps(grams, numbers, index.grams, indexed[pairs])
        shared = Shared(
            asked[pairs], indexed[pairs], both, of_asked, of_indexed, of_asked, of_indexed
        )
        judged = _judged(texts, index, shared, 1, settings)
        overlap[pairs] = np.where(judged.is_like, judged.overlap, 0)
        is_copy[pairs] = judged.is_like & judged.is_copy
    return overlap, is_copy & (texts.counts[asked] > 0) & (index.tokens[indexed] > 0)


def _equal(texts: RowTexts, index: TextIndex, least: int) -> tuple[np.ndarray, np.ndarray]:
    rows = np.flatnonzero(texts.counts >= max(least, 1))
    exact = index.exact[index.by_exact]
    start = np.searchsorted(exact, texts.exact[rows], side="left")
    hits = np.searchsorted(exact, texts.exact[rows], side="right") - start
    nth = np.arange(int(hits.sum())) - np.repeat(np.cumsum(hits) - hits, hits)
    return np.repeat(rows, hits), index.by_exact[np.repeat(start, hits) + nth]


def _exact_matches(texts: RowTexts, asked: np.ndarray, indexed: np.ndarray) -> TextMatches:
    every = np.ones(len(asked), bool)
    return TextMatches(asked, indexed, every.astype(np.float32), every, every, texts.counts[asked])


class _Judged(NamedTuple):
    """What is to be said of every pair."""

    is_like: np.ndarray
    overlap: np.ndarray
    is_copy: np.ndarray
    tokens: np.ndarray


def _judged(
    texts: RowTexts,
    index: TextIndex,
    shared: Shared,
    least: int,
    settings: DecontaminationSettings,
) -> _Judged:
    rows_tokens, items_tokens = texts.counts[shared.asked], index.tokens[shared.indexed]
    of_row = shared.both / np.maximum(shared.of_asked, 1)
    of_item = shared.both / np.maximum(shared.of_indexed, 1)
    row_inside = (
        (of_row >= _wanted(rows_tokens, settings))
        & (rows_tokens >= least)
        & _tells(shared.of_asked, shared.whole_asked)
    )
    item_inside = (
        (of_item >= _wanted(items_tokens, settings))
        & (items_tokens >= least)
        & _tells(shared.of_indexed, shared.whole_indexed)
    )
    of_inside = np.maximum(np.where(row_inside, of_row, 0), np.where(item_inside, of_item, 0))
    tokens = np.where(row_inside, rows_tokens, 0)
    return _Judged(
        is_like=row_inside | item_inside,
        overlap=of_inside.astype(np.float32),
        is_copy=np.minimum(of_row, of_item) >= settings.min_share,
        tokens=np.maximum(tokens, np.where(item_inside, items_tokens, 0)),
    )


def _near(
    texts: RowTexts,
    index: TextIndex,
    shared: Shared,
    least: int,
    settings: DecontaminationSettings,
) -> TextMatches:
    judged = _judged(texts, index, shared, least, settings)
    kept = np.flatnonzero(judged.is_like)
    return TextMatches(
        shared.asked[kept],
        shared.indexed[kept],
        judged.overlap[kept],
        np.zeros(len(kept), bool),
        judged.is_copy[kept],
        judged.tokens[kept],
    )


def _tells(own: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Whether what a text has beside boilerplate is enough to know it by."""
    return (own == whole) | ((own >= _LEAST_GRAMS) & (own >= _LEAST_OWN * whole))


def _wanted(tokens: np.ndarray, settings: DecontaminationSettings) -> np.ndarray:
    """The overlap from which texts of so many tokens are alike."""
    return np.where(
        tokens < settings.exact_tokens,
        1.0,
        np.where(tokens < settings.print.short_tokens, settings.short_overlap, settings.overlap),
    )


def _strongest(matches: TextMatches) -> TextMatches:
    """One match a pair: the exact one, else that of the larger overlap."""
    order = np.lexsort((-matches.overlap, ~matches.is_exact, matches.indexed, matches.asked))
    asked, indexed = matches.asked[order], matches.indexed[order]
    is_new = np.ones(len(order), bool)
    is_new[1:] = (asked[1:] != asked[:-1]) | (indexed[1:] != indexed[:-1])
    return TextMatches(*(column[order[is_new]] for column in matches))
