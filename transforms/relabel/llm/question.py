"""A question to a model, and the key under which its answer is kept.

The key is a digest of what the model is shown and how it is asked: served model, messages with
media by source digest and rendering parameters, parameters, response schema. No code, no media
bytes and no address is part of it: a new release, or a media policy, orphans no paid answer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from transforms.relabel.settings_models import Modality, ModelSettings

#: Goes up when the same request would have to be written in another way: it is part of every key.
KEY_VERSION = 1

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Text:
    """A part of a message."""

    text: str


@dataclass(frozen=True)
class Media:
    """A picture, frame of a clip, or sound, by the digest of its source.

    `rendering` says how the bytes that are sent are made of the source (for instance size, time of
    the frame, format): two renderings are two questions. `facts` serve the count of tokens alone:
    width and height in pixels, or seconds; they are not part of the key.
    """

    kind: Literal["image", "frame", "audio"]
    #: SHA-256 of the source's bytes as found, hex.
    digest: str
    rendering: tuple[tuple[str, str | int | float], ...] = ()
    width: int = 0
    height: int = 0
    seconds: float = 0.0

    @property
    def modality(self) -> Modality:
        """What a model must accept to be shown this; a frame is a picture to it."""
        return "audio" if self.kind == "audio" else "image"


Part = Text | Media


@dataclass(frozen=True)
class Message:
    """One turn."""

    role: Literal["system", "user", "assistant"]
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Question:
    """What one model is asked: `model` is its name in the recipe.

    `schema` is the JSON schema of the answer, `schema_name` its name for the server. Parameters
    that are None are those of the model's settings. `replicate` tells apart questions that are
    asked several times on purpose. `pair_id` and `label` are for the ledger and are not part of
    the key.
    """

    model: str
    messages: tuple[Message, ...]
    schema: Json
    schema_name: str = "answer"
    temperature: float | None = None
    max_output_tokens: int | None = None
    replicate: int = 0
    pair_id: str = ""
    label: str = ""

    def media(self) -> list[Media]:
        """All media of all messages, in order."""
        return [part for m in self.messages for part in m.parts if isinstance(part, Media)]


def parameters(question: Question, settings: ModelSettings) -> dict[str, Any]:
    """What steers the sampling: the question's own values, else the model's."""
    temperature = settings.temperature if question.temperature is None else question.temperature
    limit = question.max_output_tokens or settings.max_output_tokens
    return {
        "temperature": temperature,
        "top_p": settings.top_p,
        "seed": settings.seed,
        "max_output_tokens": limit,
    }


class Keys:
    """Makes the keys of one model's questions; what is the same in all is encoded once."""

    def __init__(self, name: str, settings: ModelSettings) -> None:
        self.settings = settings
        self.model = settings.served_as or name
        self._schemas: dict[int, tuple[Json, str]] = {}

    def key(self, question: Question) -> str:
        """SHA-256, hex, over the question's canonical JSON."""
        return hashlib.sha256(self.canonical(question).encode()).hexdigest()

    def canonical(self, question: Question) -> str:
        """What the key is the digest of."""
        settings = self.settings
        rest = [
            KEY_VERSION,
            self.model,
            settings.structured,
            sorted(parameters(question, settings).items()),
            question.replicate,
            [[message.role, _parts(message.parts)] for message in question.messages],
        ]
        return f"{_dump(rest)}\n{question.schema_name}\n{self._schema(question.schema)}"

    def _schema(self, schema: Json) -> str:
        kept = self._schemas.get(id(schema))
        if kept is None or kept[0] is not schema:  # the schema is held, so its id is not reused
            kept = (schema, _dump(schema))
            self._schemas[id(schema)] = kept
            if len(self._schemas) > 64:
                self._schemas.pop(next(iter(self._schemas)))
        return kept[1]


def _parts(parts: Sequence[Part]) -> list[list[object]]:
    return [
        ["text", part.text]
        if isinstance(part, Text)
        else [part.kind, part.digest, sorted(part.rendering)]
        for part in parts
    ]


def _dump(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
