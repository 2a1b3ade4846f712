"""Two conversations that part at their last turn: the shared prompt and the two responses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from schemas.tasks import ROLES
from transforms.sources.adapter import need
from transforms.sources.draft import Turn


def shared_prompt(
    chosen: Sequence[Turn], rejected: Sequence[Turn]
) -> tuple[tuple[Turn, ...], str, str]:
    """The turns before the last, which both have, and the text of the last of each.

    Raises:
        Reject: `no_prompt`, `prompts_differ`, `last_turn_not_assistant` or `empty_response`.
    """
    need(len(chosen) > 1 and len(rejected) > 1, "no_prompt", "no turn before the response")
    need(
        tuple(chosen[:-1]) == tuple(rejected[:-1]),
        "prompts_differ",
        "the turns before the last differ between chosen and rejected",
    )
    for name, turns in (("chosen", chosen), ("rejected", rejected)):
        last_text(turns, name)
    return tuple(chosen[:-1]), chosen[-1].content, rejected[-1].content


def last_text(turns: Sequence[Turn], title: str) -> str:
    """The text of a conversation's last turn, which must be the assistant's.

    Raises:
        Reject: `last_turn_not_assistant` or `empty_response`.
    """
    last = turns[-1]
    need(
        last.role == "assistant",
        "last_turn_not_assistant",
        f"the last turn of {title} is by {last.role}",
    )
    need(bool(last.content.strip()), "empty_response", f"the last turn of {title} is empty")
    return last.content


def record_turns(record: Mapping[str, Any], name: str) -> tuple[Turn, ...]:
    """A column of ``{role, content}`` turns, whose roles are ours already.

    Raises:
        Reject: `missing_field`, `not_turns`, `not_text` or `unknown_role`.
    """
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
