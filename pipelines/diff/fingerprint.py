"""Hashes of columns, row by row: 64 bits that differ where values differ.

They are for comparison within one process. Nested values are hashed through their leaves, for null
and empty values, order and position count: polars' own hash of nested columns leaves out some.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa

from schemas.columns import one_array

_SEED: Final = 0x9E3779B97F4A7C15
_NULL: Final = np.uint64(0x5851F42D4C957F2D)
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)


def fingerprints(column: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """One unsigned 64-bit number a row, equal for equal values whatever the width of the type."""
    array = one_array(column)
    if array.null_count == len(array):
        return np.full(len(array), _NULL)
    kind = array.type
    if pa.types.is_dictionary(kind):
        return fingerprints(array.dictionary_decode())
    if pa.types.is_struct(kind):
        return _struct(array)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _list(array)
    if pa.types.is_integer(kind) and not pa.types.is_uint64(kind):
        array = array.cast(pa.int64())
    elif pa.types.is_floating(kind):
        array = array.cast(pa.float64())
    elif pa.types.is_large_string(kind):
        array = array.cast(pa.string())
    series = pl.from_arrow(array)
    assert isinstance(series, pl.Series)
    return _with_nulls(series.hash(_SEED).to_numpy(), array)


def combined(columns: list[np.ndarray]) -> np.ndarray:
    """One number a row from several; order counts."""
    total = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        total = _mixed(total * _FIRST + column)
    return total


def _struct(array: pa.StructArray) -> np.ndarray:
    whole = combined([fingerprints(child) for child in array.flatten()])
    return _with_nulls(whole, array)


def _list(array: pa.ListArray) -> np.ndarray:
    """The sum of the items' hashes, each mixed with its position, and of the length."""
    lengths = array.value_lengths().fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    items = fingerprints(array.flatten())
    starts = np.cumsum(lengths) - lengths
    position = np.arange(len(items), dtype=np.int64) - np.repeat(starts, lengths)
    mixed = _mixed(items + (position.astype(np.uint64) + np.uint64(1)) * _GOLDEN)
    sums = np.zeros(len(array) + 1, np.uint64)
    sums[1:] = np.concatenate([[np.uint64(0)], np.cumsum(mixed, dtype=np.uint64)])[
        np.cumsum(lengths)
    ]
    whole = _mixed(sums[1:] - sums[:-1] + lengths.astype(np.uint64) * _SECOND)
    return _with_nulls(whole, array)


def _with_nulls(whole: np.ndarray, array: pa.Array) -> np.ndarray:
    if not array.null_count:
        return whole
    return np.where(array.is_valid().to_numpy(zero_copy_only=False), whole, _NULL)


def _mixed(value: np.ndarray) -> np.ndarray:
    """Every bit of the input touches every bit of the output (the finaliser of SplitMix64)."""
    value = (value ^ (value >> np.uint64(30))) * _FIRST
    value = (value ^ (value >> np.uint64(27))) * _SECOND
    return value ^ (value >> np.uint64(31))
