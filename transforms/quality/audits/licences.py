"""Licences: the share of rows whose licence does not forbid commercial use.

Counted over all rows, by `nc`; that is the part that ``omnireward build --commercial-only`` builds.
Rows of a corpus that states no licence are among them, since nothing forbids it; whether they may
be taken nobody knows, so they are a warning and are counted apart. A row whose licence says
non-commercial while `nc` is false is a failure.
"""

from __future__ import annotations

from collections import Counter

import polars as pl

from schemas.licence import commercial_use, is_non_commercial
from transforms.quality.audits.registry import Audit
from transforms.quality.evidence import Evidence
from transforms.quality.finding import Measure, Verdict
from transforms.quality.settings_audits import AuditSettings

_UNKNOWN = "unknown"


def measure(evidence: Evidence, settings: AuditSettings) -> Measure | None:
    """The share of rows without a ban on commercial use, and all licences."""
    number = evidence.rows.height
    if not number:
        return None
    mix = (
        evidence.rows.group_by(
            pl.col("licence").fill_null(_UNKNOWN), pl.col("nc").fill_null(value=True)
        )
        .agg(rows=pl.len())
        .sort("rows", "licence", "nc", descending=[True, False, False])
    )
    free = int(mix.filter(~pl.col("nc"))["rows"].sum())
    wrong = {
        licence: rows
        for licence, nc, rows in mix.iter_rows()
        if not nc and is_non_commercial(licence)
    }
    use: Counter[str] = Counter()
    for licence, nc, rows in mix.iter_rows():
        use[commercial_use(licence, nc)] += rows
    unknown = use["unknown"]
    verdict: Verdict = "fail" if wrong else "warn" if unknown else "pass"
    note = f"{use['allowed']:,} rows allow commercial use, {use['forbidden']:,} forbid it"
    if wrong:
        note = f"{next(iter(wrong))[:60]} forbids commercial use, and rows say nothing of it"
    elif unknown:
        note += f"; of {unknown:,} nobody knows: no licence that says so is stated"
    return Measure(
        free / number,
        None,
        None,
        number,
        note,
        {
            "licences": [
                {"licence": licence, "nc": nc, "rows": rows}
                for licence, nc, rows in mix.iter_rows()
            ],
            "wrong": wrong,
            "unknown": unknown,
        },
        verdict=verdict,
    )


AUDIT = Audit(
    "share of rows that don't forbid commercial use", "none: all rows are counted", "low", measure
)
