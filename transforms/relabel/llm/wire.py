"""The request that a question becomes, and what its reply says (chat completions)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from transforms.relabel.llm.question import Keys, Media, Message, Question, Text, parameters
from transforms.relabel.llm.structured import ASKED, response_format
from transforms.relabel.settings_models import ModelSettings

#: Gives the bytes of a medium in the rendering that it names.
MediaBytes = Callable[[Media], bytes]

_REPAIR = (
    "That answer can't be used: {}. Answer again, with one JSON value that satisfies the schema "
    "and with nothing else."
)
#: Of an answer that is fed back.
_MOST_FED_BACK = 4000


@dataclass(frozen=True)
class Repair:
    """An answer that could not be used, and why."""

    answer: str
    wrong: str


@dataclass(frozen=True)
class Reply:
    """What a 200 says. `text` is None where the model refused; tokens None where not counted."""

    text: str | None
    refusal: str | None
    finish_reason: str
    tokens_in: int | None
    tokens_out: int | None
    tokens_cached: int


class NoReplyError(ValueError):
    """The body of a 200 is no chat completion."""


def request_body(
    question: Question,
    settings: ModelSettings,
    keys: Keys,
    media: MediaBytes,
    repair: Repair | None = None,
) -> dict[str, Any]:
    """The JSON body of a call; media are read here, and nowhere else.

    Raises:
        OSError, LookupError, ValueError: `media` could not give the bytes.
    """
    messages = [
        {"role": message.role, "content": _content(message, media)} for message in question.messages
    ]
    messages += [
        {"role": role, "content": _sendable(text)}
        for role, text in added_messages(question, settings, repair)
    ]
    body: dict[str, Any] = {"model": keys.model, "messages": messages}
    form = response_format(question, settings)
    if form is not None:
        body["response_format"] = form
    steering = parameters(question, settings)
    body[settings.output_limit_field] = steering.pop("max_output_tokens")
    body |= {name: value for name, value in steering.items() if value is not None}
    return body


def added_messages(
    question: Question, settings: ModelSettings, repair: Repair | None
) -> list[tuple[str, str]]:
    """Role and text of the messages that are sent after those of the question."""
    added = []
    if settings.structured != "json_schema":
        added.append(("user", ASKED.format(json.dumps(question.schema, ensure_ascii=False))))
    if repair is not None:
        added.append(("assistant", repair.answer[:_MOST_FED_BACK]))
        added.append(("user", _REPAIR.format(repair.wrong)))
    return added


def _content(message: Message, media: MediaBytes) -> str | list[dict[str, Any]]:
    if len(message.parts) == 1 and isinstance(message.parts[0], Text):
        return _sendable(message.parts[0].text)  # the form that every server knows
    return [
        {"type": "text", "text": _sendable(part.text)}
        if isinstance(part, Text)
        else _medium(part, media(part))
        for part in message.parts
    ]


def _sendable(text: str) -> str:
    """Lone surrogates are no UTF-8: the client could not send them."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _medium(part: Media, data: bytes) -> dict[str, Any]:
    encoded = base64.b64encode(data).decode()
    if part.kind == "audio":
        form = {"data": encoded, "format": _audio_format(data)}
        return {"type": "input_audio", "input_audio": form}
    url = f"data:image/{_image_format(data)};base64,{encoded}"
    return {"type": "image_url", "image_url": {"url": url}}


def _image_format(data: bytes) -> str:
    if data.startswith(b"\x89PNG"):
        return "png"
    if data.startswith(b"\xff\xd8"):
        return "jpeg"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data.startswith(b"GIF8"):
        return "gif"
    raise ValueError("a picture is sent as PNG, JPEG, WebP or GIF")


def _audio_format(data: bytes) -> str:
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return "wav"
    if data.startswith(b"ID3") or (len(data) > 1 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0):
        return "mp3"
    raise ValueError("a sound is sent as WAV or MP3")


def read_reply(body: bytes) -> Reply:
    """What the body of a 200 says.

    Raises:
        NoReplyError: it is no chat completion.
    """
    try:
        plain = json.loads(body)
        choice = plain["choices"][0]
        message = choice["message"]
        text, refusal = message.get("content"), message.get("refusal")
        finish = str(choice.get("finish_reason") or "")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise NoReplyError(f"no chat completion ({type(error).__name__})") from None
    if not (text is None or isinstance(text, str)):
        raise NoReplyError("no chat completion (its content is no text)")
    usage = plain.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    details = usage.get("prompt_tokens_details")
    details = details if isinstance(details, dict) else {}
    return Reply(
        text=text,
        refusal=str(refusal) if refusal else None,
        finish_reason=finish,
        tokens_in=_count(usage, "prompt_tokens"),
        tokens_out=_count(usage, "completion_tokens"),
        tokens_cached=_count(details, "cached_tokens") or 0,
    )


def _count(usage: Mapping[str, Any], name: str) -> int | None:
    value = usage.get(name)
    return value if type(value) is int and 0 <= value < 1 << 40 else None
