"""Calibration of judges: how often they are right where the truth is known by measurement.

Gold questions are measured criteria about pairs of the subset. The value is the accuracy of the
least accurate judge whose votes count; all of them, with their position bias, are in
`details.judges`. The recipe takes a judge's vote away by the same figure
(`relabel.calibration.floor`): who lost it where the question was asked spoils no row there.
"""

from __future__ import annotations

import polars as pl

from transforms.measures.intervals import wilson
from transforms.quality.audits.registry import Audit
from transforms.quality.evidence import Evidence
from transforms.quality.finding import Measure
from transforms.quality.settings_audits import AuditSettings


def measure(evidence: Evidence, settings: AuditSettings) -> Measure | None:
    """The accuracy of the least accurate judge with a vote."""
    everybody = _by_judge(evidence.gold)
    counted = _by_judge(evidence.gold.filter("votes"))
    if counted.is_empty():
        return None
    told = {
        row["judge"]: {
            "questions": row["questions"],
            "accuracy": row["accuracy"],
            **dict(zip(("low", "high"), wilson(row["correct"], row["questions"]), strict=True)),
            "position_bias": row["biased"] / row["questions"],
            "votes": row["judge"] in counted["judge"],
        }
        for row in everybody.iter_rows(named=True)
    }
    worst = counted.row(0, named=True)
    silent = len(told) - counted.height
    return Measure(
        worst["accuracy"],
        *wilson(worst["correct"], worst["questions"]),
        worst["questions"],
        f"least accurate of {counted.height}: {worst['judge'][:80]}"
        + (f"; {silent} without a vote" if silent else ""),
        {"judges": told, "unit": "questions"},
    )


def _by_judge(gold: pl.DataFrame) -> pl.DataFrame:
    """Sums and accuracy of each judge, the least accurate first."""
    return (
        gold.with_columns(biased=pl.col("position_bias") * pl.col("questions"))
        .group_by("judge")
        .agg(pl.col("questions", "correct", "biased").sum())
        .filter(pl.col("questions") > 0)
        .with_columns(accuracy=pl.col("correct") / pl.col("questions"))
        .sort("accuracy", "judge")
    )


AUDIT = Audit(
    "accuracy of the least accurate judge with a vote on gold questions",
    "Wilson, 95 %",
    "low",
    measure,
)
