"""Fingerprints differ where values differ, in whatever way they are nested."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.diff.fingerprint import combined, fingerprints

TURNS = pa.list_(pa.struct([("x", pa.string()), ("y", pa.string())]))
_TEXT = st.one_of(st.none(), st.sampled_from(["", "1", "2"]))
_ROWS = st.lists(
    st.one_of(
        st.none(),
        st.lists(st.one_of(st.none(), st.fixed_dictionaries({"x": _TEXT, "y": _TEXT})), max_size=3),
    ),
    min_size=2,
    max_size=8,
)


@settings(max_examples=50)
@given(_ROWS)
def test_nested_values_are_equal_exactly_where_their_fingerprints_are(rows: list[object]) -> None:
    marks = fingerprints(pa.array(rows, TURNS))
    for mark, row in zip(marks, rows, strict=True):
        for other, value in zip(marks, rows, strict=True):
            assert (mark == other) == (row == value), (row, value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pa.array([1, None, 3], pa.int32()), pa.array([1, None, 3], pa.int64())),
        (pa.array([0.5, None], pa.float32()), pa.array([0.5, None], pa.float64())),
        (pa.array(["a", None]), pa.array(["a", None], pa.large_string())),
        (pa.array(["a", "b", "a"]), pa.array(["a", "b", "a"]).dictionary_encode()),
        (pa.array([["a"], []]), pa.array([["a"], []], pa.large_list(pa.string()))),
    ],
)
def test_the_width_of_a_type_makes_no_difference(one: pa.Array, other: pa.Array) -> None:
    assert fingerprints(one).tolist() == fingerprints(other).tolist()


def test_a_slice_and_chunks_hash_as_the_whole_does() -> None:
    rows = [[{"x": str(n), "y": None}] * (n % 3) for n in range(9)] + [None]
    whole = pa.array(rows, TURNS)
    marks = fingerprints(whole).tolist()
    assert fingerprints(whole.slice(4, 5)).tolist() == marks[4:9]
    chunks = pa.chunked_array([whole.slice(0, 3), whole.slice(3)])
    assert fingerprints(chunks).tolist() == marks


def test_all_null_columns_hash_as_null_among_others() -> None:
    alone = fingerprints(pa.nulls(2, pa.string()))
    among = fingerprints(pa.array([None, "a"]))
    assert alone[0] == among[0] != among[1]


def test_the_order_of_columns_counts() -> None:
    first, second = (np.array([value], np.uint64) for value in (1, 2))
    assert combined([first, second]) != combined([second, first])
