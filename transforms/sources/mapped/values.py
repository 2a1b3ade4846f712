"""Reading a record's values by name, path or template, and text in the shapes it comes in."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from typing import Any, Final

from transforms.sources.adapter import need
from transforms.sources.draft import Reject, Turn

#: Names of roles that corpora use, and ours.
ROLE_NAMES: Final[Mapping[str, str]] = {
    "system": "system",
    "user": "user",
    "human": "user",
    "prompter": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "model": "assistant",
    "bot": "assistant",
}
_ROLE_KEYS: Final = ("role", "from")
_CONTENT_KEYS: Final = ("content", "value", "text")


def value_of(record: Mapping[str, Any], name: str) -> Any:
    """The value behind a column name, a path of names and positions, or a template; else None."""
    if name in record:
        return record[name]
    if "{" in name:
        return _filled(record, name)
    value: Any = record
    for part in name.split("."):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and part.isdecimal():
            value = value[int(part)] if int(part) < len(value) else None
        else:
            return None
    return value


def _filled(record: Mapping[str, Any], template: str) -> str | None:
    """A template with columns put in. No attributes or formats: corpora are hostile."""
    pieces = []
    for text, name, _, _ in string.Formatter().parse(template):
        pieces.append(text)
        if name:
            value = value_of(record, name)
            if value is None or isinstance(value, Mapping | list):
                return None
            pieces.append(str(value))
    return "".join(pieces)


def needed(record: Mapping[str, Any], name: str) -> Any:
    """A value that must be there.

    Raises:
        Reject: `missing_field`.
    """
    value = value_of(record, name)
    need(value is not None, "missing_field", f"{name} is missing or null")
    return value


def plain_text(value: Any, title: str, inner: str | None = None) -> str:
    """Text from a string, typed content parts, or a mapping that holds either.

    `inner` is where a mapping has it; by default under a usual name for content.

    Raises:
        Reject: `not_text`, or `content_part` for a part that is no text.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        held = (
            value_of(value, inner)
            if inner is not None
            else next((value[key] for key in _CONTENT_KEYS if value.get(key) is not None), None)
        )
        need(held is not None, "missing_field", f"{title} has no text in it")
        return plain_text(held, title)
    if isinstance(value, list) and value and all(isinstance(part, Mapping) for part in value):
        return "".join(_part_text(part, title) for part in value)
    raise Reject("not_text", f"{title} is {type(value).__name__}, expected text")


def _part_text(part: Mapping[str, Any], title: str) -> str:
    kind = part.get("type", "text")
    need(kind == "text", "content_part", f"{title} has a part of type {kind!r}, only text is read")
    held = next((part[key] for key in ("text", "value", "content") if key in part), None)
    need(isinstance(held, str), "not_text", f"{title} has a part without text")
    return str(held)


def is_turns(value: Any) -> bool:
    """Whether a value is a list of turns: mappings with a role."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(t, Mapping) and any(k in t for k in _ROLE_KEYS) for t in value)
    )


def turns_of(value: Sequence[Mapping[str, Any]], title: str) -> tuple[Turn, ...]:
    """Turns in our words for roles.

    Raises:
        Reject: `unknown_role`, `missing_field`, `not_text` or `content_part`.
    """
    turns = []
    for number, turn in enumerate(value):
        said = next((turn[key] for key in _ROLE_KEYS if key in turn), None)
        role: Any = ROLE_NAMES.get(said.lower()) if isinstance(said, str) else None
        need(role is not None, "unknown_role", f"turn {number} of {title} has the role {said!r}")
        content = {key: turn[key] for key in _CONTENT_KEYS if turn.get(key) is not None}
        turns.append(Turn(role, plain_text(content, f"turn {number} of {title}")))
    return tuple(turns)


def transcript_turns(text: str, marks: Mapping[str, str], title: str) -> tuple[Turn, ...]:
    """Split a transcript at the marks of its speakers; white space around a turn goes.

    A mark counts where it stands in full, line ends included; at the very beginning its own
    leading line ends may be missing.

    Raises:
        Reject: `not_a_transcript` when text stands before the first mark or there is none.
    """
    roles = {mark: role for role, mark in marks.items()}
    longest_first = sorted(roles, key=len, reverse=True)
    opening = next((m for m in longest_first if text.lstrip().startswith(m.lstrip())), None)
    if opening is None:
        raise Reject("not_a_transcript", f"{title} does not begin with a speaker's mark")
    body = text.lstrip().removeprefix(opening.lstrip())
    pieces = re.split("(" + "|".join(map(re.escape, longest_first)) + ")", body)
    said = [(opening, pieces[0]), *zip(pieces[1::2], pieces[2::2], strict=True)]
    return tuple(Turn(roles[mark], words.strip()) for mark, words in said)  # type: ignore[arg-type]
