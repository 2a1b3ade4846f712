"""Counts that add up, and the tagged elements of a batch."""

from __future__ import annotations

import apache_beam as beam
import pyarrow as pa
import pytest

from schemas.dead_letter import DEAD_FLIGHT_SCHEMA, DeadLetter, dead_letter_table
from transforms.beamkit.counts import add_counts, dead, dead_share, unbalanced
from transforms.beamkit.outcome import COUNTS, DEAD, emit


def test_counts_are_summed_by_stage_and_name_in_order() -> None:
    counts = [("b", "in", 2), ("a", "out", 1), ("b", "in", 3), ("b", "dead:x", 4)]
    total = add_counts(counts)
    assert total == {"a": {"out": 1}, "b": {"dead:x": 4, "in": 5}}
    assert list(total) == ["a", "b"]
    assert list(total["b"]) == ["dead:x", "in"]


def test_what_came_in_must_be_accounted_for() -> None:
    fine = {"in": 10, "out": 6, "dead:x": 1, "dead:y": 1, "dropped:z": 2, "note:pairs": 99}
    assert unbalanced({"sources": fine, "media": {"in": 6, "out": 6}}) == []
    assert unbalanced({"sources": {**fine, "out": 5}, "media": {"out": 1}}) == [
        "sources: 10 in, 9 accounted for",
        "media: 0 in, 1 accounted for",
    ]


def test_a_batch_gives_rows_dead_letters_and_counts_by_reason() -> None:
    rows = pa.table({"x": [1]})
    dead = dead_letter_table(
        DeadLetter("media", "S", "c", "k", reason, "m", "s", "w") for reason in ("a", "b", "a")
    )
    first, *tagged = emit("media", rows, dead, {"in": 4, "out": 1, "note:none": 0})
    assert first is rows
    assert all(isinstance(one, beam.pvalue.TaggedOutput) for one in tagged)
    assert [one.value for one in tagged if one.tag == DEAD] == [dead]
    assert [one.value for one in tagged if one.tag == COUNTS] == [
        ("media", "dead:a", 2),
        ("media", "dead:b", 1),
        ("media", "in", 4),
        ("media", "out", 1),
    ]


def test_empty_tables_are_not_handed_on() -> None:
    empty = DEAD_FLIGHT_SCHEMA.empty_table()
    assert list(emit("media", empty, empty, {"in": 0})) == []


def test_dead_letters_of_stages_that_count_different_things() -> None:
    """Of 10 records 2 are lost, of the 40 pairs of the others 10: a quarter of four fifths."""
    counts = {
        "sources": {"in": 10, "out": 8, "dead:x": 2, "note:pairs": 40},
        "media": {"in": 40, "out": 30, "dead:y": 4, "dead:z": 6},
        "trim": {"in": 0},
    }
    assert [dead(names) for names in counts.values()] == [2, 10, 0]
    assert dead_share(counts) == pytest.approx(1 - 0.8 * 0.75)
    assert dead_share({}) == 0.0
