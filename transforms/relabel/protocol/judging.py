"""Judging: each judge says, in both orders and blind to the proposal, what a criterion prefers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from transforms.relabel.llm.question import Message, Part, Question
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


def orders(settings: Judge) -> Sequence[Order]:
    """The orders in which a pair is shown to each judge."""
    return ("ab", "ba") if settings.both_orders else ("ab",)


class JudgeQuestions:
    """Makes questions about pairs, one pair after the other: what they share is made once."""

    def __init__(self, settings: Judge) -> None:
        self.settings = settings
        self._pair: Mapping[str, Any] = {}
        self._material: dict[tuple[Order, Shown], list[Part]] = {}
        self._messages: dict[tuple[str, Order, Shown], Message] = {}

    def about(
        self, row: Mapping[str, Any], criterion: str, judge: str, order: Order, shown: Shown
    ) -> Question:
        """What one judge is asked about a prepared pair under a criterion, in one order."""
        if row is not self._pair:
            self._pair, self._material, self._messages = row, {}, {}
        message = self._messages.get((criterion, order, shown))
        if message is None:
            message = self._message(row, criterion, order, shown)
            self._messages[criterion, order, shown] = message
        return Question(
            judge,
            (message,),
            VERDICT_JSON,
            schema_name="verdict",
            temperature=self.settings.temperature,
            max_output_tokens=self.settings.max_output_tokens,
            pair_id=row["pair_id"],
            label=f"judge {order}",
        )

    def _message(
        self, row: Mapping[str, Any], criterion: str, order: Order, shown: Shown
    ) -> Message:
        parts = self._material.get((order, shown))
        if parts is None:
            parts = self._material[order, shown] = material(row, order, shown)
        return prompt(
            "judge",
            self.settings.prompt_version,
            parts,
            criterion=criterion,
            mark=mark_of(row["pair_id"]),
        )


def judge_question(
    row: Mapping[str, Any], criterion: str, judge: str, order: Order, settings: Judge, shown: Shown
) -> Question:
    """One question; see `JudgeQuestions.about`."""
    return JudgeQuestions(settings).about(row, criterion, judge, order, shown)


def verdict_of(value: Any, order: Order) -> str:
    """What a judge said, in terms of the row's sides: a, b, tie or unsure."""
    first, second = sides(order)
    said = value["verdict"]
    return {"first": first, "second": second, "tie": "tie"}.get(said, "unsure")
