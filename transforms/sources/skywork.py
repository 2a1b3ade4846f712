"""Skywork-Reward-Preference: text pairs as two lists of turns, without a prompt column.

Native layout: ``data/train-*.parquet`` with ``chosen`` and ``rejected`` (lists of
``{content, role}``) and ``source``. The prompt is what both lists share before the last turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from schemas.tasks import ROLES
from transforms.sources.adapter import Place, RecordAdapter, need
from transforms.sources.columns import Column
from transforms.sources.draft import Draft, Response, Turn


class Skywork(RecordAdapter):
    """One record is one pair; `chosen` is preferred."""

    COLUMNS: ClassVar = (Column.of("chosen", "list"), Column.of("rejected", "list"))
    PROJECTION: ClassVar = ("chosen", "rejected", "source")

    def pairs(self, record: Mapping[str, Any], place: Place) -> Iterable[Draft]:
        """The pair of a record, its prompt being the shared turns (system turns included)."""
        chosen, rejected = _turns(record, "chosen"), _turns(record, "rejected")
        need(len(chosen) > 1 and len(rejected) > 1, "no_prompt", "no turn before the response")
        need(
            chosen[:-1] == rejected[:-1],
            "prompts_differ",
            "the turns before the last differ between chosen and rejected",
        )
        for name, turns in (("chosen", chosen), ("rejected", rejected)):
            last = turns[-1]
            need(
                last.role == "assistant",
                "last_turn_not_assistant",
                f"the last turn of {name} is by {last.role}",
            )
            need(bool(last.content.strip()), "empty_response", f"the last turn of {name} is empty")
        yield Draft(
            key=self.key(record),
            prompt=chosen[:-1],
            first=Response(text=chosen[-1].content),
            second=Response(text=rejected[-1].content),
            preferred="first",
            where=str(place),
        )


def _turns(record: Mapping[str, Any], name: str) -> tuple[Turn, ...]:
    raw = record.get(name)
    need(bool(raw), "missing_field", f"{name} is missing, null or empty")
    need(isinstance(raw, list), "not_turns", f"{name} is {type(raw).__name__}, expected turns")
    turns = []
    for number, turn in enumerate(raw or ()):
        fields: Mapping[str, Any] = turn if isinstance(turn, Mapping) else {}
        role: Any = fields.get("role")
        content: Any = fields.get("content")
        need(content is not None, "missing_field", f"turn {number} of {name} has no content")
        need(isinstance(content, str), "not_text", f"turn {number} of {name} is not text")
        need(role in ROLES, "unknown_role", f"turn {number} of {name} has the role {role!r}")
        turns.append(Turn(role, content))
    return tuple(turns)
