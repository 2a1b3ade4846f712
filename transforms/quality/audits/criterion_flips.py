"""Criteria that don't matter, second test: how many reverse what the corpus preferred.

A set of criteria of which none reverses the corpus's label can be ignored without loss. About one
half is wanted by the measured origin; models are asked for reversals too. Rows whose corpus said
tie, or nothing, are left out, as are those whose label is a tie: nothing could be reversed there.
"""

from __future__ import annotations

import polars as pl

from transforms.measures.intervals import wilson
from transforms.quality.audits.registry import Audit
from transforms.quality.evidence import Evidence
from transforms.quality.finding import Measure
from transforms.quality.settings_audits import AuditSettings


def measure(evidence: Evidence, settings: AuditSettings) -> Measure | None:
    """The share of reversals."""
    sided = (pl.col(name).is_in(["a", "b"]) for name in ("preference", "source_preference"))
    known = evidence.instructed.filter(pl.all_horizontal(sided))["flipped"].drop_nulls()
    if known.is_empty():
        return None
    flipped = int(known.sum())
    return Measure(
        flipped / len(known),
        *wilson(flipped, len(known)),
        len(known),
        "",
        {"flipped": flipped, "kept": len(known) - flipped},
    )


AUDIT = Audit(
    "share of criteria that reverse the corpus's preference", "Wilson, 95 %", "low", measure
)
