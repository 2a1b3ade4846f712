"""What the gate, the audits and a person's review said of a dataset, as far as they were run.

When they were run is not shown: a report is published, and another look at the same is no news.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pipelines.gallery.reading import json_beside
from pipelines.gallery.untrusted import plain

_MOST: Final = 400
#: Where a failure is of the dataset as a whole, and not of a subset.
_WHOLE: Final = "all subsets"
_VERDICTS: Final = ("fail", "warn", "pass", "none")


@dataclass(frozen=True)
class Failure:
    """An expectation that a subset, or the dataset as a whole, did not meet.

    `waived` is why the recipe lets it fail; None where it keeps the dataset from being published.
    """

    subset: str
    expectation: str
    column: str
    wanted: str
    observed: str
    failing: int
    row_ids: tuple[str, ...]
    waived: str | None


@dataclass(frozen=True)
class GateView:
    """The result of the gate; `stale` where it was run on another build.

    `failures` are some of those not met, which are `stopping` and `waived` in number; what stops
    comes first.
    """

    passed: bool
    subsets: int
    expectations: int
    stopping: int
    waived: int
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


def gate_of(output: Path, build: str) -> GateView | None:
    """``quality/gate.json``; None where the gate was not run."""
    told = json_beside(output, "quality", "gate.json")
    if told is None or not isinstance(told.get("subsets"), dict):
        return None
    parts = {**told["subsets"], _WHOLE: told.get("dataset")}
    told_of = [(name, one) for name, entry in parts.items() for one in _list(entry, "expectations")]
    failures = [_failure(name, one) for name, one in told_of if not one.get("passed")]
    failures.sort(key=lambda failure: failure.waived is not None)
    waived = sum(failure.waived is not None for failure in failures)
    return GateView(
        passed=bool(told.get("passed")),
        subsets=len(told["subsets"]),
        expectations=len(told_of),
        stopping=len(failures) - waived,
        waived=waived,
        failures=tuple(failures[:_MOST]),
        stale=told.get("run") not in (None, build),
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
        waived=None if one.get("waived") is None else plain(one["waived"], 400),
    )


@dataclass(frozen=True)
class AuditView:
    """The audits: those that need a look, the others, and how many have each verdict."""

    alarms: tuple[AuditLine, ...]
    others: tuple[AuditLine, ...]
    counts: Mapping[str, int]
    stale: bool


def audits_of(output: Path, build: str) -> AuditView | None:
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
    lines.sort(key=lambda line: _VERDICTS.index(line.verdict))
    alarms = [line for line in lines if line.verdict in ("fail", "warn")]
    return AuditView(
        alarms=tuple(alarms),
        others=tuple(lines[len(alarms) :]),
        counts={name: sum(line.verdict == name for line in lines) for name in _VERDICTS},
        stale=told.get("run") not in (None, build),
    )


@dataclass(frozen=True)
class ScoreLine:
    """How far a person agrees with the labels of some rows; shares and kappa as they are shown."""

    name: str
    rows: int
    skipped: int
    agreed: str
    interval: str
    kappa: str
    kappa_interval: str


@dataclass(frozen=True)
class ReviewView:
    """A person's review; `stale` where the sheet or the scores are of another build."""

    lines: tuple[ScoreLine, ...]
    stale: bool


def review_of(output: Path, build: str) -> ReviewView | None:
    """``quality/review.json``: how far a person agrees with the dataset; None without a review."""
    told = json_beside(output, "quality", "review.json")
    if told is None:
        return None
    stale = told.get("run") not in (None, build) or told.get("same_build") is False
    return ReviewView(tuple(score_lines(told)), stale)


def score_lines(review: Mapping[str, Any]) -> list[ScoreLine]:
    """The scores of a review: of all rows first, then by group."""
    return [_score(one) for one in _list(review, "scores")[:_MOST] if _whole(one.get("rows"))]


def _score(one: Mapping[str, Any]) -> ScoreLine:
    group, value = plain(one.get("group", ""), 40), plain(one.get("value", ""), 80)
    flipped = {"true": "reversed by the criterion", "false": "as in the source"}
    name = "all" if group == "all" else flipped.get(value, value) if group == "flipped" else value
    return ScoreLine(
        name=name,
        rows=_whole(one.get("rows")),
        skipped=_whole(one.get("skipped")),
        agreed=_share(one.get("agreed")),
        interval=f"{_share(one.get('agreed_low'))} to {_share(one.get('agreed_high'))}",
        kappa=_number(one.get("kappa")),
        kappa_interval=_interval(one.get("kappa_low"), one.get("kappa_high")),
    )


def _share(value: object) -> str:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{value:.0%}" if known else "–"


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
