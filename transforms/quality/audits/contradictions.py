"""Contradictions: the same pair under the same criterion, with different preferences.

Recomputed over all rows as published. What deduplication removed for it is in `details`.
"""

from __future__ import annotations

import polars as pl

from transforms.quality.audits.duplicates import KEY, removed_by_rule
from transforms.quality.audits.registry import Audit
from transforms.quality.evidence import Evidence
from transforms.quality.finding import Measure
from transforms.quality.settings_audits import AuditSettings


def measure(evidence: Evidence, settings: AuditSettings) -> Measure | None:
    """The share of rows that another row contradicts."""
    number = evidence.rows.height
    if not number:
        return None
    repeated = evidence.rows.filter(evidence.rows.select(KEY).is_duplicated())
    against = repeated.filter(pl.col("preference").n_unique().over(*KEY) > 1)
    gone = removed_by_rule(evidence).get("contradiction", 0)
    return Measure(
        against.height / number,
        None,
        None,
        number,
        f"{against.height:,} contradicted; {gone:,} were removed before",
        {
            "contradicted": against.height,
            "removed": gone,
            "row_ids": against["row_id"].sort().head(20).to_list(),
        },
    )


AUDIT = Audit(
    "share of rows that another row of the same pair and criterion contradicts",
    "none: all rows are counted",
    "high",
    measure,
)
