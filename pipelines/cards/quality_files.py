"""Reading ``quality/``: what the gate, audits and reviews of other commands have found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.cards.facts import AuditFacts, GateFacts, ReviewFacts
from pipelines.layout import Layout
from pipelines.quality_of_build import AUDITS, GATE, REVIEW, read_current


def gate_facts(layout: Layout) -> GateFacts | None:
    """What the gate found; None if it has not been run over this build."""
    found = read_current(layout, GATE)
    if found is None:
        return None
    subsets = {**_mapping(found.get("subsets")), "dataset": found.get("dataset")}
    expectations = [
        (name, expectation)
        for name, entry in subsets.items()
        for expectation in _mapping(entry).get("expectations", [])
    ]
    failures = tuple(
        (
            name,
            _text(one.get("expectation")),
            _text(one.get("column")),
            _text(one.get("wanted")),
            _text(one.get("observed")),
        )
        for name, one in expectations
        if not one.get("passed") and one.get("waived") is None
    )
    waivers = tuple(map(_waiver, found.get("waivers") or []))
    return GateFacts(bool(found.get("passed")), len(expectations), failures, waivers)


def audit_facts(layout: Layout) -> tuple[AuditFacts, ...] | None:
    """What the audits found; None if they have not been run over this build."""
    found = read_current(layout, AUDITS)
    if found is None:
        return None
    return tuple(
        AuditFacts(
            _text(one.get("audit")),
            _text(one.get("scope")),
            _text(one.get("subject")),
            _number(one.get("value")),
            _number(one.get("low")),
            _number(one.get("high")),
            int(one["rows"]) if isinstance(one.get("rows"), int) else None,
            _text(one.get("verdict")),
            _text(one.get("threshold")),
            _text(one.get("note")),
        )
        for one in found.get("audits") or []
    )


def review_facts(layout: Layout) -> tuple[ReviewFacts, ...] | None:
    """How far people agreed with the labels; None if nobody has reviewed this build."""
    found = read_current(layout, REVIEW)
    if found is None:
        return None
    return tuple(
        ReviewFacts(
            _text(one.get("group")),
            _text(one.get("value")),
            int(_number(one.get("rows")) or 0),
            _interval(one, "agreed"),
            _interval(one, "kappa"),
        )
        for one in found.get("scores") or []
    )


def _interval(one: Mapping[str, Any], name: str) -> tuple[float | None, float | None, float | None]:
    value, low, high = (_number(one.get(key)) for key in (name, f"{name}_low", f"{name}_high"))
    return value, low, high


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _number(value: Any) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if known else None


def _waiver(value: Any) -> str:
    if not isinstance(value, dict):
        return _text(value)
    return "; ".join(f"{key}: {_text(one)}" for key, one in value.items() if one is not None)
