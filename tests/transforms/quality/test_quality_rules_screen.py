"""The screen: a rule that it says holds is broken by no row, whatever the bytes."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.flight import PREPARED_SCHEMA, ROSTER_SCHEMA
from transforms.quality.rules.frame import rule_frame
from transforms.quality.rules.judge import judge
from transforms.quality.rules.rule import Subject
from transforms.quality.rules.screen import unbreakable
from transforms.quality.settings import RuleSettings

SUBJECT = Subject("S", "c", "t2t", "general")
SCREENED = {"control_characters", "replacement_characters"}

#: Characters at the edges of what the two rules look for.
EDGES = "\x00\x08\t\n\x0b\x0c\r\x0e\x1f ~\x7f\x80é가\ufffc\ufffd😀"
TEXT = st.text(st.sampled_from(EDGES + "abc"), max_size=12)


def tables(rows: list[dict[str, Any]], criteria: list[str | None]) -> tuple[pa.Table, pa.Table]:
    """Prepared pairs and their roster, aligned."""
    pairs = [
        {
            **dict.fromkeys(PREPARED_SCHEMA.names),
            "row_id": f"r{at}", "key": f"k{at}", "preference": "a",
            "prompt_media": [], "a_media": [], "b_media": [],
            "prompt": [{"role": "user", "content": row.pop("prompt")}], **row,
        }
        for at, row in enumerate(rows)
    ]  # fmt: skip
    roster = [
        {
            **dict.fromkeys(ROSTER_SCHEMA.names),
            "row_id": f"r{at}", "base_id": f"r{at}", "key": f"k{at}", "criterion": criterion,
        }
        for at, criterion in enumerate(criteria)
    ]  # fmt: skip
    return (
        pa.Table.from_pylist(pairs, schema=PREPARED_SCHEMA),
        pa.Table.from_pylist(roster, schema=ROSTER_SCHEMA),
    )


def row(**changed: Any) -> dict[str, Any]:
    return {"prompt": "Why?", "a_text": "One.", "b_text": "Two.", **changed}


@given(st.lists(st.tuples(TEXT, TEXT, TEXT, st.none() | TEXT, st.none() | TEXT), max_size=5))
def test_what_the_screen_says_changes_no_verdict(
    texts: list[tuple[str, str, str, str | None, str | None]],
) -> None:
    rows = [row(prompt=prompt, a_text=a, b_text=b, criterion=own) for prompt, a, b, own, _ in texts]
    prepared, roster = tables(rows, [said for *_, said in texts])
    frame = rule_frame(prepared, roster)
    held = unbreakable(prepared, roster)
    screened = judge(frame, RuleSettings(), SUBJECT, held)
    assert screened.equals(judge(frame, RuleSettings(), SUBJECT))


@pytest.mark.parametrize("place", ["prompt", "a_text", "b_text", "criterion"])
@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("plain\ttext\r\n", SCREENED),
        ("café", SCREENED),
        ("a\x00b", {"replacement_characters"}),
        ("a\x7fb", {"replacement_characters"}),
        ("a\x0e", {"replacement_characters"}),
        ("a\ufffd", {"control_characters"}),
    ],
)
def test_rules_are_held_where_no_byte_can_break_them(place: str, text: str, held: set[str]) -> None:
    prepared, roster = tables([row(), row(**{place: text})], [None, None])
    assert unbreakable(prepared, roster) == held


def test_criteria_of_the_roster_are_looked_at() -> None:
    prepared, roster = tables([row()], ["It must be\x00 short."])
    assert unbreakable(prepared, roster) == {"replacement_characters"}


def test_no_rows_break_nothing() -> None:
    prepared, roster = tables([], [])
    assert unbreakable(prepared, roster) == SCREENED
    assert judge(rule_frame(prepared, roster), RuleSettings(), SUBJECT).is_empty()
