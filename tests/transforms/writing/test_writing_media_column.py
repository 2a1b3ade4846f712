"""Columns of media: the arrays that `pa.array` would make of the same cells."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.media import MEDIUM_STRUCT
from schemas.pair import PAIR_SCHEMA
from transforms.writing import media_column
from transforms.writing.media_column import one_each, several_each

CELLS = st.fixed_dictionaries(
    {"bytes": st.none() | st.binary(max_size=9), "path": st.none() | st.text(max_size=5)}
)


def assert_same(made: pa.Array, values: list[Any], data_type: pa.DataType) -> None:
    made.validate(full=True)
    wanted = pa.array(values, data_type)
    assert made.type == wanted.type
    assert made.equals(wanted)
    assert made.null_count == wanted.null_count


@given(st.lists(st.none() | CELLS))
def test_one_medium_a_row(cells: list[dict[str, Any] | None]) -> None:
    assert_same(one_each(cells), cells, MEDIUM_STRUCT)


@given(st.lists(st.lists(CELLS, max_size=3)))
def test_several_media_a_row(rows: list[list[dict[str, Any]]]) -> None:
    data_type = PAIR_SCHEMA.field("prompt_images").type
    assert_same(several_each(rows, data_type), [row or None for row in rows], data_type)


def test_more_than_an_array_can_hold_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_column, "_MOST", 5)
    with pytest.raises(pa.ArrowCapacityError, match="6 bytes in one row group"):
        one_each([{"bytes": b"abc", "path": "a"}, {"bytes": b"def", "path": "b"}])
