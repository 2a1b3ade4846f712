"""Prints of the texts of pairs: all that near-duplicates of text are found by, row by row.

A print has hashes only, in a fixed number of bytes: 812 a row at the default settings (bands
2 x 192, signatures 3 x 128, sequences 4 x 8, counts 3 x 4), 258 MB for 317,000 rows. Prints can be
compared if they share `ngram`, `num_perm`, `bands`, `rows` and `seed`, and the versions of shingles
and MinHash.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from transforms.dedup.minhash import bands, compact, signatures, union
from transforms.dedup.settings_text import NearTextSettings
from transforms.dedup.shingles import Hashes, numbered, row_hashes, shingles, token_hashes

#: Rows of one pass: bounds the n-grams in memory.
_ROWS = 1024

PARTS = ("prompt", "a", "b")

_K1 = np.uint64(0x1F83D9ABFB41BD6B)
_K2 = np.uint64(0x5BE0CD19137E2179)


def prints_schema(settings: NearTextSettings) -> pa.Schema:
    """The columns of a table of prints.

    - ``pair``: hash of the folded pair, free of which response is A: equal iff the pairs are.
    - ``bands``: bands of all shingles of prompt and both responses; null where there is no token.
    - ``prompt_bands``: bands of the prompt alone; null where it has no token.
    - for each part (prompt, a, b) ``_tokens``: its number of tokens; ``_sequence``: hash of the
      folded text; ``_signature``: its compact signature.
    """
    band_hashes = pa.list_(pa.uint64(), settings.bands)
    fields = [
        pa.field("pair", pa.uint64(), nullable=False),
        pa.field("bands", band_hashes),
        pa.field("prompt_bands", band_hashes),
    ]
    for part in PARTS:
        fields += [
            pa.field(f"{part}_tokens", pa.uint32(), nullable=False),
            pa.field(f"{part}_sequence", pa.uint64(), nullable=False),
            pa.field(f"{part}_signature", pa.binary(settings.num_perm), nullable=False),
        ]
    return pa.schema(fields)


def text_prints(
    prompt_texts: pa.ChunkedArray,
    a_texts: pa.ChunkedArray,
    b_texts: pa.ChunkedArray,
    settings: NearTextSettings,
) -> pa.Table:
    """The prints of pairs, aligned with their rows, by `prints_schema`.

    The columns are strings of equal length. A response that is null (a medium) is as an empty one:
    such rows are printed by what text they have, and whether they are copies is for the media to
    say. Raises ValueError where the columns differ in length.
    """
    columns = (prompt_texts, a_texts, b_texts)
    lengths = [len(column) for column in columns]
    if len(set(lengths)) > 1:
        raise ValueError(f"columns of {lengths} rows: prompts and responses must be aligned")
    schema = prints_schema(settings)
    tables = [
        _prints([column.slice(first, _ROWS) for column in columns], settings, schema)
        for first in range(0, lengths[0], _ROWS)
    ]
    return pa.concat_tables(tables) if tables else schema.empty_table()


@dataclass(frozen=True)
class _Part:
    """One text of every row: its tokens counted, its sequence hashed, its set signed."""

    counts: np.ndarray
    sequences: np.ndarray
    signatures: np.ndarray


def _part(texts: pa.ChunkedArray, settings: NearTextSettings) -> _Part:
    tokens: Hashes = token_hashes(texts)
    grams = numbered(shingles(tokens, settings.ngram))
    signed = signatures(grams, settings.num_perm, settings.seed)
    return _Part(tokens.counts, row_hashes(tokens), signed)


def _prints(
    columns: list[pa.ChunkedArray], settings: NearTextSettings, schema: pa.Schema
) -> pa.Table:
    prompt, a, b = (_part(column, settings) for column in columns)
    whole = union(prompt.signatures, a.signatures, b.signatures)
    arrays = [
        pa.array(_pair_hashes(prompt.sequences, a.sequences, b.sequences)),
        _band_column(whole, prompt.counts + a.counts + b.counts > 0, settings),
        _band_column(prompt.signatures, prompt.counts > 0, settings),
    ]
    for part in (prompt, a, b):
        small = np.ascontiguousarray(compact(part.signatures))
        arrays += [
            pa.array(part.counts.astype(np.uint32)),
            pa.array(part.sequences),
            pa.FixedSizeBinaryArray.from_buffers(
                pa.binary(settings.num_perm), len(small), [None, pa.py_buffer(small)]
            ),
        ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _pair_hashes(prompt: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    mixed = prompt
    for side in (np.minimum(a, b), np.maximum(a, b)):
        mixed = (mixed ^ side) * _K1
        mixed ^= mixed >> np.uint64(32)
        mixed = mixed * _K2
    return mixed ^ (mixed >> np.uint64(29))


def _band_column(
    signed: np.ndarray, present: np.ndarray, settings: NearTextSettings
) -> pa.FixedSizeListArray:
    hashed = bands(signed, settings.bands, settings.rows)
    return pa.FixedSizeListArray.from_arrays(
        pa.array(hashed.ravel()), settings.bands, mask=pa.array(~present)
    )
