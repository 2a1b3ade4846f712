"""Of any two sides: nothing differs from itself, and the other way round is the mirror image."""

from __future__ import annotations

from collections import Counter

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.diff.compare import compare
from pipelines.diff.facts import NTH, SPLIT, WHOLE
from pipelines.diff.result import SubsetDiff

COLUMNS = ("row_id", "pair_id", "preference", "criterion", "text", "image")
MEDIA = frozenset({"image"})
_SCHEMA = {
    "row_id": pl.String, "pair_id": pl.String, "preference": pl.String, "criterion": pl.UInt64,
    "text": pl.UInt64, "image": pl.UInt64, SPLIT: pl.String,
}  # fmt: skip

_ROW = st.fixed_dictionaries(
    {
        "pair_id": st.sampled_from("pqrs"),
        "preference": st.sampled_from(["a", "b", "tie"]),
        "criterion": st.integers(0, 2),
        "text": st.integers(0, 1),
        "image": st.integers(0, 1),
        SPLIT: st.sampled_from(["train", "validation"]),
    }
)
_SIDE = st.lists(_ROW, max_size=10)


def side(rows: list[dict[str, object]]) -> pl.DataFrame:
    """Facts whose row ids follow from pair and criterion, as they do in a dataset."""
    said = [row | {"row_id": f"{row['pair_id']}{row['criterion']}"} for row in rows]
    frame = pl.DataFrame(said, schema=_SCHEMA, orient="row")
    return frame.with_columns(
        frame.select(COLUMNS).hash_rows(seed=1).alias(WHOLE),
        pl.int_range(pl.len()).over("row_id").cast(pl.Int64).alias(NTH),
    )


def compared(before: pl.DataFrame, after: pl.DataFrame) -> SubsetDiff:
    found = SubsetDiff("S")
    compare(before, after, COLUMNS, MEDIA, found, rows=True)
    return found


@settings(max_examples=50)
@given(_SIDE)
def test_nothing_differs_from_itself(rows: list[dict[str, object]]) -> None:
    facts = side(rows)
    found = compared(facts, facts)
    assert found.is_empty
    assert found.rows == []


@settings(max_examples=50)
@given(_SIDE, _SIDE)
def test_the_other_way_round_is_the_mirror_image(
    first: list[dict[str, object]], second: list[dict[str, object]]
) -> None:
    one, other = side(first), side(second)
    there, back = compared(one, other), compared(other, one)
    assert (there.added, there.removed) == (back.removed, back.added)
    for name in ("criterion_changed", "label_changed", "rows_changed", "media_changed", "moved"):
        assert getattr(there, name) == getattr(back, name)
    assert there.columns == back.columns
    mirror = Counter(
        {">".join(reversed(kind.split(">"))): number for kind, number in back.labels.items()}
    )
    assert there.labels == mirror


@settings(max_examples=50)
@given(_SIDE, _SIDE)
def test_rows_add_up_and_every_change_is_listed_once(
    first: list[dict[str, object]], second: list[dict[str, object]]
) -> None:
    found = compared(side(first), side(second))
    assert found.rows_after == found.rows_before + found.added - found.removed
    kinds = Counter(row.kind for row in found.rows)
    assert kinds["added"] == found.added
    assert kinds["removed"] == found.removed
    assert kinds["criterion"] == found.criterion_changed
    assert kinds["label"] + kinds["changed"] == found.rows_changed
    assert kinds["moved"] <= found.moved
