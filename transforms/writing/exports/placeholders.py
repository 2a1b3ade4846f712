"""Placeholders of media in text: those of the row's own media, and what only looks like one.

A trainer counts ``<image>``, ``<video>`` and ``<audio>`` in all texts of a row and compares the
number with the media, so a text that only mentions one would break the row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from transforms.writing.exports.row import with_system_folded

IMAGE: Final = "<image>"
VIDEO: Final = "<video>"
AUDIO: Final = "<audio>"

#: A turn cut at the places of the row's own media: text, and None where a medium stands.
Cut = tuple[str, list[str | None]]

_ANY: Final = re.compile(r"<(image|video|audio)>")
_LINE_END: Final = re.compile(r"[ \t]*\n")
ESCAPED: Final = "placeholder_escaped"


def escaped(text: str, notes: list[str]) -> str:
    """The text with ``<image>`` written ``< image >``; noted if there was any."""
    made, number = _ANY.subn(r"< \1 >", text)
    if number and ESCAPED not in notes:
        notes.append(ESCAPED)
    return made


def cut(turns: Sequence[tuple[str, str]], own: Sequence[tuple[str, int]]) -> list[Cut]:
    """The turns, cut where the row's own media stand.

    Args:
        turns: the prompt as ``(role, content)``.
        own: placeholders that may stand for the media of the prompt, each with the number of media.
            The first of them that the user's turns hold often enough is the row's own, so many
            times and in order; all others are words of the text.
    """
    for token, number in own:
        said = sum(content.count(token) for role, content in turns if role == "user")
        if 0 < number <= said:
            return _cut_at(turns, token, number)
    return [(role, [content]) for role, content in turns]


def _cut_at(turns: Sequence[tuple[str, str]], token: str, number: int) -> list[Cut]:
    made: list[Cut] = []
    for role, content in turns:
        texts = content.split(token, number) if role == "user" else [content]
        number -= len(texts) - 1
        pieces: list[str | None] = [texts[0]]
        for text in texts[1:]:
            pieces += [None, text]
        made.append((role, pieces))
    return made


def own_of_frames(frames: Sequence[object]) -> list[tuple[str, int]]:
    """What may stand for a clip that exists as frames: itself once, or each of its frames."""
    return [(VIDEO, min(1, len(frames))), (IMAGE, len(frames))]


def folded(turns: Sequence[Cut]) -> tuple[list[Cut], bool]:
    """`with_system_folded` for turns that are cut.

    Raises:
        UnfitError: as there.
    """
    _, was = with_system_folded([(role, "") for role, _ in turns])
    if not was:
        return list(turns), False
    (_, system), (role, first), *rest = turns
    return [(role, [*system, "\n\n", *first]), *rest], True


def without_own(pieces: Sequence[str | None]) -> str:
    """A turn without the placeholders of the row's own media, and the line ends after them."""
    made, after = "", False
    for piece in pieces:
        if piece is not None:
            made += piece[line_end(piece) :] if after else piece
        after = piece is None
    return made


def line_end(text: str) -> int:
    """How much of a text is the end of a line that began before it."""
    found = _LINE_END.match(text)
    return found.end() if found else 0


def placed(
    turns: Sequence[Cut], token: str, number: int, notes: list[str]
) -> list[tuple[str, str]]:
    """The turns with `number` placeholders, all in one user turn.

    They stay where the row's own stand if one turn has them all; else they go before the first user
    turn. What only looks like one is escaped.
    """
    holders = [at for at, (_, pieces) in enumerate(turns) if None in pieces]
    if number and len(holders) == 1:
        return [
            (role, _in_place(pieces, token, number, notes) if at == holders[0] else
             escaped(without_own(pieces), notes))
            for at, (role, pieces) in enumerate(turns)
        ]  # fmt: skip
    made = [(role, escaped(without_own(pieces), notes)) for role, pieces in turns]
    if number:
        first = next(at for at, (role, _) in enumerate(made) if role == "user")
        role, content = made[first]
        made[first] = (role, f"{token * number}\n{content}")
    return made


def _in_place(pieces: Sequence[str | None], token: str, number: int, notes: list[str]) -> str:
    """The media where they stand; if they are others in number, all where the first stands."""
    each = sum(piece is None for piece in pieces) == number
    left = number
    made = ""
    for piece in pieces:
        if piece is not None:
            made += escaped(piece, notes)
        elif left:
            made += token * (1 if each else left)
            left -= 1 if each else left
    return made
