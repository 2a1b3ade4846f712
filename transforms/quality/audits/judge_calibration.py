"""Calibration of judges: how often they are right where the truth is known by measurement.

Gold questions are measured criteria about pairs of the subset. The value is the accuracy of the
least accurate judge; all of them, with their position bias, are in `details.judges`. The recipe
takes a judge's vote away by the same figure (`relabel.calibration.floor`).
"""

from __future__ import annotations

import polars as pl

from transforms.measures.intervals import wilson
from transforms.quality.audits.registry import Audit
from transforms.quality.evidence import Evidence
from transforms.quality.finding import Measure
from transforms.quality.settings_audits import AuditSettings


def measure(evidence: Evidence, settings: AuditSettings) -> Measure | None:
    """The least accurate judge's accuracy."""
    if evidence.gold.is_empty():
        return None
    by_judge = (
        evidence.gold.with_columns(biased=pl.col("position_bias") * pl.col("questions"))
        .group_by("judge")
        .agg(pl.col("questions", "correct", "biased").sum())
        .filter(pl.col("questions") > 0)
        .with_columns(accuracy=pl.col("correct") / pl.col("questions"))
        .sort("accuracy", "judge")
    )
    if by_judge.is_empty():
        return None
    told = {
        row["judge"]: {
            "questions": row["questions"],
            "accuracy": row["accuracy"],
            **dict(zip(("low", "high"), wilson(row["correct"], row["questions"]), strict=True)),
            "position_bias": row["biased"] / row["questions"],
        }
        for row in by_judge.iter_rows(named=True)
    }
    worst = by_judge.row(0, named=True)
    return Measure(
        worst["accuracy"],
        *wilson(worst["correct"], worst["questions"]),
        worst["questions"],
        f"least accurate of {len(told)}: {worst['judge'][:80]}",
        {"judges": told, "unit": "questions"},
    )


AUDIT = Audit(
    "accuracy of the least accurate judge on gold questions", "Wilson, 95 %", "low", measure
)
