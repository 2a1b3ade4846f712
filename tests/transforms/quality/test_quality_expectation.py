"""Expectations: what makes sense, how bounds of shares give way, and which rows fail."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
import pytest

from schemas.tasks import TASKS
from transforms.quality.expectation import Expectation, Named, suite_of
from transforms.quality.facts import facts_columns
from transforms.quality.failing import failing, observed, wanted
from transforms.quality.schema_suite import schema_suite

FRAME = pl.DataFrame(
    {
        "row_id": ["r0", "r1", "r2", "r2", None],
        "kind": ["general", "other", None, "general", "<b>" + "x" * 100],
        "size": [1, 5, None, 7, 3],
        "again": [1, 5, None, 8, None],
        "share": [1, 1, 1, 0, None],
        "real": [0.5, float("nan"), 1.5, None, 0.0],
    }
)


def named(column: str, **check: Any) -> Named:
    return Named("n", Expectation(column, **check))


@pytest.mark.parametrize(
    ("one", "rows", "asked", "seen"),
    [
        (named("row_id", unique=True), [2, 3], "unique", "2 of 5 rows: r2"),
        (named("row_id", is_null=False), [4], "not null", "1 of 5 rows: null"),
        (named("row_id", is_null=True), [0, 1, 2, 3], "null", "4 of 5 rows: r0, r1, r2"),
        (
            named("kind", values=("general",)),
            [1, 4],
            "one of general",
            f"2 of 5 rows: other, <b>{'x' * 56}…",
        ),
        (named("row_id", matches="r[01]$"), [2, 3], "matches r[01]$", "2 of 5 rows: r2"),
        (named("size", equals="again"), [3, 4], "equal to again", "2 of 5 rows: 7, 3"),
        (named("size", min=2, max=6), [0, 3], "2 to 6", "2 of 5 rows: 1, 7"),
        (named("size", max=5), [3], "at most 5", "1 of 5 rows: 7"),
        (named("size", min=0), [], "at least 0", "1 to 7"),
        (named("size", min=3, max=3), [0, 1, 3], "exactly 3", "3 of 5 rows: 1, 5, 7"),
        (named("real", min=0, max=1), [1, 2], "0 to 1", "2 of 5 rows: nan, 1.5"),
        (named("share", share=True, max=0.5), [0, 1, 2], "share at most 0.5", "0.75 of 4 rows"),
        (named("share", share=True, min=0.9), [3], "share at least 0.9", "0.75 of 4 rows"),
    ],
)
def test_rows_that_fail_and_their_words(one: Named, rows: list[int], asked: str, seen: str) -> None:
    found = failing(FRAME.with_row_index("at"), one)
    assert found["at"].to_list() == rows
    assert wanted(one.expectation) == asked
    assert observed(FRAME, one, found) == seen


def test_number_of_rows_has_no_failing_rows() -> None:
    one = Named("count", Expectation(rows=True, min=6))
    assert failing(FRAME, one).height == 0
    assert (wanted(one.expectation), observed(FRAME, one, FRAME.clear())) == (
        "at least 6",
        "5 rows",
    )


def test_values_of_a_dataset_move_no_cursor() -> None:
    frame = pl.DataFrame({"kind": ["\x1b[2Jgone\n"]})
    one = named("kind", values=("general",))
    assert observed(frame, one, frame) == "1 of 1 rows: \ufffd[2Jgone\ufffd"


def test_bounds_of_a_share_give_way_by_four_standard_errors() -> None:
    balance = Expectation("share", share=True, min=0.48, max=0.52)
    wide = balance.widened(100)
    assert wide.min == pytest.approx(0.48 - 4 * math.sqrt(0.48 * 0.52 / 100))
    assert wide.max == pytest.approx(0.52 + 4 * math.sqrt(0.52 * 0.48 / 100))
    assert balance.widened(4).max == 1.0
    assert Expectation("tie", share=True, max=0.0).widened(4).max == 0.0
    assert balance.widened(0) == balance
    assert Expectation("size", max=3).widened(10).max == 3


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"column": "a"}, "checks one thing"),
        ({"column": "a", "unique": True, "is_null": True}, "here is_null, unique"),
        ({"column": "a", "unique": True, "max": 1}, "belong to a column's values"),
        ({"column": "a", "share": True}, "belong to a column's values"),
        ({"max": 1}, "name a column"),
        ({"column": "a", "rows": True, "max": 1}, "name a column"),
        ({"column": "a", "max": math.inf}, "finite"),
        ({"column": "a", "matches": "("}, "no regular expression"),
    ],
)
def test_expectations_that_make_no_sense_are_refused(given: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Expectation(**given)


def test_the_more_special_suite_goes_before_column_by_column() -> None:
    general = {"size": Expectation(("a", "b"), max=1), "ties": Expectation("tie", max=0)}
    special = {"size": Expectation("a", max=2), "ties": None, "more": Expectation("c", min=1)}
    assert [(one.name, one.column, one.expectation.max) for one in suite_of(general, special)] == [
        ("size", "a", 2),
        ("more", "c", None),
    ]
    assert [one.column for one in suite_of(general)] == ["a", "b", "tie"]


@pytest.mark.parametrize("task", TASKS)
def test_suites_of_the_schema_look_at_facts_only(task: str) -> None:
    for kind in ("general", "instruction"):
        suite = suite_of(schema_suite("S", task, kind))
        columns = {one.column for one in suite} | {one.expectation.equals for one in suite}
        assert columns - {None} <= set(facts_columns())
        assert len({(one.name, one.column) for one in suite}) == len(suite)
