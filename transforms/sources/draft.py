"""What an adapter makes of one record: a draft of a preference pair, or the reason why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa

from schemas.flight import DRAFT_SCHEMA
from schemas.media import MediaRef
from schemas.tasks import CriterionOrigin, Role


class Reject(Exception):  # noqa: N818 - a verdict about a record, not an error of the code
    """A record that can't become a pair: a dead letter with this reason code and message."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason, self.message = reason, message


class Dropped(Exception):  # noqa: N818 - a verdict about a record, not an error of the code
    """A sound record that gives no pair by a rule of the recipe (``tie``): it is counted."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


@dataclass(frozen=True)
class Turn:
    """One turn of a prompt."""

    role: Role
    content: str


@dataclass(frozen=True)
class Response:
    """One response: text, media, or both, and what the corpus knows of it."""

    text: str | None = None
    media: tuple[MediaRef, ...] = ()
    model: str | None = None
    score: float | None = None
    frames_fps: float | None = None


@dataclass(frozen=True)
class Draft:
    """A preference pair in the corpus's own order of responses, media not yet located.

    `key` is the corpus's id for the pair, unique within it, or `schemas.ids.content_key`.
    """

    key: str
    prompt: tuple[Turn, ...]
    first: Response
    second: Response
    preferred: Literal["first", "second", "tie"]
    prompt_media: tuple[MediaRef, ...] = ()
    margin: float | None = None
    criterion: str | None = None
    criterion_origin: CriterionOrigin | None = None
    flipped: bool | None = None
    url: str | None = None
    where: str = ""
    notes: tuple[str, ...] = field(default=())

    def as_row(self) -> dict[str, Any]:
        """The draft as a row of `DRAFT_SCHEMA`, not ranked yet."""
        return {
            "key": self.key,
            "rank": None,
            "prompt": [{"role": turn.role, "content": turn.content} for turn in self.prompt],
            "prompt_media": [ref.as_row() for ref in self.prompt_media],
            **_side("first", self.first),
            **_side("second", self.second),
            "preferred": self.preferred,
            "margin": self.margin,
            "criterion": self.criterion,
            "criterion_origin": self.criterion_origin,
            "flipped": self.flipped,
            "url": self.url,
            "where": self.where,
        }


def _side(name: str, response: Response) -> dict[str, Any]:
    return {
        f"{name}_text": response.text,
        f"{name}_media": [ref.as_row() for ref in response.media],
        f"{name}_frames_fps": response.frames_fps,
        f"{name}_model": response.model,
        f"{name}_score": response.score,
    }


def draft_table(drafts: Sequence[Draft]) -> pa.Table:
    """A table of `DRAFT_SCHEMA`.

    Raises:
        UnicodeEncodeError: a text holds a lone surrogate; `has_surrogate` finds it beforehand.
    """
    return pa.Table.from_pylist([draft.as_row() for draft in drafts], schema=DRAFT_SCHEMA)
