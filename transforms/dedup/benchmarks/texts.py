"""Texts of items and rows as hashes: equal after folding, n-grams by length, MinHash."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.dedup.settings_benchmarks import TextPrintSettings
from transforms.dedup.shingles import Hashes, row_hashes, shingles, token_hashes

#: Marks of media in prompts: they are part of a corpus's layout, not of what is asked.
_PLACEHOLDERS = r"(?i)<\|?/?(?:image|img|picture|video|audio|sound|speech|mesh|3d)[\w\- ]{0,16}\|?>"


class TextPrints(NamedTuple):
    """Hashes of a column of texts."""

    #: uint64[rows]: equal where the folded texts are.
    exact: np.ndarray
    #: int64[rows].
    tokens: np.ndarray
    #: The n-grams by which each text is compared, sorted, each once.
    grams: Hashes


def without_placeholders(texts: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Texts without marks like ``<image>`` or ``<image_1>``."""
    return pc.replace_substring_regex(texts, _PLACEHOLDERS, " ")


def tokens_of(texts: pa.Array | pa.ChunkedArray) -> Hashes:
    """The tokens of texts, without placeholders."""
    return token_hashes(without_placeholders(texts))


def text_prints(texts: pa.Array | pa.ChunkedArray, settings: TextPrintSettings) -> TextPrints:
    """The hashes of texts; each has n-grams of the one size that its length asks for."""
    tokens = tokens_of(texts)
    counts = tokens.counts
    is_short = counts < settings.short_tokens
    short = distinct(shingles(only(tokens, is_short), settings.short_ngram))
    long = distinct(shingles(only(tokens, ~is_short), settings.ngram))
    grams = np.where(is_short, short.counts, long.counts)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(grams, dtype=np.int64)])
    values = np.empty(int(offsets[-1]), np.uint64)
    from_short = np.repeat(is_short, grams)
    values[from_short], values[~from_short] = short.values, long.values
    return TextPrints(row_hashes(tokens), counts, Hashes(values, offsets))


def only(hashes: Hashes, chosen: np.ndarray) -> Hashes:
    """The hashes of the chosen rows; the others have none."""
    counts = np.where(chosen, hashes.counts, 0)
    values = hashes.values[np.repeat(chosen, hashes.counts)]
    return Hashes(values, np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]))


def take(hashes: Hashes, rows: np.ndarray) -> Hashes:
    """The hashes of rows by number, in that order; rows may be repeated."""
    counts = hashes.counts[rows]
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])
    places = np.arange(offsets[-1]) + np.repeat(hashes.offsets[:-1][rows] - offsets[:-1], counts)
    return Hashes(hashes.values[places], offsets)


def distinct(hashes: Hashes) -> Hashes:
    """The hashes of every row sorted, each once."""
    rows = np.repeat(np.arange(len(hashes.offsets) - 1), hashes.counts)
    order = np.lexsort((hashes.values, rows))
    values, rows = hashes.values[order], rows[order]
    is_new = np.ones(len(values), bool)
    is_new[1:] = (values[1:] != values[:-1]) | (rows[1:] != rows[:-1])
    counts = np.bincount(rows[is_new], minlength=len(hashes.offsets) - 1)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])
    return Hashes(values[is_new], offsets)
