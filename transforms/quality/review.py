"""Scores of a human review: how answers of people agree with the dataset's labels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from transforms.measures.intervals import bootstrap, wilson
from transforms.quality.agreement import cohen_kappa
from transforms.quality.finding import rounded

#: What a person may answer to a row; `skip` gives no opinion and counts for nothing.
ANSWERS: Final = ("a", "b", "tie", "skip")
_SIDES: Final = ("a", "b", "tie")

#: Groups of the answers, beside all of them.
_BY: Final = ("task", "subset", "flipped")


@dataclass(frozen=True)
class Score:
    """How answers agree with labels.

    Attributes:
        group: what the rows have in common: all, task, subset, or flipped.
        value: of that group.
        rows: answers that count: a, b or tie.
        skipped: answers that don't.
        agreed: share of the rows where person and label say the same, with Wilson's interval.
        decided: rows where both took a side, and the share of agreement among them.
        kappa: Cohen's, with a percentile bootstrap over the rows (fixed seed). Null where chance
            alone agrees always.
        table: label -> answer -> rows.
    """

    group: str
    value: str
    rows: int
    skipped: int
    agreed: float
    agreed_low: float
    agreed_high: float
    decided: int
    decided_agreed: float
    decided_low: float
    decided_high: float
    kappa: float | None
    kappa_low: float | None
    kappa_high: float | None
    table: Mapping[str, Mapping[str, int]]

    def as_json(self) -> dict[str, Any]:
        """The score as JSON values, numbers to six significant digits."""
        told: dict[str, Any] = rounded(asdict(self))
        return told


class AnswerError(ValueError):
    """An answer can't be read; says which row, and what is allowed."""


def review_scores(
    answers: Mapping[str, str], labels: pl.DataFrame, seed: int = 0, rounds: int = 1000
) -> list[Score]:
    """Scores over all answers, then by task, by subset, and by whether the criterion reverses.

    Args:
        answers: row_id -> a, b, tie or skip, sides as published (a sheet that shows them in
            another order maps them back).
        labels: row_id, preference, task, subset, flipped of the rows that were asked about; more
            rows do no harm.
        seed: of the bootstrap.
        rounds: of the bootstrap.

    Raises:
        AnswerError: an answer is none of `ANSWERS`, or its row is not in `labels`.
    """
    wrong = {row: said for row, said in answers.items() if said not in ANSWERS}
    if wrong:
        row, said = next(iter(wrong.items()))
        raise AnswerError(
            f"row {row[:80]}: {said[:80]!r} is no answer; one of {', '.join(ANSWERS)}"
        )
    given = pl.DataFrame(
        {"row_id": list(answers), "answer": list(answers.values())},
        schema={"row_id": pl.String, "answer": pl.String},
    )
    known = labels.select("row_id", "preference", *_BY).unique("row_id", keep="first")
    missing = given.join(known, on="row_id", how="anti")
    if missing.height:
        raise AnswerError(
            f"{missing.height:,} of {given.height:,} answers are about rows that the dataset does "
            f"not have, such as {missing['row_id'][0][:80]}; were they given to another version?"
        )
    joined = given.join(known, on="row_id", how="inner").sort("row_id")
    scores = [_score("all", "", joined, seed, rounds)]
    for group in _BY:
        for value in joined[group].drop_nulls().unique().sort().to_list():
            part = joined.filter(pl.col(group) == value)
            scores.append(_score(group, str(value).lower() if group == "flipped" else str(value),
                                 part, seed, rounds))  # fmt: skip
    return scores


def _score(group: str, value: str, rows: pl.DataFrame, seed: int, rounds: int) -> Score:
    counted = rows.filter(pl.col("answer") != "skip", pl.col("preference").is_not_null())
    place = {side: at for at, side in enumerate(_SIDES)}
    said = counted["answer"].replace_strict(place, return_dtype=pl.Int64).to_numpy()
    label = counted["preference"].replace_strict(place, return_dtype=pl.Int64).to_numpy()
    codes = label * len(_SIDES) + said

    def kappa_of(at: np.ndarray) -> float:
        return cohen_kappa(_table(codes[at]))

    whole = _table(codes)
    kappa = cohen_kappa(whole)
    low, high = bootstrap(kappa_of, len(codes), seed, rounds)
    agreed = int(np.trace(whole))
    sided = int(whole[:2, :2].sum())
    agreed_sided = int(whole[0, 0] + whole[1, 1])
    return Score(
        group,
        value,
        len(codes),
        rows.height - len(codes),
        agreed / len(codes) if len(codes) else math.nan,
        *wilson(agreed, len(codes)),
        sided,
        agreed_sided / sided if sided else math.nan,
        *wilson(agreed_sided, sided),
        _finite(kappa),
        *((_finite(low), _finite(high)) if _finite(kappa) is not None else (None, None)),
        {
            label: {answer: int(whole[row, column]) for column, answer in enumerate(_SIDES)}
            for row, label in enumerate(_SIDES)
        },
    )


def _table(codes: np.ndarray) -> np.ndarray:
    size = len(_SIDES)
    return np.bincount(codes, minlength=size * size).reshape(size, size).astype(np.float64)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
