"""Contamination: no published row is one that was found to copy an item of a benchmark.

The value is the share of rows that are published although decontamination would remove them; it is
recomputed by looking the removed ones up among the published, by their pairs: they were compared
before they had criteria, each of which makes a row. Rows that match by a rule that only
reports (a prompt's picture alone) are counted in `details`. A dataset that was held against no
benchmark, or where some were waived, gets a warning: nothing was looked for.
"""

from __future__ import annotations

import polars as pl

from transforms.quality.audits.registry import Audit
from transforms.quality.evidence import Evidence
from transforms.quality.finding import Measure
from transforms.quality.settings_audits import AuditSettings


def measure(evidence: Evidence, settings: AuditSettings) -> Measure | None:
    """The share of rows that should have been removed."""
    number = evidence.rows.height
    if not number:
        return None
    matches = evidence.matches
    removed, kept = (matches.filter(pl.col("removed") == is_so) for is_so in (True, False))
    rows = evidence.rows.select("row_id", "pair_id")
    leaks = rows.join(removed, on="pair_id", how="semi")
    leaked = leaks["row_id"].unique().sort()
    reported = rows.join(kept, on="pair_id", how="semi")["row_id"].n_unique()
    gone = removed["pair_id"].n_unique() - leaks["pair_id"].n_unique()
    told = f"{gone:,} pairs were removed, {reported:,} rows kept and reported"
    unseen = not evidence.benchmarks or bool(evidence.waived)
    if not evidence.benchmarks:
        told = "no benchmark was looked for"
    elif evidence.waived:
        told += f"; not looked for: {', '.join(sorted(evidence.waived))}"
    return Measure(
        len(leaked) / number,
        None,
        None,
        number,
        told,
        {
            "removed": gone,
            "reported": reported,
            "row_ids": leaked.head(20).to_list(),
            "benchmarks": list(evidence.benchmarks or ()),
            "by_benchmark": _counted(matches, "benchmark"),
            "by_rule": _counted(matches, "rule"),
        },
        verdict="warn" if unseen and not len(leaked) else None,
    )


def _counted(matches: pl.DataFrame, column: str) -> dict[str, int]:
    return dict(matches.group_by(column).agg(pl.col("pair_id").n_unique()).sort(column).iter_rows())


AUDIT = Audit(
    "share of rows that were found to copy a benchmark item and are published all the same",
    "none: all rows are counted",
    "high",
    measure,
)
