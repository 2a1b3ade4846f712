"""Criteria that don't matter, fourth test: the labels fit their own criteria, not another row's.

Some criteria are about what can be measured: "concise", "brighter", "louder", more vertices. For
the measured origin the attribute and direction of each are on record; other criteria are matched by
their wording (`criteria.attribute_asked`), where it is plain. Such a criterion can be applied by
measurement, to its own pair or to any other. So:

- `own`: share of rows where the response that has more (less) of what the row's own criterion asks
  for is the preferred one;
- `shuffled`: the same with the criteria dealt out among the rows of the subset or task. It is the
  expected value over all deals in which no row keeps its own, not one deal.

The value is the drop, own less shuffled. Measured rows have own = 1 and shuffled = 0.5: a drop of
one half. A drop near 0 says that labels do not follow the criteria they stand by (they were mixed
up, or never looked at). A response without a value, and equal values, count as half right.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from transforms.measures.intervals import bootstrap
from transforms.quality.audits.registry import Audit
from transforms.quality.criteria import attribute_asked
from transforms.quality.evidence import Evidence
from transforms.quality.finding import Measure
from transforms.quality.settings_audits import AuditSettings

_LEAST = 10


def measure(evidence: Evidence, settings: AuditSettings) -> Measure | None:
    """The drop, over sampled rows whose criterion can be applied by measurement."""
    rows = (
        evidence.instructed.filter(pl.col("preference").is_in(["a", "b"]))
        .select("row_id", "pair_id", "group", "task", "criterion", "preference")
        .join(evidence.measured, on="row_id", how="inner")
        .sort("row_id")
    )
    sampled = rows.height
    there = [name[2:] for name in evidence.measured.columns if name.startswith("a_")]
    asked = _asked(rows, evidence.stated).filter(pl.col("attribute").is_in(there))
    if asked.height < _LEAST:
        return None
    own, shuffled = _fits(asked)
    _, groups = np.unique(asked["group"].fill_null("").to_numpy(), return_inverse=True)
    drops = np.bincount(groups, weights=own - shuffled)
    sizes = np.bincount(groups).astype(np.float64)
    low, high = bootstrap(
        lambda at: float(drops[at].sum() / sizes[at].sum()), len(sizes), settings.seed
    )
    drop = float((own - shuffled).mean())
    return Measure(
        drop,
        low,
        high,
        asked.height,
        f"{own.mean():.0%} right by the own criterion, {shuffled.mean():.0%} by another's; "
        f"{asked.height:,} of {sampled:,} sampled criteria can be measured",
        {"own": float(own.mean()), "shuffled": float(shuffled.mean()), "sampled": sampled},
    )


def _asked(rows: pl.DataFrame, stated: pl.DataFrame) -> pl.DataFrame:
    """Rows with `attribute` and `direction`: on record, else by wording, else null."""
    known = stated.unique(["pair_id", "criterion"], keep="first", maintain_order=True)
    joined = rows.join(known, on=["pair_id", "criterion"], how="left", maintain_order="left")
    worded = [
        None if attribute is not None else attribute_asked(criterion, task)
        for attribute, criterion, task in joined.select(
            "attribute", "criterion", "task"
        ).iter_rows()
    ]
    by_words = pl.DataFrame(
        {
            "attribute": [None if one is None else one[0] for one in worded],
            "direction": [None if one is None else one[1] for one in worded],
        },
        schema={"attribute": pl.String, "direction": pl.String},
    )
    return joined.with_columns(
        pl.coalesce(joined[name], by_words[name]).alias(name) for name in by_words.columns
    )


def _fits(asked: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """float64[n] each: how right the own criterion is on each row, and another row's on average."""
    label = np.where(asked["preference"].to_numpy() == "a", 1.0, -1.0)
    kinds = asked.group_by("attribute", "direction").len().sort("attribute", "direction")
    number = asked.height
    own, total = np.zeros(number), np.zeros(number)
    for attribute, direction, count in kinds.iter_rows():
        apart = (asked[f"a_{attribute}"] - asked[f"b_{attribute}"]).fill_null(0.0).fill_nan(0.0)
        way = 1.0 if direction == "more" else -1.0
        right = 0.5 + 0.5 * np.sign(apart.to_numpy()) * way * label
        mine = ((asked["attribute"] == attribute) & (asked["direction"] == direction)).to_numpy()
        own[mine] = right[mine]
        total += count * right
    return own, (total - own) / (number - 1)


AUDIT = Audit(
    "accuracy of measurable criteria on their own rows less that on other rows",
    "percentile bootstrap over prompt groups, 95 %, fixed seed",
    "low",
    measure,
    ("subset", "task"),
)
