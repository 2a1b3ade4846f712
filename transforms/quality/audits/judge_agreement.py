"""Agreement of judges beyond chance: Krippendorff's alpha over their votes.

A vote is what a judge said in both orders; one whose answers differ with the order says "unsure",
which agrees with no side. All questions count, also those that no row came of: rows are chosen by
agreement, so among them alone judges would always agree. Alpha of 0.8 is usually asked for content
analysis; preferences under a criterion are softer, and below 0.4 the panel is hardly of one mind.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from transforms.measures.intervals import bootstrap
from transforms.quality.agreement import krippendorff_alpha
from transforms.quality.audits.registry import Audit
from transforms.quality.evidence import Evidence
from transforms.quality.finding import Measure
from transforms.quality.settings_audits import AuditSettings

_VOTES = ("a", "b", "tie", "unsure")
_ROUNDS = 500


def measure(evidence: Evidence, settings: AuditSettings) -> Measure | None:
    """Alpha over the questions that two judges or more were asked."""
    votes = evidence.votes
    if votes.is_empty():
        return None
    counts = (
        votes.group_by("question")
        .agg(*((pl.col("vote") == vote).sum().cast(pl.Float64).alias(vote) for vote in _VOTES))
        .sort("question")
        .select(_VOTES)
        .to_numpy()
    )
    counts = counts[counts.sum(axis=1) >= 2]
    alpha = krippendorff_alpha(counts)
    low, high = bootstrap(
        lambda at: krippendorff_alpha(counts[at]), len(counts), settings.seed, _ROUNDS
    )
    judges = votes["judge"].unique().sort().to_list()
    one_mind = float((counts.max(axis=1) == counts.sum(axis=1)).mean()) if len(counts) else None
    return Measure(
        alpha,
        low,
        high,
        len(counts),
        f"{len(judges)} judges" + ("" if np.isfinite(alpha) else "; no question has two votes"),
        {"judges": judges, "unanimous": one_mind, "unit": "questions"},
    )


AUDIT = Audit(
    "Krippendorff's alpha of the judges' votes",
    "percentile bootstrap over questions, 95 %, fixed seed",
    "low",
    measure,
)
