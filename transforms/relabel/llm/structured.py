"""From the text of an answer to a value that satisfies a JSON schema; the text is hostile."""

from __future__ import annotations

import json
import re
from typing import Any, Final, NoReturn

from transforms.relabel.llm.question import Json, Question
from transforms.relabel.settings_models import ModelSettings

#: Places in a text where an object is looked for, and characters of a complaint.
_MOST_STARTS: Final = 64
_COMPLAINT: Final = 300
_MOST_CHARACTERS: Final = 1_000_000
_THINKING: Final = re.compile(r"\A\s*<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL)

ASKED = "Answer with one JSON value that satisfies this JSON schema, and with nothing else:\n{}"


class UnusableError(Exception):
    """An answer is no JSON, or not what the schema wants: the message is fed back."""


def response_format(question: Question, settings: ModelSettings) -> dict[str, Any] | None:
    """The field of that name of a request; None: it is left out."""
    if settings.structured == "json_schema":
        schema = {"name": question.schema_name, "schema": question.schema, "strict": True}
        return {"type": "json_schema", "json_schema": schema}
    return {"type": "json_object"} if settings.structured == "json_object" else None


class Parser:
    """Parses and validates; validators are made once a schema."""

    def __init__(self) -> None:
        self._validators: dict[int, tuple[Json, Any]] = {}

    def parse(self, text: str, schema: Json) -> Any:
        """The value in `text`: all of it, or the first object in it that satisfies the schema.

        Raises:
            UnusableError: there is none; says what is wrong with the first that comes near.
        """
        if len(text) > _MOST_CHARACTERS:
            raise UnusableError("the answer is far too long")
        text = _THINKING.sub("", text)
        try:
            candidates = [_DECODER.decode(text)]
        except (ValueError, RecursionError) as error:
            candidates, complaint = list(_objects(text)), f"it is not JSON ({error})"
        first = None
        for value in candidates:
            wrong = self._wrong(value, schema)
            if wrong is None:
                return value
            first = first or wrong
        raise UnusableError((first or complaint)[:_COMPLAINT])

    def _wrong(self, value: Any, schema: Json) -> str | None:
        kept = self._validators.get(id(schema))
        if kept is None or kept[0] is not schema:  # the schema is held, so its id is not reused
            from jsonschema import Draft202012Validator

            kept = (schema, Draft202012Validator(schema))
            self._validators[id(schema)] = kept
            if len(self._validators) > 64:
                self._validators.pop(next(iter(self._validators)))
        try:
            error = next(kept[1].iter_errors(value), None)
            # Half a surrogate pair is valid JSON, but no text that can be stored.
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            return "it holds characters that are no Unicode text"
        except (RecursionError, ValueError):
            return "it is nested too deeply"
        return None if error is None else f"{error.json_path}: {error.message}"


def _objects(text: str) -> list[Any]:
    """Objects in prose, in order; none is looked for inside another."""
    found, at = [], text.find("{")
    for _ in range(_MOST_STARTS):
        if at < 0:
            break
        try:
            value, end = _DECODER.raw_decode(text, at)
            found.append(value)
        except (ValueError, RecursionError):
            end = at + 1
        at = text.find("{", end)
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


_DECODER: Final = json.JSONDecoder(parse_constant=_no_number)
