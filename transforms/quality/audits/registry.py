"""Finding the audits by name, and running those that the recipe names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module

from transforms.quality.evidence import Evidence
from transforms.quality.finding import (
    SCOPES,
    Finding,
    Measure,
    Scope,
    Worse,
    threshold_of,
    verdict_of,
)
from transforms.quality.settings_audits import AuditSettings


@dataclass(frozen=True)
class Audit:
    """One audit.

    Attributes:
        says: what its value is, a phrase.
        interval: how its interval is made.
        worse: which values are bad.
        measure: gives the measure, or None where the audit has no subject (a subset without
            criteria has none that could be shuffled).
        scopes: what it is run over.
    """

    says: str
    interval: str
    worse: Worse
    measure: Callable[[Evidence, AuditSettings], Measure | None]
    scopes: tuple[Scope, ...] = SCOPES


def audit_named(name: str) -> Audit:
    """The audit of a module of this folder.

    Raises:
        ModuleNotFoundError: there is none; settings refuse such a name before.
    """
    audit = import_module(f"{__package__}.{name}").AUDIT
    assert isinstance(audit, Audit)
    return audit


def audited(evidence: Evidence, settings: AuditSettings) -> Iterator[Finding]:
    """What the recipe's audits find, in the recipe's order."""
    for name, bounds in settings.checks.items():
        audit = audit_named(name)
        if evidence.scope not in audit.scopes:
            continue
        measure = audit.measure(evidence, settings)
        if measure is None:
            continue
        yield Finding(
            name,
            evidence.scope,
            evidence.subject,
            measure.value,
            measure.low,
            measure.high,
            measure.rows,
            verdict_of(measure, bounds, audit.worse, settings.least_rows),
            threshold_of(bounds, audit.worse),
            measure.note,
            measure.details,
        )
