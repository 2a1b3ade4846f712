"""Ids of whole columns of text, as `schemas.ids` gives them row by row.

Hashing row by row keeps the interpreter to itself; here columns are hashed beside whatever else is
going on. That is for rows of plain text: one turn, one text a response, no media, no criterion.
Tables with other rows are identified row by row.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.columns import ListColumn, one_array
from schemas.ids import (
    GENERAL_MARK,
    ID_HEX,
    TEXT_TAG,
    before_pair,
    before_row_id,
    identify,
)
from transforms.beamkit.hashing import digests_of, joined, rows_of_bytes, sha256_digits, text_of

_MEDIA: Final = ("prompt_media", "first_media", "second_media")
_TEXTS: Final = ("first_text", "second_text")

#: Bytes of a column that is put together with others: one array can't hold much more than twice it.
_MOST_BYTES: Final = 1 << 30


class Identities(NamedTuple):
    """Ids of a table of drafts as columns; see `schemas.ids.PairIdentities`."""

    pair_ids: pa.Array
    row_ids: pa.Array
    first_is_a: pa.Array
    identical: list[int]


def identities(drafts: pa.Table, task: str, subset: str) -> Identities:
    """Identify every draft of a table (`flight.DRAFT_SCHEMA`, text canonical, media located)."""
    if _is_plain(drafts):
        return of_plain_text(drafts, task, subset)
    found = identify(drafts, task, subset)
    return Identities(
        pa.array(found.pair_ids, pa.string()),
        pa.array(found.row_ids, pa.string()),
        pa.array(found.first_is_a, pa.bool_()),
        found.identical,
    )


def _is_plain(drafts: pa.Table) -> bool:
    """Whether all rows have what `of_plain_text` reads, and nothing that it doesn't."""
    rows = drafts.num_rows
    if not rows or drafts["criterion"].null_count < rows or drafts.nbytes > _MOST_BYTES:
        return False
    if any(ListColumn(drafts[name]).total for name in _MEDIA):
        return False
    turns = ListColumn(drafts["prompt"])
    if turns.longest != 1 or turns.total != rows:
        return False
    texts = [drafts[name] for name in _TEXTS]
    texts += [turns.values.field(name) for name in ("role", "content")]
    return not any(text.null_count for text in texts)


def of_plain_text(drafts: pa.Table, task: str, subset: str) -> Identities:
    """`schemas.ids.identify` of rows of plain text, column by column."""
    turns = ListColumn(drafts["prompt"]).values
    prompt = _digests(*_framed(turns.field("role")), *_framed(turns.field("content")))
    first, second = (
        _digests(len(TEXT_TAG).to_bytes(8, "big") + TEXT_TAG, *_framed(one_array(drafts[name])))
        for name in _TEXTS
    )
    in_order = _keys(first) <= _keys(second)
    low, high = (np.where(in_order[:, None], *pair) for pair in ((first, second), (second, first)))
    pair = sha256_digits(rows_of_bytes(before_pair(task.encode()), prompt, low, high))
    pair_id = pair[:, :ID_HEX]
    row = sha256_digits(rows_of_bytes(before_row_id(subset), pair_id, GENERAL_MARK))
    is_even = digests_of(pair[:, -2:])[:, 0] % 2 == 0
    return Identities(
        text_of(pair_id),
        text_of(row[:, :ID_HEX]),
        pa.array(in_order == is_even),
        np.flatnonzero((first == second).all(axis=1)).tolist(),
    )


def _digests(*parts: bytes | pa.Array) -> np.ndarray:
    return digests_of(sha256_digits(joined(*parts)))


def _framed(column: pa.Array) -> tuple[pa.Array, pa.Array]:
    """The length of each value in eight bytes, and the values."""
    lengths = pc.binary_length(column).to_numpy().astype(">u8")
    return rows_of_bytes(lengths.view(np.uint8).reshape(-1, 8)), column


def _keys(digests: np.ndarray) -> np.ndarray:
    """Digests as values that compare as their bytes do."""
    return np.ascontiguousarray(digests).view(f"S{digests.shape[1]}")[:, 0]
