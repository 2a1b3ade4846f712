"""Position balance: how often the response at A is the preferred one.

Which response stands at A is a hash's decision, so of many rows half prefer A. A share far from
that means that something between source and shard puts the better response on one side, and a model
that always says A would be praised for it. Bounds are distances from one half.
"""

from __future__ import annotations

import polars as pl

from transforms.measures.intervals import wilson
from transforms.quality.audits.registry import Audit
from transforms.quality.evidence import Evidence
from transforms.quality.finding import Measure
from transforms.quality.settings_audits import AuditSettings


def measure(evidence: Evidence, settings: AuditSettings) -> Measure | None:
    """The share of A among the rows that prefer a side."""
    sided = evidence.rows.filter(pl.col("preference").is_in(["a", "b"]))
    if not evidence.rows.height:
        return None
    first = int((sided["preference"] == "a").sum())
    low, high = wilson(first, sided.height)
    ties = evidence.rows.filter(pl.col("preference") == "tie").height
    return Measure(
        first / sided.height if sided.height else float("nan"),
        low,
        high,
        sided.height,
        "" if sided.height else "every row is a tie",
        {"a": first, "b": sided.height - first, "ties": ties},
    )


AUDIT = Audit("share of A among the rows that prefer a side", "Wilson, 95 %", "off_half", measure)
