"""Reading ``quality/``: what the gate, audits and reviews of other commands have found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from pipelines.cards.facts import AuditFacts, GateFacts, ReviewFacts
from pipelines.layout import Layout
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError

GATE: Final = "gate.json"
AUDITS: Final = "audits.json"
REVIEW: Final = "review.json"
REPORT: Final = "report.html"
_FOLDER: Final = "quality"


def gate_facts(layout: Layout) -> GateFacts | None:
    """What the gate found; None if it has not been run over this build."""
    found = _read(layout, GATE)
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
    return GateFacts(
        bool(found.get("passed")), _text(found.get("checked")), len(expectations), failures, waivers
    )


def audit_facts(layout: Layout) -> tuple[AuditFacts, ...] | None:
    """What the audits found; None if they have not been run over this build."""
    found = _read(layout, AUDITS)
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
    found = _read(layout, REVIEW)
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


def has_report(layout: Layout) -> bool:
    """Whether the report of the build is there."""
    return files.exists(files.join(layout.output, _FOLDER, REPORT))


def _read(layout: Layout, name: str) -> Mapping[str, Any] | None:
    path = files.join(layout.output, _FOLDER, name)
    if not files.exists(path):
        return None
    try:
        value = json.loads(files.read_bytes(path))
    except ValueError as error:
        raise BuildError(f"{path} is not JSON ({error}); delete it and check again") from None
    told = _mapping(value)
    # What was found of another build says nothing of this one.
    return told if told.get("run") in (None, _run_digest(layout)) else None


def _run_digest(layout: Layout) -> str:
    """SHA-256 of the run record's bytes, hex: what the files of ``quality/`` name a build by."""
    return hashlib.sha256(files.read_bytes(layout.run_record)).hexdigest()


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
