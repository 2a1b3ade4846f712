"""Duplicates: no two published rows have the same pair under the same criterion.

Recomputed over the rows as published, of all that there are: `pair_id` is a hash of task, prompt
and both responses, so two general rows with one `pair_id` are one row twice, in whatever subsets.
What deduplication removed, near-equal pairs too, is counted by rule in `details.removed`.
"""

from __future__ import annotations

import polars as pl

from transforms.quality.audits.registry import Audit
from transforms.quality.evidence import Evidence
from transforms.quality.finding import Measure
from transforms.quality.settings_audits import AuditSettings

KEY = ("pair_id", "criterion")


def measure(evidence: Evidence, settings: AuditSettings) -> Measure | None:
    """The share of rows that an earlier row repeats."""
    number = evidence.rows.height
    if not number:
        return None
    repeated = evidence.rows.filter(evidence.rows.select(KEY).is_duplicated())
    excess = repeated.height - repeated.select(KEY).n_unique() if repeated.height else 0
    removed = removed_by_rule(evidence)
    gone = sum(removed.values())
    return Measure(
        excess / number,
        None,
        None,
        number,
        f"{excess:,} repeated; {gone:,} were removed before",
        {
            "repeated": excess,
            "removed": removed,
            "row_ids": repeated["row_id"].sort().head(20).to_list(),
        },
    )


def removed_by_rule(evidence: Evidence) -> dict[str, int]:
    """What deduplication removed, by rule."""
    return dict(
        evidence.removed.group_by("rule").agg(pl.col("rows").sum()).sort("rule").iter_rows()
    )


AUDIT = Audit(
    "share of rows whose pair and criterion another row has too",
    "none: all rows are counted",
    "high",
    measure,
)
