"""One criterion is judged as a column of them is."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.measures.sides import does_name_side, names_side

WORDS = (
    "response", "Answer", "image", "assistant", "3D model", "answers", "of these two", "the", "on",
    "prefer", "like", "number", "numberA", "#", "No.", "A", "B", "a", "(B)", "1", "2nd", "two",
    "one", "first", "latter", "left", "right", "right-hand", "is", "better", "words", "minor", ".",
)  # fmt: skip


@given(st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join))
def test_one_criterion_is_judged_as_a_column_is(criterion: str) -> None:
    column = pl.DataFrame({"text": [criterion]}).select(names_side(pl.col("text")))
    assert does_name_side(criterion) == column.item()


@pytest.mark.parametrize(
    ("criterion", "named"),
    [
        ("Response A should be short.", True),
        ("The image on the left should be sharper.", True),
        ("Prefer the latter, for it is kind.", True),
        ("It should name its sources in plain words.", False),
        ("Be brief: answer two questions at most.", False),
    ],
)
def test_a_criterion_names_a_side(criterion: str, named: bool) -> None:
    assert does_name_side(criterion) is named
