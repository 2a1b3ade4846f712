"""Shortcuts together: how well a small model on the features alone predicts the preference.

A logistic regression without intercept on the differences of all features that `shortcut_rule`
looks at one by one, and of the win rates of the responses' models; cross-validated over five folds
of prompt groups. It reads no prompt, no criterion and no content. Bounds as there, a little higher,
since many small habits of annotators add up.
"""

from __future__ import annotations

from transforms.quality.audits.registry import Audit
from transforms.quality.audits.shortcut_rule import stronger
from transforms.quality.evidence import Evidence
from transforms.quality.finding import Measure
from transforms.quality.settings_audits import AuditSettings
from transforms.quality.shortcuts import cross_validated


def measure(evidence: Evidence, settings: AuditSettings) -> Measure | None:
    """The regression, on facts of all rows or on attributes of the sample."""
    return stronger(evidence, settings, cross_validated)


AUDIT = Audit(
    "accuracy of a logistic regression on the features alone, cross-validated",
    "Wilson, 95 %, with the design effect of prompt groups",
    "high",
    measure,
    ("subset", "task"),
)
