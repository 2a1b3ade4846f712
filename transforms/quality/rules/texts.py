"""Row rules about texts: prompts, responses, and what is no text at all."""

from __future__ import annotations

from typing import Final

import polars as pl

from schemas.tasks import ROLES, Modality
from transforms.quality.rules.rule import Context, Rule

#: Control characters beside tab, line feed, vertical tab, page feed and carriage return.
CONTROL: Final = r"[\x00-\x08\x0e-\x1f\x7f]"

#: What stands for a medium in prompts of common training formats.
_PLACEHOLDERS: Final[dict[Modality, str]] = {
    "image": "<image>",
    "video": "<video>",
    "audio": "<audio>",
}

_PROMPT: Final = pl.col("prompt_text")
_RESPONSES: Final = (pl.col("a_text"), pl.col("b_text"))
_TEXTS: Final = (_PROMPT, *_RESPONSES, pl.col("criterion"))


def blank(text: pl.Expr) -> pl.Expr:
    """Whether a text is null or has no visible character."""
    return ~text.fill_null("").str.contains(r"[^\s\p{Cf}]")


_EMPTY_PROMPT: Final = blank(pl.col("user_text")) & (pl.col("prompt_slots").list.len() == 0)

_UNKNOWN_ROLE: Final = ~pl.col("roles").list.eval(
    pl.element().is_in(ROLES).fill_null(False)
).list.all() | (pl.col("roles").list.last() != "user")


def _placeholder(context: Context) -> pl.Expr | None:
    wrong = [
        _PROMPT.str.count_matches(mark, literal=True)
        > pl.col("prompt_slots")
        .list.eval(pl.element().is_in([f"prompt_{modality}s", "prompt_frames"]))
        .list.sum()
        for modality, mark in _PLACEHOLDERS.items()
        if modality in context.subject.task.prompt
    ]
    return pl.any_horizontal(wrong) if wrong else None


def _control(context: Context) -> pl.Expr | None:
    limit = context.settings.max_control_characters
    if limit is None:
        return None
    if limit == 0:
        return pl.any_horizontal(text.str.contains(CONTROL) for text in _TEXTS)
    return pl.any_horizontal(text.str.count_matches(CONTROL) > limit for text in _TEXTS)


def _replacement(context: Context) -> pl.Expr | None:
    limit = context.settings.max_replacement_share
    if limit is None:
        return None
    return pl.any_horizontal(
        text.str.count_matches("\ufffd", literal=True) > text.str.len_chars() * limit
        for text in _TEXTS
    )


def _prompt_length(context: Context) -> pl.Expr | None:
    limit = context.settings.max_prompt_chars
    return None if limit is None else _PROMPT.str.len_chars() > limit


def _response_length(context: Context) -> pl.Expr | None:
    limit = context.settings.max_response_chars
    if limit is None:
        return None
    return pl.any_horizontal(text.str.len_chars() > limit for text in _RESPONSES)


def _around(pattern: str) -> pl.Expr:
    """The first place in a row's texts where a pattern is met, with what stands around it."""
    found = [text.str.extract(rf"(?s)(.{{0,60}}{pattern}.{{0,60}})") for text in _TEXTS]
    return pl.coalesce(found)


def _lengths(*texts: pl.Expr) -> pl.Expr:
    counted = [text.str.len_chars().cast(pl.String).fill_null("-") for text in texts]
    return pl.concat_str(*counted, separator=" and ") + " characters"


TEXT_RULES: Final[dict[str, Rule]] = {
    "empty_prompt": Rule(
        "the prompt has no visible text of a user and no media", _EMPTY_PROMPT, _PROMPT
    ),
    "unknown_role": Rule(
        "a turn of the prompt is of no known role, or the last is not the user's",
        _UNKNOWN_ROLE,
        pl.col("roles").list.eval(pl.element().fill_null("null")).list.join(", "),
    ),
    "placeholder_without_medium": Rule(
        "the prompt's text stands for more media than it has", _placeholder, _PROMPT
    ),
    "control_characters": Rule(
        "a text holds control characters", _control, _around(CONTROL)
    ),
    "replacement_characters": Rule(
        "a text holds many replacement characters: it was read in a wrong encoding",
        _replacement,
        _around("\ufffd"),
    ),
    "prompt_too_long": Rule(
        "the prompt is longer than max_prompt_chars", _prompt_length, _lengths(_PROMPT)
    ),
    "response_too_long": Rule(
        "a response is longer than max_response_chars", _response_length, _lengths(*_RESPONSES)
    ),
}  # fmt: skip
