"""From a record of a benchmark to the parts of its item: texts, and media yet to be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pipelines.benchmarks.layouts import Roles
from transforms.sources.draft import Reject
from transforms.sources.mapped.values import is_turns, plain_text, turns_of, value_of

#: Where a mapping without turns has a response.
_HELD: Final = ("content", "value", "text", "response", "answer", "output", "completion")


@dataclass(frozen=True)
class TextPart:
    """A text of an item; `field` is ``prompt`` or ``response``."""

    item: str
    field: str
    text: str


@dataclass(frozen=True)
class MediumPart:
    """A medium of an item: its bytes where they were in the record, else where they lie.

    `field` is ``prompt_medium`` or ``response_medium``.
    """

    item: str
    field: str
    data: bytes | None
    path: str


def parts_of(record: Mapping[str, Any], item: str, roles: Roles) -> Iterator[TextPart | MediumPart]:
    """The parts of one record's item; columns that it lacks are passed over.

    Raises:
        Reject: a value is of a shape that can't be read.
    """
    prompts = [_prompt(value_of(record, name), name) for name in roles.prompt]
    prompt = "\n".join(text for text in prompts if text)
    if prompt.strip():
        yield TextPart(item, "prompt", prompt)
    for name in roles.responses:
        for text in _responses(value_of(record, name), name):
            if text.strip():
                yield TextPart(item, "response", text)
    sides = (("prompt_medium", roles.prompt_media), ("response_medium", roles.response_media))
    for field, role in sides:
        for names in role:
            for data, path in _first_media(record, names):
                yield MediumPart(item, field, data, path)


def _prompt(value: Any, name: str) -> str:
    """A prompt as one text: all turns of a conversation, all texts of a list."""
    if value is None:
        return ""
    if is_turns(value):
        return "\n".join(turn.content for turn in turns_of(value, name))
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return "\n".join(value)
    return plain_text(value, name)


def _responses(value: Any, name: str) -> list[str]:
    """The responses of a column: one, or one each in a list; of a conversation the last turn."""
    if value is None:
        return []
    if isinstance(value, bool | int | float):
        return [str(value)]
    if is_turns(value):
        return [turns_of(value, name)[-1].content]
    if isinstance(value, list):
        return [text for one in value for text in _responses(one, name)]
    if isinstance(value, Mapping):  # of one response, or of lists, as Parquet gives a sequence
        held = next((value[key] for key in _HELD if value.get(key) is not None), None)
        if held is None:
            raise Reject("not_text", f"{name} is a mapping without text")
        return _responses(held, name)
    return [plain_text(value, name)]


def _first_media(
    record: Mapping[str, Any], names: tuple[str, ...]
) -> list[tuple[bytes | None, str]]:
    for name in names:
        found = _media(value_of(record, name), name)
        if found:
            return found
    return []


def _media(value: Any, name: str) -> list[tuple[bytes | None, str]]:
    """The media of a cell: bytes, a path, a struct of both, or a list of such."""
    if value is None or value == "":
        return []
    if isinstance(value, list):
        return [one for item in value for one in _media(item, name)]
    if isinstance(value, bytes):
        return [(value, "")]
    if isinstance(value, str):
        return [(None, value)]
    if isinstance(value, Mapping):
        data, path = value.get("bytes"), value.get("path")
        path = path if isinstance(path, str) else ""
        if isinstance(data, bytes) and data:
            return [(data, path)]
        return [(None, path)] if path else []
    raise Reject("not_a_medium", f"{name} is {type(value).__name__}, expected bytes or a path")
