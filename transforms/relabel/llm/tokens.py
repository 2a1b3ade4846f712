"""Tokens of a question without the model's tokenizer: a bound for money, a range for estimates.

The bound is proved, not measured. A tokenizer first brings a text into some form, then cuts it into
tokens. Each token of a byte-level one stands for at least one byte; one that works on characters
falls back on bytes, one token each, for those that it doesn't know; both may put a blank before the
text. So a text never makes more tokens than it has bytes, in the longest form that Unicode gives
it, and one more. Digits that are split, blanks, marks upon marks: none makes more than a byte each.

The range is for estimates: fluent English and known scripts (low); short words, and all else at a
token a byte (high).
"""

from __future__ import annotations

import json
import string
import unicodedata
from collections.abc import Callable
from typing import Final, Literal

from transforms.relabel.llm.question import Media, Question, Text, parameters
from transforms.relabel.llm.wire import Repair, added_messages
from transforms.relabel.settings_models import ModelSettings

_WORDS: Final = (string.ascii_letters + " ").encode()
_LOW_LETTER, _LOW_OTHER = 0.2, 0.25
_HIGH_LETTER: Final = 0.4
_FORMS: Final[tuple[Literal["NFC", "NFD", "NFKC", "NFKD"], ...]] = ("NFC", "NFD", "NFKC", "NFKD")
#: A sound or picture of unknown size counts as one of this size.
_UNKNOWN_SIDE: Final = 2048
_UNKNOWN_SECONDS: Final = 60.0


def text_bound(text: str) -> int:
    """No tokenizer with bytes to fall back on makes more tokens of this text."""
    if text.isascii():
        return len(text) + 1
    forms = [text, *(unicodedata.normalize(form, text) for form in _FORMS)]
    return max(_size(form) for form in forms) + 1


def text_high(text: str) -> int:
    """Tokens of prose or code in an unfavourable tokenizer: likely at most, and no bound."""
    data = text.encode("utf-8", "surrogatepass")
    others = len(data.translate(None, _WORDS))
    return int((len(data) - others) * _HIGH_LETTER) + others + 1


def text_low(text: str) -> int:
    """About the fewest tokens that a tokenizer makes of this text."""
    data = text.encode("utf-8", "surrogatepass")
    others = len(data.translate(None, _WORDS))
    return int((len(data) - others) * _LOW_LETTER + others * _LOW_OTHER)


def media_tokens(media: Media, settings: ModelSettings) -> int:
    """Tokens of one picture, frame or sound by the model's rule."""
    rules = settings.tokens
    if media.kind == "audio":
        return int((media.seconds or _UNKNOWN_SECONDS) * rules.audio_per_second) + 1
    return rules.image.of(media.width or _UNKNOWN_SIDE, media.height or _UNKNOWN_SIDE)


def input_bound(question: Question, settings: ModelSettings, repair: Repair | None = None) -> int:
    """Input tokens of a call at most: all that is sent, and what the model's template adds."""
    return _with_overhead(question, settings, text_bound, repair)


def input_high(question: Question, settings: ModelSettings) -> int:
    """Input tokens of a question, likely at most."""
    return _with_overhead(question, settings, text_high, None)


def input_low(question: Question, settings: ModelSettings) -> int:
    """Input tokens of a question, about the fewest."""
    return int(_content(question, settings, text_low))


def output_bound(question: Question, settings: ModelSettings) -> int:
    """Output tokens of a question at most: the limit that is sent with it."""
    return int(parameters(question, settings)["max_output_tokens"])


def _with_overhead(
    question: Question, settings: ModelSettings, count: Callable[[str], int], repair: Repair | None
) -> int:
    """Content, added messages and overhead; a schema may be shown to the model, so it counts."""
    rules = settings.tokens
    added = added_messages(question, settings, repair)
    texts = [json.dumps(question.schema), *(text for _, text in added)]
    total: float = rules.per_request + rules.per_message * (len(question.messages) + len(added))
    total += sum(map(count, texts)) * rules.text_factor
    return int(total + _content(question, settings, count, rules.text_factor)) + 1


def _content(
    question: Question, settings: ModelSettings, count: Callable[[str], int], factor: float = 1.0
) -> float:
    return sum(
        count(part.text) * factor if isinstance(part, Text) else media_tokens(part, settings)
        for message in question.messages
        for part in message.parts
    )


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
