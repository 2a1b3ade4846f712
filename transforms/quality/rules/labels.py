"""Row rules about what is said of a pair: preference, numbers, criterion, agreement."""

from __future__ import annotations

from typing import Final

import polars as pl

from schemas.tasks import PREFERENCES
from transforms.measures.sides import names_side
from transforms.quality.rules.rule import Context, Rule
from transforms.quality.rules.texts import blank

_CRITERION: Final = pl.col("criterion")
_NUMBERS: Final = ("margin", "a_score", "b_score", "agreement")


def _missing(context: Context) -> pl.Expr | None:
    return blank(_CRITERION) if context.subject.kind == "instruction" else None


def _unwanted(context: Context) -> pl.Expr | None:
    return _CRITERION.is_not_null() if context.subject.kind == "general" else None


def words(text: pl.Expr) -> pl.Expr:
    """Words of a text; in scripts without spaces every character is one."""
    return text.str.count_matches(
        r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
        r"|[^\s\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]+"
    )


def _short(context: Context) -> pl.Expr | None:
    limit = context.settings.min_criterion_words
    return None if limit is None else words(_CRITERION) < limit


def _long(context: Context) -> pl.Expr | None:
    limit = context.settings.max_criterion_words
    return None if limit is None else words(_CRITERION) > limit


def _agreement(context: Context) -> pl.Expr | None:
    limit = context.settings.min_agreement
    return None if limit is None else pl.col("agreement") < limit


_NUMBERS_SEEN: Final = pl.concat_str(
    *(pl.lit(f"{name} ") + pl.col(name).cast(pl.String).fill_null("-") for name in _NUMBERS),
    separator=", ",
)

LABEL_RULES: Final[dict[str, Rule]] = {
    "unknown_preference": Rule(
        "the preference is none of a, b and tie",
        ~pl.col("preference").is_in(PREFERENCES).fill_null(False),
        pl.col("preference"),
    ),
    "number_not_finite": Rule(
        "a margin, score or agreement is no finite number",
        pl.any_horizontal(~pl.col(name).is_finite() for name in _NUMBERS),
        _NUMBERS_SEEN,
    ),
    "criterion_missing": Rule("an instruction row has no criterion", _missing, _CRITERION),
    "criterion_unwanted": Rule("a general row has a criterion", _unwanted, _CRITERION),
    "criterion_too_short": Rule(
        "the criterion has fewer words than min_criterion_words", _short, _CRITERION
    ),
    "criterion_too_long": Rule(
        "the criterion has more words than max_criterion_words", _long, _CRITERION
    ),
    "criterion_names_side": Rule(
        "the criterion names one of the two responses",
        names_side(_CRITERION),
        _CRITERION,
    ),
    "agreement_too_low": Rule(
        "the judges' agreement is below min_agreement", _agreement, _NUMBERS_SEEN
    ),
}
