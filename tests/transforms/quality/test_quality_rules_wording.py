"""Every sentence that a measured criterion can be passes the row rules."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from schemas.flight import PREPARED_SCHEMA, ROSTER_SCHEMA
from schemas.tasks import PROMPT_SLOTS, RESPONSE_SLOTS, TASKS
from transforms.measures.tables import attributes_of
from transforms.quality.rules.frame import rule_frame
from transforms.quality.rules.judge import judge
from transforms.quality.rules.rule import Subject
from transforms.quality.settings import RuleSettings
from transforms.relabel.measured.criteria import sentences
from transforms.relabel.measured.wording import DIRECTIONS


def pair(task: str) -> dict[str, Any]:
    """A sound pair of a task."""
    known = TASKS[task]

    def medium(slot: str, digest: str) -> dict[str, Any]:
        return {"slot": slot, "container": "c", "member": "m", "info": {"digest": digest}}

    text = known.response == "text"
    sides = {
        f"{side}_{what}": value
        for side in "ab"
        for what, value in (
            ("text", f"Answer {side}." if text else None),
            ("media", [] if text else [medium(RESPONSE_SLOTS[known.response][0], side)]),
        )
    }
    shown = [medium(PROMPT_SLOTS[kind][0], "p") for kind in known.prompt]
    prompt = [{"role": "user", "content": "Why?"}]
    return {"row_id": "b", "key": "k", "prompt": prompt, "prompt_media": shown,
            "preference": "a", **sides}  # fmt: skip


@pytest.mark.parametrize("task", TASKS)
def test_no_sentence_of_a_measured_criterion_is_refused(task: str) -> None:
    said = [
        sentence
        for attribute in attributes_of(task).values()
        if attribute.askable
        for direction in DIRECTIONS
        for sentence in sentences(task, attribute.name, direction)
    ]
    number = len(said)
    known = {"row_id": map(str, range(number)), "base_id": ["b"] * number, "key": ["k"] * number,
             "criterion": said}  # fmt: skip
    roster = pa.Table.from_arrays(
        [
            pa.array(known[field.name], field.type)
            if field.name in known
            else pa.nulls(number, field.type)
            for field in ROSTER_SCHEMA
        ],
        schema=ROSTER_SCHEMA,
    )
    frame = rule_frame(pa.Table.from_pylist([pair(task)], schema=PREPARED_SCHEMA), roster)
    assert frame.height == number > 1_000
    refused = judge(frame, RuleSettings(), Subject("S", "c", task, "instruction"))
    assert refused.select("reason", "seen").rows() == []
