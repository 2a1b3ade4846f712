"""Tokens of a question, bounded from above without the model's tokenizer.

Byte-level tokenizers never make more tokens than bytes. Latin letters and blanks come in words:
even letters drawn at random need less than `_BOUND_LETTER` tokens each, prose about half of that.
All else (digits, punctuation, other scripts) counts one token a byte. The low figure, for
estimates, is that of fluent English, and of other scripts in a tokenizer that knows them.
"""

from __future__ import annotations

import json
import string
from typing import Final

from transforms.relabel.llm.question import Media, Question, Text, parameters
from transforms.relabel.settings_models import ModelSettings

_WORDS: Final = (string.ascii_letters + " ").encode()
_BOUND_LETTER: Final = 0.6
_LOW_LETTER, _LOW_OTHER = 0.2, 0.25
#: A sound or picture of unknown size counts as one of this size.
_UNKNOWN_SIDE: Final = 2048
_UNKNOWN_SECONDS: Final = 60.0


def text_bound(text: str) -> int:
    """No tokenizer of a served model makes more tokens of this text."""
    data = text.encode("utf-8", "surrogatepass")
    others = len(data.translate(None, _WORDS))
    return int((len(data) - others) * _BOUND_LETTER) + others + 1


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


def input_bound(question: Question, settings: ModelSettings) -> int:
    """Input tokens of a question at most; the schema may be shown to the model, so it counts."""
    rules = settings.tokens
    total = rules.per_request + text_bound(json.dumps(question.schema)) * rules.text_factor
    for message in question.messages:
        total += rules.per_message
        for part in message.parts:
            if isinstance(part, Text):
                total += text_bound(part.text) * rules.text_factor
            else:
                total += media_tokens(part, settings)
    return int(total)


def input_low(question: Question, settings: ModelSettings) -> int:
    """Input tokens of a question, about the fewest."""
    total = 0
    for message in question.messages:
        for part in message.parts:
            total += text_low(part.text) if isinstance(part, Text) else media_tokens(part, settings)
    return total


def output_bound(question: Question, settings: ModelSettings) -> int:
    """Output tokens of a question at most: the limit that is sent with it."""
    return int(parameters(question, settings)["max_output_tokens"])
