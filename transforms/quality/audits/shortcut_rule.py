"""Shortcuts of one feature: how well the best single rule predicts the preference.

Rules are "prefer the longer text", "the sharper picture", "the louder sound", "the mesh with more
vertices", "the model that wins more often" and so on, for every quantity that is known: facts that
all rows state (length, size, duration, loudness, vertices ...), and on a sample all attributes of
`transforms.measures`. The rule is chosen on other rows than those it is tried on. The value is the
higher of two, that of the facts over all rows and that of the sample; "cannot tell", as of two
texts that are equally long, counts as half right.

People do prefer longer answers a little; a reward model that learns nothing else is of no use. From
60 % on a shortcut is worth a warning; beyond 75 % hardly anything else can be learnt.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from transforms.quality.audits.registry import Audit
from transforms.quality.evidence import Evidence
from transforms.quality.features import Pairs, fact_pairs, measured_pairs
from transforms.quality.finding import Measure
from transforms.quality.settings_audits import AuditSettings
from transforms.quality.shortcuts import Predicted, best_rule


def measure(evidence: Evidence, settings: AuditSettings) -> Measure | None:
    """The best rule, on facts of all rows or on attributes of the sample."""
    found = stronger(evidence, settings, best_rule)
    if found is None:
        return None
    rule = str(found.details["rule"]).replace("_", " ")
    return replace(found, note=f"best rule: {rule}")


def stronger(
    evidence: Evidence,
    settings: AuditSettings,
    predict: Callable[[Pairs, int], Predicted | None],
) -> Measure | None:
    """A predictor on both sets of features: the one with the higher lower end, beside the other."""
    sets = {
        "all rows": fact_pairs(evidence.rows),
        "sample": measured_pairs(evidence.rows, evidence.measured),
    }
    told = {
        name: done
        for name, pairs in sets.items()
        if (done := predict(pairs, settings.seed)) is not None
    }
    if not told:
        return None
    name = max(told, key=lambda one: told[one].low)
    best = told[name]
    details = {
        "set": name,
        "sets": {
            one: {"accuracy": done.accuracy, "low": done.low, "high": done.high, "rows": done.rows}
            for one, done in told.items()
        },
        **best.details,
    }
    return Measure(best.accuracy, best.low, best.high, best.rows, "", details)


AUDIT = Audit(
    "accuracy of the best rule of one feature, on rows it was not chosen by",
    "Wilson, 95 %, with the design effect of prompt groups",
    "high",
    measure,
    ("subset", "task"),
)
