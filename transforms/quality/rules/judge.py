"""Judging rows: which break a rule, and by which they go."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import polars as pl

from schemas.dead_letter import SEEN_LIMIT
from transforms.quality.rules.labels import LABEL_RULES
from transforms.quality.rules.media import MEDIA_RULES
from transforms.quality.rules.rule import Context, Rule, Subject
from transforms.quality.rules.texts import TEXT_RULES
from transforms.quality.settings import ROW_RULES, RuleSettings

_ALL: Final = {**TEXT_RULES, **MEDIA_RULES, **LABEL_RULES}

#: Every rule by name, in the order in which rows are judged.
RULES: Final[dict[str, Rule]] = {name: _ALL[name] for name in ROW_RULES}

#: Rows that are refused: ids, the rule's name and sentence, and an excerpt of what was seen.
VERDICT_SCHEMA: Final = pl.Schema(
    {name: pl.String() for name in ("row_id", "key", "reason", "message", "seen")}
)


def judge(
    frame: pl.DataFrame,
    settings: RuleSettings,
    subject: Subject,
    held: Collection[str] = (),
) -> pl.DataFrame:
    """The rows of a frame (`rules.frame`) that break a rule, each once, by the first it breaks.

    `held` are rules that are known to hold for all of them (`rules.screen`).
    """
    context = Context(settings, subject)
    applied = {
        name: expression.fill_null(False)
        for name, rule in RULES.items()
        if name not in settings.skip
        and name not in held
        and (expression := rule.applied(context)) is not None
    }
    if not applied or frame.is_empty():
        return VERDICT_SCHEMA.to_frame()
    broken = frame.select(**applied)
    reason = broken.select(
        pl.coalesce(pl.when(pl.col(name)).then(pl.lit(name)) for name in applied).alias("reason")
    )["reason"]
    refused = frame.with_columns(reason).filter(pl.col("reason").is_not_null())
    by_rule = [
        _told(refused.filter(pl.col("reason") == name), RULES[name])
        for name in refused["reason"].unique(maintain_order=True)
    ]
    return pl.concat([VERDICT_SCHEMA.to_frame(), *by_rule])


def _told(rows: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    # One character more than is kept, so that a cut excerpt is marked as one.
    seen = rule.seen.cast(pl.String).fill_null("null").str.head(SEEN_LIMIT + 1)
    return rows.select(
        "row_id", "key", "reason", pl.lit(rule.message).alias("message"), seen.alias("seen")
    )
