"""Text normalisation of whole columns: NFC and line ends, as `schemas.text.canonical_text`.

Composition is local: it never reaches across a character below U+0300, because all of those are
starters that compose with nothing before them. So only runs of characters from U+0300 on, with the
one character before each, can change. The distinct runs of a column are few; each is composed once
and put in place by one multi-pattern replacement.

That the replacement can't hit a wrong place follows from NFC being closed under substrings: text
that contains a run which changes, changes there too. A longer run around a pattern is therefore a
pattern itself, and the leftmost, longest match takes it whole.
"""

from __future__ import annotations

import unicodedata
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa

from schemas.columns import SCAN_BLOCK, one_array, text_bounds, text_bytes

#: First byte in UTF-8 of the characters from U+0300 on.
_FROM_U0300: Final = 0xCC
#: More distinct changing runs than this and a row-wise composition is cheaper.
_MAX_PATTERNS: Final = 512


def normalise_strings(column: pa.Array) -> pa.Array:
    """A string array in canonical form; the same array where nothing changes."""
    codes = text_bytes(column)
    if _occurs(codes, ord("\r")):
        lines = pl.Series(pl.from_arrow(column))
        lines = lines.str.replace_many(["\r\n", "\r"], ["\n", "\n"], leftmost=True)
        column = lines.to_arrow().cast(pa.string())
    if not len(codes) or codes.max() < _FROM_U0300:
        return column
    changing = [run for run in _runs(column) if not unicodedata.is_normalized("NFC", run)]
    if not changing:
        return column
    text = pl.Series(pl.from_arrow(column))
    if len(changing) > _MAX_PATTERNS:
        return text.str.normalize("NFC").to_arrow().cast(pa.string())
    # leftmost means leftmost-first: the longer pattern must come before its own beginning.
    changing.sort(key=len, reverse=True)
    composed = [unicodedata.normalize("NFC", run) for run in changing]
    return text.str.replace_many(changing, composed, leftmost=True).to_arrow().cast(pa.string())


def _occurs(codes: np.ndarray, code: int) -> bool:
    """Whether a byte occurs; searched in blocks, so that the marks stay in the cache."""
    return any(
        (codes[start : start + SCAN_BLOCK] == code).any()
        for start in range(0, len(codes), SCAN_BLOCK)
    )


def _runs(column: pa.Array) -> set[str]:
    """The distinct runs of characters from U+0300 on, each with the one character before it."""
    offsets, codes = text_bounds(column)
    data = codes[: offsets[-1]]
    leads = np.flatnonzero(data[offsets[0] :] >= _FROM_U0300) + offsets[0]
    if not len(leads):
        return set()
    lengths = 2 + (data[leads] >= 0xE0).astype(np.int64) + (data[leads] >= 0xF0)
    ends = leads + lengths
    rows = np.searchsorted(offsets, leads, side="right")
    begins = np.ones(len(leads), bool)
    begins[1:] = (leads[1:] != ends[:-1]) | (rows[1:] != rows[:-1])
    starts, last = leads[begins], ends[np.append(begins[1:], True)]
    row_starts = offsets[rows[begins] - 1]
    before = np.maximum(starts - 1, row_starts)
    continued = (data[before] & 0xC0) == 0x80  # the character before takes two bytes
    before = np.where(continued & (before > row_starts), before - 1, before)
    view = data.data
    spans = zip(before.tolist(), last.tolist(), strict=True)
    return {run.decode() for run in {bytes(view[start:end]) for start, end in spans}}


def normalise_texts(drafts: pa.Table) -> pa.Table:
    """Drafts with canonical text in prompts, responses and criteria."""
    for name in ("first_text", "second_text", "criterion"):
        drafts = _replaced(drafts, name, normalise_strings(one_array(drafts[name])))
    prompts = one_array(drafts["prompt"])
    turns = prompts.values
    contents = normalise_strings(turns.field("content"))
    rebuilt = pa.StructArray.from_arrays(
        [turns.field("role"), contents], fields=list(turns.type), mask=turns.is_null()
    )
    lists = (
        pa.ListArray.from_arrays(
            prompts.offsets, rebuilt, type=prompts.type, mask=prompts.is_null()
        )
        if prompts.offset == 0
        else pa.ListArray.from_arrays(prompts.offsets, rebuilt)
    )
    return _replaced(drafts, "prompt", lists)


def _replaced(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    position = table.schema.get_field_index(name)
    return table.set_column(position, table.schema.field(name), column)
