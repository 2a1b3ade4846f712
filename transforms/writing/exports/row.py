"""What a published row holds, in the terms of exports: turns, answers and media by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from transforms.writing.exports.format import UnfitError

Row = Mapping[str, Any]
#: A medium of a row: its bytes, and a name of which only the ending is looked at.
Medium = Mapping[str, Any]

_OTHER: Final = {"a": "b", "b": "a"}


@dataclass(frozen=True)
class Sides:
    """Which response is chosen: ``a`` or ``b``."""

    chosen: str
    rejected: str


def sides(row: Row) -> Sides:
    """Who won.

    Raises:
        UnfitError: nobody did.
    """
    preferred = row["preference"]
    if preferred == "tie":
        raise UnfitError("tie")
    if preferred not in _OTHER:
        raise UnfitError("no_preference")
    return Sides(preferred, _OTHER[preferred])


def text_of(row: Row, side: str) -> str:
    """The text of a response.

    Raises:
        UnfitError: it has none.
    """
    text = row[f"response_{side}_text"]
    if not text:
        raise UnfitError("empty_response")
    return str(text)


def media(row: Row, column: str) -> Sequence[Medium]:
    """The media of a column, each with its bytes.

    Raises:
        UnfitError: one has none.
    """
    value = row.get(column)
    found = [] if value is None else value if isinstance(value, list) else [value]
    if any(one is None or not one.get("bytes") for one in found):
        raise UnfitError("medium_without_bytes")
    return found


def response_media(row: Row, side: str, *slots: str) -> tuple[str, Sequence[Medium]]:
    """The first of these slots that a response fills, and what fills it.

    Raises:
        UnfitError: it fills none of them.
    """
    for slot in slots:
        found = media(row, f"response_{side}_{slot}")
        if found:
            return slot, found
    raise UnfitError(f"no_{slots[0]}")


def turns(row: Row) -> list[tuple[str, str]]:
    """The prompt as ``(role, content)``.

    Raises:
        UnfitError: there is none.
    """
    found = [(str(turn["role"]), str(turn["content"] or "")) for turn in row["prompt"] or ()]
    if not found:
        raise UnfitError("no_prompt")
    return found


def one_text(row: Row) -> str:
    """The prompt of a row that asks for a medium: the text of its only turn.

    Raises:
        UnfitError: it has several turns, or no text.
    """
    said = turns(row)
    if len(said) != 1:
        raise UnfitError("several_turns")
    if not said[0][1]:
        raise UnfitError("no_prompt")
    return said[0][1]


def with_system_folded(said: Sequence[tuple[str, str]]) -> tuple[list[tuple[str, str]], bool]:
    """The turns with a leading system turn put before the first user turn; and whether one was.

    For formats with one system turn, which the criterion takes.

    Raises:
        UnfitError: a system turn stands elsewhere, turns don't alternate, or the last is no user's.
    """
    given = list(said)
    folded = given[0][0] == "system"
    if folded:
        system, given = given[0][1], given[1:]
    roles = [role for role, _ in given]
    if len(roles) % 2 == 0 or roles != ["user", "assistant"] * (len(roles) // 2) + ["user"]:
        raise UnfitError("turns_do_not_alternate")
    if folded:
        given[0] = ("user", f"{system}\n\n{given[0][1]}")
    return given, folded
