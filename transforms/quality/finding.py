"""What an audit says: a number with its interval, and a verdict by the recipe's bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from transforms.quality.settings_audits import Bounds

Scope = Literal["subset", "task", "dataset"]
Verdict = Literal["pass", "warn", "fail", "none"]
#: Which values are bad: large ones, small ones, or those far from one half.
Worse = Literal["high", "low", "off_half"]

SCOPES: Final[tuple[Scope, ...]] = ("subset", "task", "dataset")


@dataclass(frozen=True)
class Measure:
    """What an audit measured: a value, its interval (null where all there is was counted), and of
    how many rows. `note` is one short sentence; `details` are plain JSON values.

    `verdict` is set where the number alone does not decide. `only_warns`: it is of too little to
    have an interval, and is no failure on its own.
    """

    value: float
    low: float | None
    high: float | None
    rows: int
    note: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    verdict: Verdict | None = None
    only_warns: bool = False


@dataclass(frozen=True)
class Finding:
    """A measure of one subset, task or of the dataset, with its verdict."""

    audit: str
    scope: Scope
    subject: str
    value: float
    low: float | None
    high: float | None
    rows: int
    verdict: Verdict
    threshold: str
    note: str
    details: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The finding as JSON values; numbers to six significant digits, as data are written."""
        return {
            "audit": self.audit,
            "scope": self.scope,
            "subject": self.subject,
            "value": rounded(self.value),
            "low": rounded(self.low),
            "high": rounded(self.high),
            "rows": self.rows,
            "verdict": self.verdict,
            "threshold": self.threshold,
            "note": self.note,
            "details": rounded(dict(self.details)),
        }


def rounded(value: Any) -> Any:
    """A JSON value with floats to six significant digits; what is not finite is null."""
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(each) for each in value]
    return value


def verdict_of(measure: Measure, bounds: Bounds, worse: Worse, least_rows: int) -> Verdict:
    """The verdict on a measure.

    A bound is passed when the whole interval lies beyond it; a value without interval stands for
    itself. Fewer rows than `least_rows` give none, unless all there is was counted.
    """
    if measure.verdict is not None:
        return measure.verdict
    if (bounds.warn is None and bounds.fail is None) or not math.isfinite(measure.value):
        return "none"
    if measure.low is not None and measure.rows < least_rows:
        return "none"
    low = measure.value if measure.low is None else measure.low
    high = measure.value if measure.high is None else measure.high
    badness = {"high": low, "low": -high, "off_half": max(low - 0.5, 0.5 - high)}[worse]
    sign = -1 if worse == "low" else 1
    if bounds.fail is not None and badness > sign * bounds.fail:
        return "warn" if measure.only_warns else "fail"
    if bounds.warn is not None and badness > sign * bounds.warn:
        return "warn"
    return "pass"


def threshold_of(bounds: Bounds, worse: Worse) -> str:
    """The bounds in words."""
    side = {"high": "above", "low": "below", "off_half": "more than"}[worse]
    end = " from 0.5" if worse == "off_half" else ""
    told = [
        f"{name} {side} {bound:g}{end}"
        for name, bound in (("warn", bounds.warn), ("fail", bounds.fail))
        if bound is not None
    ]
    return ", ".join(told) or "none"
