"""What the gate, the audits and a person's review said of a dataset, as far as they were run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pipelines.gallery.reading import json_beside
from pipelines.gallery.untrusted import plain

_MOST: Final = 400
_VERDICTS: Final = ("fail", "warn", "pass", "none")


@dataclass(frozen=True)
class Failure:
    """An expectation that a subset did not meet."""

    subset: str
    expectation: str
    column: str
    wanted: str
    observed: str
    failing: int
    row_ids: tuple[str, ...]


@dataclass(frozen=True)
class GateView:
    """The result of the gate; `stale` where it was run on another build."""

    passed: bool
    checked: str
    subsets: int
    expectations: int
    failures: tuple[Failure, ...]
    stale: bool


@dataclass(frozen=True)
class AuditLine:
    """One audited number with its interval and verdict."""

    audit: str
    scope: str
    subject: str
    value: str
    interval: str
    rows: int
    verdict: str
    threshold: str
    note: str


def gate_of(output: Path, run_digest: str) -> GateView | None:
    """``quality/gate.json``; None where the gate was not run."""
    told = json_beside(output, "quality", "gate.json")
    if told is None or not isinstance(told.get("subsets"), dict):
        return None
    expectations, failures = 0, []
    for name, entry in told["subsets"].items():
        for one in _list(entry, "expectations"):
            expectations += 1
            if not one.get("passed"):
                failures.append(_failure(name, one))
    return GateView(
        passed=bool(told.get("passed")),
        checked=plain(told.get("checked", ""), 60),
        subsets=len(told["subsets"]),
        expectations=expectations,
        failures=tuple(failures[:_MOST]),
        stale=told.get("run") not in (None, run_digest),
    )


def _failure(subset: str, one: Mapping[str, Any]) -> Failure:
    ids = one.get("row_ids")
    return Failure(
        subset=plain(subset, 80),
        expectation=plain(one.get("expectation", ""), 200),
        column=plain(one.get("column") or "", 80),
        wanted=plain(one.get("wanted", ""), 200),
        observed=plain(one.get("observed", ""), 200),
        failing=_whole(one.get("failing")),
        row_ids=tuple(plain(row, 64) for row in (ids if isinstance(ids, list) else [])[:20]),
    )


def audits_of(output: Path) -> list[AuditLine] | None:
    """``quality/audits.json``, failures first; None where the audits were not run."""
    told = json_beside(output, "quality", "audits.json")
    if told is None:
        return None
    lines = [
        AuditLine(
            audit=plain(one.get("audit", ""), 80).replace("_", " "),
            scope=plain(one.get("scope", ""), 40),
            subject=plain(one.get("subject", ""), 80),
            value=_number(one.get("value")),
            interval=_interval(one.get("low"), one.get("high")),
            rows=_whole(one.get("rows")),
            verdict=one["verdict"] if one.get("verdict") in _VERDICTS else "none",
            threshold=plain(one.get("threshold") or "", 120),
            note=plain(one.get("note") or "", 240),
        )
        for one in _list(told, "audits")
    ]
    return sorted(lines, key=lambda line: _VERDICTS.index(line.verdict))


def review_of(output: Path) -> dict[str, Any] | None:
    """``quality/review.json``: how far a person agrees with the dataset; None without a review."""
    return json_beside(output, "quality", "review.json")


def _list(value: object, name: str) -> list[Mapping[str, Any]]:
    found = value.get(name) if isinstance(value, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _whole(value: object) -> int:
    return int(value) if isinstance(value, int | float) and abs(value) < 1e15 else 0


def _number(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "–" if value is None else plain(value, 40)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3f}"


def _interval(low: object, high: object) -> str:
    return "–" if low is None or high is None else f"{_number(low)} to {_number(high)}"
