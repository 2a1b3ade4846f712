"""A question to a model, and the key under which its answer is kept.

The key is a digest of what the model is shown and how it is asked: served model, messages with
media by source digest and rendering parameters, parameters, response schema. No code, no media
bytes and no address is part of it: a new release, or a media policy, orphans no paid answer.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
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

    @functools.cached_property
    def canonical(self) -> str:
        """Its part of a key; made once, as many questions share a text."""
        return f'["text",{json.dumps(self.text)}]'


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

    @property
    def canonical(self) -> str:
        """Its part of a key: how large it is does not matter."""
        return _dump([self.kind, self.digest, sorted(self.rendering)])


Part = Text | Media


@dataclass(frozen=True)
class Message:
    """One turn."""

    role: Literal["system", "user", "assistant"]
    parts: tuple[Part, ...]

    @functools.cached_property
    def canonical(self) -> str:
        """Its part of a key."""
        return f'["{self.role}",[{",".join(part.canonical for part in self.parts)}]]'


@dataclass(frozen=True)
class Question:
    """What one model is asked: `model` is its name in the recipe.

    `schema` is the JSON schema of the answer, `schema_name` its name for the server. Parameters
    that are None are those of the model's settings; see `parameters`. `replicate` tells apart
    questions that are asked several times on purpose. `pair_id` and `label` are for the ledger and
    are not part of the key.
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
    """What steers the sampling: the question's own values, else the model's.

    A model whose temperature is None takes none, and one that thinks has room for it.
    """
    temperature = settings.temperature
    if temperature is not None and question.temperature is not None:
        temperature = question.temperature
    limit = (question.max_output_tokens or settings.max_output_tokens) + settings.thinking_tokens
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
        self._steerings: dict[tuple[float | None, int | None, int], str] = {}

    def key(self, question: Question) -> str:
        """SHA-256, hex, over the question's canonical JSON."""
        return hashlib.sha256(self.canonical(question).encode()).hexdigest()

    def canonical(self, question: Question) -> str:
        """What the key is the digest of."""
        messages = ",".join(message.canonical for message in question.messages)
        told = f"{self._steering(question)},[{messages}]]"
        return f"{told}\n{question.schema_name}\n{self._schema(question.schema)}"

    def _steering(self, question: Question) -> str:
        """The beginning of a key's text: an open list of all that stands before the messages."""
        asked = question.temperature, question.max_output_tokens, question.replicate
        if asked not in self._steerings:
            settings = self.settings
            steering = sorted(parameters(question, settings).items())
            plain = [KEY_VERSION, self.model, settings.structured, steering, question.replicate]
            self._steerings[asked] = _dump(plain)[:-1]
        return self._steerings[asked]

    def _schema(self, schema: Json) -> str:
        kept = self._schemas.get(id(schema))
        if kept is None or kept[0] is not schema:  # the schema is held, so its id is not reused
            kept = (schema, _dump(schema))
            self._schemas[id(schema)] = kept
            if len(self._schemas) > 64:
                self._schemas.pop(next(iter(self._schemas)))
        return kept[1]


def _dump(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
