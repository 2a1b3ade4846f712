"""Criteria that don't matter, first test: the preference is predicted without reading them.

A criterion earns its place when the same pair would be judged otherwise under another one. So no
predictor that does not see the criterion should do well. Here one is given everything else: the
corpus's own preference, all features of `shortcut_model`, the win rates of the responses' models;
a logistic regression, cross-validated over prompt groups. Where criteria are about one half
reversals of the corpus's label and about many attributes, it stays near one half. Where nearly all
rows keep the corpus's label (or nearly all reverse it), it comes near to one, and the criteria are
decoration.

`details.source_alone` is the accuracy of saying what the corpus said.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from transforms.quality.audits.registry import Audit
from transforms.quality.audits.shortcut_rule import stronger
from transforms.quality.evidence import Evidence
from transforms.quality.features import with_source
from transforms.quality.finding import Measure
from transforms.quality.settings_audits import AuditSettings
from transforms.quality.shortcuts import cross_validated


def measure(evidence: Evidence, settings: AuditSettings) -> Measure | None:
    """The regression on the rows under a criterion, with the corpus's preference."""
    rows = evidence.instructed
    found = stronger(replace(evidence, rows=with_source(rows)), settings, cross_validated)
    if found is None:
        return None
    sided = rows.filter(
        pl.col("preference").is_in(["a", "b"]), pl.col("source_preference").is_in(["a", "b"])
    )
    same = (sided["preference"] == sided["source_preference"]).mean()
    alone = float(same) if isinstance(same, float) else None
    return replace(found, details={"source_alone": alone, **found.details})


AUDIT = Audit(
    "accuracy of predicting the preference from all but the criterion, cross-validated",
    "Wilson, 95 %, with the design effect of prompt groups",
    "high",
    measure,
    ("subset", "task"),
)
