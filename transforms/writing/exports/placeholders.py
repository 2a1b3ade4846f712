"""Placeholders of media in text: put where media belong, and taken out of their meaning elsewhere.

A trainer counts ``<image>``, ``<video>`` and ``<audio>`` in all texts of a row and compares the
number with the media, so a text that only mentions one would break the row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

IMAGE: Final = "<image>"
VIDEO: Final = "<video>"
AUDIO: Final = "<audio>"

_ANY: Final = re.compile(r"<(image|video|audio)>")
ESCAPED: Final = "placeholder_escaped"


def escaped(text: str, notes: list[str]) -> str:
    """The text with ``<image>`` written ``< image >``; noted if there was any."""
    made, number = _ANY.subn(r"< \1 >", text)
    if number and ESCAPED not in notes:
        notes.append(ESCAPED)
    return made


def placed(
    turns: Sequence[tuple[str, str]], token: str, number: int, notes: list[str]
) -> list[tuple[str, str]]:
    """The turns with `number` placeholders, all in one user turn.

    They stay where the prompt has exactly these already; else they go before the first user turn,
    and what looks like one is escaped. With no media everything that looks like one is escaped.
    """
    found = [_ANY.findall(content) for _, content in turns]
    kind = token.strip("<>")
    holders = [at for at, names in enumerate(found) if names]
    in_place = number and len(holders) == 1 and found[holders[0]] == [kind] * number
    if in_place and turns[holders[0]][0] == "user":
        return list(turns)
    made = [(role, escaped(content, notes)) for role, content in turns]
    if number:
        first = next(at for at, (role, _) in enumerate(made) if role == "user")
        role, content = made[first]
        made[first] = (role, f"{token * number}\n{content}")
    return made


def without_placeholders(text: str) -> str:
    """The text without placeholders and the line ends after them, for formats that need none."""
    return re.sub(r"<(?:image|video|audio)>[ \t]*\n?", "", text)
