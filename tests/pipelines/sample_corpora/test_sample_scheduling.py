"""Laying faults over rows: exact numbers, one a row, none clustered."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sample_corpora.scheduling import Mark, counts, scaled, spread, stream


@given(
    planned=st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 40), min_size=1),
    spare=st.integers(0, 500),
    seed=st.integers(0, 2**40),
)
def test_every_mark_gets_a_slot_of_its_own(planned: dict[str, int], spare: int, seed: int) -> None:
    slots = sum(planned.values()) + spare
    marks = spread(slots, planned, stream(seed, "x", "plan"))
    assert Counter(mark.code for mark in marks.values()) == planned
    assert len(set(marks.values())) == sum(planned.values())
    assert all(0 <= slot < slots for slot in marks)


def test_marks_do_not_cluster() -> None:
    slots, planned = 10_000, {"rare": 5, "common": 100, "frequent": 1_000}
    marks = spread(slots, planned, stream(7, "x", "plan"))
    for code, number in planned.items():
        rows = sorted(row for row, mark in marks.items() if mark.code == code)
        for nth, row in enumerate(rows):
            ideal = (nth + 0.5) / number * slots
            assert abs(row - ideal) < slots / number + 200


def test_marks_of_one_code_are_numbered_in_file_order() -> None:
    marks = spread(1_000, {"a": 9, "b": 3}, stream(7, "x", "plan"))
    in_order = [mark for _, mark in sorted(marks.items()) if mark.code == "a"]
    assert in_order == [Mark("a", nth) for nth in range(9)]


def test_no_marks_over_no_slots() -> None:
    assert spread(0, {}, stream(7, "x", "plan")) == {}


def test_more_marks_than_slots_are_refused() -> None:
    with pytest.raises(ValueError, match="4 marks do not fit into 3 slots"):
        spread(3, {"a": 4}, stream(7, "x", "plan"))


def test_every_code_occurs_at_least_once() -> None:
    assert counts(40, {"a": 0.002, "b": 0.1}) == {"a": 1, "b": 4}
    assert counts(77_016, {"a": 0.002}) == {"a": 154}


def test_scale_has_a_floor() -> None:
    assert scaled(77_016, 0.01, least=60) == 770
    assert scaled(77_016, 0.00001, least=60) == 60


def test_streams_are_repeatable_and_differ_by_every_argument() -> None:
    keys = [(7, "x", "row", 0), (8, "x", "row", 0), (7, "y", "row", 0), (7, "x", "p", 0)]
    keys.append((7, "x", "row", 1))
    first = [stream(*key).integers(2**60) for key in keys]
    assert first == [stream(*key).integers(2**60) for key in keys]
    assert len(set(first)) == len(keys)
