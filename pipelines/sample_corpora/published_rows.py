"""Rows of the published set: a source pair in the published shape, and what may be done to it."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from pipelines.sample_corpora.edits import reworded
from pipelines.sample_corpora.pictures import picture
from pipelines.sample_corpora.reencode import picture_as

_ROLES: Final = {"user": "human", "assistant": "gpt"}
#: Share of words that an edited row has changed: more than any normalisation takes back.
_EDITED: Final = 0.05


@dataclass(frozen=True)
class Medium:
    """A picture and its file's name; a cell has none."""

    data: bytes
    name: str | None


@dataclass(frozen=True)
class Answer:
    """A response: text, or pictures (the frames of a clip)."""

    text: str | None
    media: tuple[Medium, ...] = ()


@dataclass(frozen=True)
class PublishedPair:
    """A source pair in the terms of the published set. `turns` are ``(from, value)``."""

    key: str
    preferred: str
    turns: tuple[tuple[str, str], ...]
    shown: tuple[Medium, ...]
    chosen: Answer
    rejected: Answer

    @classmethod
    def of(cls, draft: Mapping[str, Any], media: Mapping[tuple[str, str], bytes]) -> Any:
        """The pair of a draft; None where it has no two answers, or unusable media.

        Of a tie the first is taken for chosen: a published row always prefers one.
        """
        parts = [
            [(media.get((r["container"], r["member"])), r["member"]) for r in draft[column]]
            for column in ("prompt_media", "first_media", "second_media")
        ]
        if not all(data and _decodes(data) for part in parts for data, _ in part):
            return None
        shown, *answers = (
            tuple(Medium(data or b"", _name(member)) for data, member in part) for part in parts
        )
        first, second = (
            Answer(draft[f"{side}_text"], found)
            for side, found in zip(("first", "second"), answers, strict=True)
        )
        same = [one.data for one in first.media] == [two.data for two in second.media]
        if first.text == second.text and same:
            return None
        turns = tuple(
            (_ROLES[turn["role"]], turn["content"])
            for turn in draft["prompt"]
            if turn["role"] in _ROLES
        )
        made = cls(draft["key"], "first", turns, shown, first, second)
        if draft["preferred"] == "second":
            return replace(made.reversed, preferred="second")
        return made

    @property
    def reversed(self) -> PublishedPair:
        """The other answer preferred."""
        return replace(self, chosen=self.rejected, rejected=self.chosen)


def changed(pair: PublishedPair, kind: str, rng: np.random.Generator) -> PublishedPair:
    """The pair as a row of this kind has it."""
    role, asked = pair.turns[-1]

    def asking(text: str) -> PublishedPair:
        return replace(pair, turns=(*pair.turns[:-1], (role, text)))

    match kind:
        case "crlf":
            return _with_text(pair, lambda text: text.replace("\n", "\r\n"))
        case "decomposed":
            return _with_text(pair, lambda text: unicodedata.normalize("NFD", text))
        case "white_space":
            return asking(f" {asked.replace(' ', '  ', 2)}\n")
        case "reencoded":
            # Frames of sample clips are too small to look the same after a codec with losses.
            way = "recompressed" if len(pair.chosen.media) <= 1 else "reencoded"
            media = [
                tuple(replace(one, data=picture_as(one.data, way)) for one in part)
                for part in (pair.shown, pair.chosen.media, pair.rejected.media)
            ]
            chosen, rejected = (
                replace(answer, media=part)
                for answer, part in zip((pair.chosen, pair.rejected), media[1:], strict=True)
            )
            return replace(pair, shown=media[0], chosen=chosen, rejected=rejected)
        case "edited" if pair.chosen.text is None:
            return asking(reworded(asked, rng, _EDITED))
        case "edited":
            text = reworded(pair.chosen.text or "", rng, _EDITED)
            return replace(pair, chosen=replace(pair.chosen, text=text))
        case "foreign":
            return _foreign(pair, rng)
    return pair


def _with_text(pair: PublishedPair, change: Any) -> PublishedPair:
    chosen, rejected = (
        answer if answer.text is None else replace(answer, text=change(answer.text))
        for answer in (pair.chosen, pair.rejected)
    )
    turns = tuple((role, change(text)) for role, text in pair.turns)
    return replace(pair, turns=turns, chosen=chosen, rejected=rejected)


def _foreign(pair: PublishedPair, rng: np.random.Generator) -> PublishedPair:
    """A pair of no corpus: made-up words, pictures of its own."""

    def text() -> str:
        letters = rng.integers(97, 123, (30, 7)).astype(np.uint8)
        return " ".join(bytes(word).decode() for word in letters)

    def answer(one: Answer) -> Answer:
        media = tuple(Medium(picture(rng), None) for _ in one.media)
        return Answer(None if one.text is None else text(), media)

    return replace(
        pair,
        turns=(("human", text()),),
        shown=tuple(Medium(picture(rng), None) for _ in pair.shown),
        chosen=answer(pair.chosen),
        rejected=answer(pair.rejected),
    )


def shape(
    task: str, pair: PublishedPair, criterion: str | None, names: list[list[str]], at: int
) -> dict[str, Any]:
    """A row as the trainer reads it; `names` are the paths of media shown, chosen, rejected."""
    shown, chosen, rejected = names
    turns = [{"from": role, "value": value} for role, value in pair.turns]
    said = (pair.chosen.text, pair.rejected.text)
    if task == "ti2t":
        turns[0]["value"] = f"<image>{('', chr(10))[at % 2]}{turns[0]['value']}"
    elif task != "t2t":
        said = (pair.turns[-1][1], pair.turns[-1][1])
        turns = [{"from": "human", "value": "<image>" * len(chosen)}]
    system = [] if criterion is None else [{"from": "system", "value": criterion}]
    return {
        "conversations": [*system, *turns],
        "chosen": {"from": "gpt", "value": said[0]},
        "rejected": {"from": "gpt", "value": said[1]},
        "images": [*shown, *chosen, *rejected],
    }


def _decodes(data: bytes) -> bool:
    from PIL import Image

    try:
        Image.open(io.BytesIO(data)).load()
    except (OSError, ValueError, SyntaxError):
        return False
    return True


def _name(member: str) -> str | None:
    last = member.rsplit("/", 1)[-1]
    return last if "." in last else None
