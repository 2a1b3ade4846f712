"""Judging: each judge says, in both orders and blind to the proposal, what a criterion prefers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from transforms.relabel.llm.question import Question
from transforms.relabel.protocol.material import Order, Shown, mark_of, material, sides
from transforms.relabel.protocol.prompts import prompt
from transforms.relabel.settings import Judge

VERDICT_JSON: Final = {
    "type": "object",
    "properties": {
        "verdict": {"type": "string", "enum": ["first", "second", "tie", "cannot_tell"]}
    },
    "required": ["verdict"],
    "additionalProperties": False,
}
_MOST_TOKENS: Final = 64


def orders(settings: Judge) -> Sequence[Order]:
    """The orders in which a pair is shown to each judge."""
    return ("ab", "ba") if settings.both_orders else ("ab",)


def judge_question(
    row: Mapping[str, Any], criterion: str, judge: str, order: Order, settings: Judge, shown: Shown
) -> Question:
    """What one judge is asked about a prepared pair under a criterion, in one order."""
    message = prompt(
        "judge",
        settings.prompt_version,
        material(row, order, shown),
        criterion=criterion,
        mark=mark_of(row["pair_id"]),
    )
    return Question(
        judge,
        (message,),
        VERDICT_JSON,
        schema_name="verdict",
        temperature=settings.temperature,
        max_output_tokens=_MOST_TOKENS,
        pair_id=row["pair_id"],
        label=f"judge {order}",
    )


def verdict_of(value: Any, order: Order) -> str:
    """What a judge said, in terms of the row's sides: a, b, tie or unsure."""
    first, second = sides(order)
    said = value["verdict"]
    return {"first": first, "second": second, "tie": "tie"}.get(said, "unsure")
