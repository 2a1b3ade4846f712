"""Row rules about what a task requires: media of its prompt, and two responses that differ."""

from __future__ import annotations

from typing import Final

import polars as pl

from schemas.tasks import PROMPT_SLOTS, RESPONSE_SLOTS
from transforms.quality.rules.rule import Context, Rule
from transforms.quality.rules.texts import blank

_SLOTS: Final = ("prompt_slots", "a_slots", "b_slots")


def _prompt_medium(context: Context) -> pl.Expr | None:
    missing = [
        ~pl.col("prompt_slots").list.eval(pl.element().is_in(PROMPT_SLOTS[modality])).list.any()
        for modality in context.subject.task.prompt
    ]
    return pl.any_horizontal(missing) if missing else None


def _response(context: Context) -> pl.Expr:
    if context.subject.task.response == "text":
        return blank(pl.col("a_text")) | blank(pl.col("b_text"))
    slots = RESPONSE_SLOTS[context.subject.task.response]
    return pl.any_horizontal(
        ~pl.col(side).list.eval(pl.element().is_in(slots)).list.any() for side in _SLOTS[1:]
    )


def _foreign(context: Context) -> pl.Expr:
    task = context.subject.task
    prompt = [slot for modality in task.prompt for slot in PROMPT_SLOTS[modality]]
    allowed = {"prompt_slots": prompt}
    allowed |= {side: list(RESPONSE_SLOTS[task.response]) for side in _SLOTS[1:]}
    return pl.any_horizontal(
        ~pl.col(name).list.eval(pl.element().is_in(slots)).list.all()
        for name, slots in allowed.items()
    )


def _equal(context: Context) -> pl.Expr:
    if context.subject.task.response == "text":
        a, b = (pl.col(f"{side}_text").str.strip_chars() for side in "ab")
        return a == b
    return (pl.col("a_digests") == pl.col("b_digests")) & (pl.col("a_digests").list.len() > 0)


_SEEN: Final = pl.concat_str(
    *(
        pl.lit(f"{name.removesuffix('_slots')}: ")
        + pl.when(pl.col(name).list.len() > 0)
        .then(pl.col(name).list.head(5).list.join(", "))
        .otherwise(pl.lit("none"))
        for name in _SLOTS
    ),
    separator="; ",
)

MEDIA_RULES: Final[dict[str, Rule]] = {
    "missing_prompt_medium": Rule(
        "the prompt lacks a medium that its task requires", _prompt_medium, _SEEN
    ),
    "missing_response": Rule("a response is empty or of another kind", _response, _SEEN),
    "foreign_medium": Rule("the row has a medium that its task does not know", _foreign, _SEEN),
    "equal_responses": Rule(
        "both responses are the same",
        _equal,
        pl.coalesce(pl.col("a_text"), pl.col("a_digests").list.join(", ")),
    ),
}
