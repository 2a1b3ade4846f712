"""Criteria that don't matter, third test: pairs under several criteria, and whether labels differ.

Of the pairs that come with two criteria or more, the share in which one criterion prefers A and
another B. Such pairs are what teaches a model to read the criterion: nothing but it changes. A pair
is one observation, however many criteria it has.
"""

from __future__ import annotations

import polars as pl

from transforms.measures.intervals import wilson
from transforms.quality.audits.registry import Audit
from transforms.quality.evidence import Evidence
from transforms.quality.finding import Measure
from transforms.quality.settings_audits import AuditSettings


def measure(evidence: Evidence, settings: AuditSettings) -> Measure | None:
    """The share of contrasting pairs among those with several criteria."""
    rows = evidence.instructed
    pairs = (
        rows.filter(pl.col("preference").is_in(["a", "b"]))
        .group_by("pair_id")
        .agg(criteria=pl.col("criterion").n_unique(), sides=pl.col("preference").n_unique())
    )
    several = pairs.filter(pl.col("criteria") > 1)
    if several.is_empty():
        return None
    differ = several.filter(pl.col("sides") > 1).height
    return Measure(
        differ / several.height,
        *wilson(differ, several.height),
        several.height,
        f"{several.height:,} of {pairs.height:,} pairs have several criteria",
        {"pairs": pairs.height, "several": several.height, "differ": differ},
    )


AUDIT = Audit(
    "share of pairs whose label differs from criterion to criterion, of those with several",
    "Wilson, 95 %",
    "low",
    measure,
)
