"""Coverage: about how many different things the criteria are.

The value is the effective number of attributes: the exponential of the Shannon entropy of what
criteria are about, so that twenty attributes of which two have nearly all rows count as little more
than two (Hill number of order 1). Measured criteria have their attribute on record; others are
matched by the words of ``aspects.yaml``, where a criterion may be about several aspects, or none.
`details.coverage` is the share of what could be asked about that is asked about at all.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from transforms.measures.intervals import bootstrap
from transforms.quality.audits.registry import Audit
from transforms.quality.criteria import aspects_of
from transforms.quality.evidence import Evidence
from transforms.quality.finding import Measure
from transforms.quality.settings_audits import AuditSettings

_MOST = 5_000
_ROUNDS = 300


def measure(evidence: Evidence, settings: AuditSettings) -> Measure | None:
    """The effective number of attributes or aspects."""
    rows = evidence.instructed.select("row_id", "pair_id", "criterion", "task").sort("row_id")
    if rows.is_empty():
        return None
    rows = rows.sample(min(_MOST, rows.height), seed=settings.seed)
    stated = evidence.stated.unique(["pair_id", "criterion"], keep="first", maintain_order=True)
    known = rows.join(stated, on=["pair_id", "criterion"], how="inner")
    if known.height * 2 >= rows.height:
        about = known["attribute"].to_dummies(separator="=")
        about = about.rename({name: name.split("=", 1)[1] for name in about.columns}).cast(
            pl.Boolean
        )
        tasks = set(known["task"].to_list())
        possible = max((evidence.askable.get(task, 0) for task in tasks), default=0)
        kind = "attributes"
    else:
        about = aspects_of(rows["criterion"])
        possible, kind = about.width, "aspects"
    matrix = about.to_numpy().astype(np.float64)
    value = _effective(matrix.sum(axis=0))
    low, high = bootstrap(
        lambda at: _effective(matrix[at].sum(axis=0)), len(matrix), settings.seed, _ROUNDS
    )
    counts = matrix.sum(axis=0)
    there = int((counts > 0).sum())
    order = np.argsort(-counts, kind="stable")[:12]
    return Measure(
        value,
        low,
        high,
        len(matrix),
        f"{there} of {possible or there} {kind}",
        {
            "kind": kind,
            "coverage": there / possible if possible else None,
            "unmatched": float((matrix.sum(axis=1) == 0).mean()),
            "shares": {
                about.columns[at]: float(counts[at] / len(matrix)) for at in order if counts[at]
            },
        },
    )


def _effective(counts: np.ndarray) -> float:
    total = counts.sum()
    if not total:
        return 0.0
    shares = counts[counts > 0] / total
    return float(np.exp(-(shares * np.log(shares)).sum()))


AUDIT = Audit(
    "effective number of attributes that criteria are about",
    "percentile bootstrap over criteria, 95 %, fixed seed",
    "low",
    measure,
    ("subset", "task"),
)
