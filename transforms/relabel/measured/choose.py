"""Which attribute a pair is asked about, in which direction, and so which response it prefers.

Every decision is a hash of the pair's id: no row depends on another, so a larger subset keeps the
rows of a smaller one, and order, shards and workers don't matter.

1. Candidates are the attributes in which the two responses differ by the margin.
2. Among their families, and then within the family, one is drawn with probabilities in proportion
   to weight (weighted rendezvous hashing). Rare attributes have large weights, so common ones,
   such as length, are drawn where there is little else.
3. A coin decides whether the source's label is to be reversed. The direction follows: *more* of the
   attribute if the response wanted has more of it, else *less*. Where the source says tie, the coin
   decides the direction. So within each attribute about half reverse the source, and neither the
   attribute nor its value tells which response is preferred: the sentence has to be read.
"""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np
import polars as pl
import pyarrow as pa

from schemas.label import LABEL_SCHEMA
from transforms.measures.attribute import Attribute, strengths
from transforms.measures.tables import VERSION, attributes_of
from transforms.measures.values import as_arrays
from transforms.relabel.measured.criteria import criterion_of
from transforms.relabel.measured.draws import draws, pair_numbers
from transforms.relabel.measured.settings import MeasuredSettings
from transforms.relabel.measured.wording import DIRECTIONS, frames

PRODUCER: Final = "measured"

#: What is known of a choice beside its label; `reversed` is null where the source says tie.
CHOICE_SCHEMA: Final = pa.schema(
    [
        pa.field("row", pa.int64()),  # of the table of values
        pa.field("pair_id", pa.string()),
        pa.field("attribute", pa.string()),
        pa.field("direction", pa.string()),  # more | less
        pa.field("verdict", pa.string()),  # a | b
        pa.field("reversed", pa.bool_()),
        pa.field("strength", pa.float64()),  # margins between the two values
        pa.field("a", pa.float64()),
        pa.field("b", pa.float64()),
        pa.field("criterion", pa.string()),
    ]
)


def prompt_version() -> str:
    """Version of attributes and wording; part of the producer's identity."""
    return f"attributes-{VERSION}/wording-{frames().version}"


def choose(
    values: pa.Table, preferences: pa.ChunkedArray, task: str, settings: MeasuredSettings
) -> pa.Table:
    """Criteria for pairs.

    Args:
        values: `measures.values.attribute_values` of pairs of one task.
        preferences: what the source prefers, row by row: ``a``, ``b`` or ``tie``.
        task: one of the nine.
        settings: how to choose.

    Returns:
        A table of `CHOICE_SCHEMA`, up to `criteria_per_pair` rows a pair, in the order of `values`.
        A pair that differs in nothing has none.
    """
    asked = [
        attribute
        for attribute in attributes_of(task).values()
        if attribute.askable and attribute.name not in settings.leave_out
    ]
    a, b = as_arrays(values, task, "a"), as_arrays(values, task, "b")
    apart = np.stack([strengths(attribute, a, b) for attribute in asked], axis=1)
    pairs = pair_numbers(values["pair_id"])
    # Two flags that differ are as far apart as flags can be, whatever the bar for quantities.
    bars = np.array([1.0 if attribute.flag else settings.min_strength for attribute in asked])
    rows, columns = _drawn(apart >= bars, asked, pairs, settings)
    source = np.array(preferences.to_pylist(), dtype=object)
    parts = [
        _choices(rows[columns == column], asked[column], values, (a, b), apart[:, column], source,
                 pairs, task, settings)
        for column in np.unique(columns).tolist()
    ]  # fmt: skip
    if not parts:
        return CHOICE_SCHEMA.empty_table()
    together = pa.concat_tables(parts)
    return together.sort_by([("row", "ascending"), ("attribute", "ascending")])


def _drawn(
    candidates: np.ndarray, asked: list[Attribute], pairs: np.ndarray, settings: MeasuredSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of `candidates` (pairs x attributes) that are drawn."""
    names = sorted({attribute.family for attribute in asked})
    weights = np.array([attribute.weight for attribute in asked])
    lots = np.stack(
        [draws(pairs, settings.seed, "attribute", attribute.name) for attribute in asked], axis=1
    )
    # The smallest of -log(u) / w is drawn with probability w / sum of w.
    times = np.where(candidates, -np.log(lots) / weights, np.inf)
    best = np.zeros((len(pairs), len(names)), np.int64)
    family_times = np.full((len(pairs), len(names)), np.inf)
    for at, name in enumerate(names):
        members = np.array([n for n, attribute in enumerate(asked) if attribute.family == name])
        best[:, at] = members[np.argmin(times[:, members], axis=1)]
        held = np.where(candidates[:, members], weights[members], 0).max(axis=1)
        lot = -np.log(draws(pairs, settings.seed, "family", name))
        family_times[:, at] = np.where(held > 0, lot / np.where(held > 0, held, 1), np.inf)
    order = np.argsort(family_times, axis=1, kind="stable")[:, : settings.criteria_per_pair]
    rows = np.repeat(np.arange(len(pairs)), order.shape[1])
    flat = order.reshape(-1)
    there = np.isfinite(family_times[rows, flat])
    return rows[there], best[rows, flat][there]


def _choices(
    rows: np.ndarray,
    attribute: Attribute,
    values: pa.Table,
    sides: tuple[dict[str, np.ndarray], dict[str, np.ndarray]],
    strength: np.ndarray,
    source: np.ndarray,
    pairs: np.ndarray,
    task: str,
    settings: MeasuredSettings,
) -> pa.Table:
    """The choices of the rows that are asked about one attribute."""
    a, b = (side[attribute.name][rows] for side in sides)
    coin = draws(pairs[rows], settings.seed, "reverse", attribute.name)
    reverse, said = coin < settings.flip_share, source[rows]
    has_more = a > b
    more = np.where(said == "tie", coin < 0.5, ((said == "a") != reverse) == has_more)
    wants_a = more == has_more
    criteria = np.empty(len(rows), object)
    for is_more, direction in zip((True, False), DIRECTIONS, strict=True):
        at = np.flatnonzero(more == is_more)
        criteria[at] = criterion_of(task, attribute.name, direction, pairs[rows][at], settings.seed)
    return pa.table(
        {
            "row": rows,
            "pair_id": values["pair_id"].take(pa.array(rows)),
            "attribute": [attribute.name] * len(rows),
            "direction": np.where(more, *DIRECTIONS),
            "verdict": np.where(wants_a, "a", "b"),
            "reversed": pa.array(reverse, mask=said == "tie"),
            "strength": strength[rows],
            "a": a,
            "b": b,
            "criterion": criteria.tolist(),
        },
        schema=CHOICE_SCHEMA,
    )


def label_table(choices: pa.Table, task: str) -> pa.Table:
    """Choices as labels (`schemas.label.LABEL_SCHEMA`): one row a criterion.

    The producer's parameters hold what was measured: attribute, direction, both values, margin.
    """
    attributes, version = attributes_of(task), prompt_version()
    chosen = choices.to_pylist()
    return pa.table(
        {
            "pair_id": choices["pair_id"],
            "criterion": choices["criterion"],
            "step": ["propose"] * len(chosen),
            "order": ["ab"] * len(chosen),
            "verdict": choices["verdict"],
            "confidence": [1.0] * len(chosen),
            "rationale": [_rationale(choice, attributes[choice["attribute"]]) for choice in chosen],
            "producer": [
                {
                    "origin": "measured",
                    "model": PRODUCER,
                    "prompt_version": version,
                    "parameters": _parameters(choice, attributes[choice["attribute"]], task),
                }
                for choice in chosen
            ],
            "input_tokens": [0] * len(chosen),
            "output_tokens": [0] * len(chosen),
            "cost_usd": [0.0] * len(chosen),
        },
        schema=LABEL_SCHEMA,
    )


def _rationale(choice: dict[str, Any], attribute: Attribute) -> str:
    kept, other = ("a", "b") if choice["verdict"] == "a" else ("b", "a")
    word = attribute.more if choice["direction"] == "more" else attribute.less
    return f"{word}: {choice[kept]:.6g} against {choice[other]:.6g} ({attribute.unit})"


def _parameters(choice: dict[str, Any], attribute: Attribute, task: str) -> str:
    """Canonical JSON: keys sorted, floats to six digits."""
    margin = attribute.margin
    return json.dumps(
        {
            "a": float(f"{choice['a']:.6g}"),
            "attribute": attribute.name,
            "b": float(f"{choice['b']:.6g}"),
            "direction": choice["direction"],
            "margin": {"absolute": margin.absolute, "ratio": margin.ratio},
            "strength": float(f"{choice['strength']:.4g}"),
            "task": task,
        },
        sort_keys=True,
        separators=(",", ":"),
    )


def balance(choices: pa.Table) -> pl.DataFrame:
    """How choices spread: for each attribute rows, share of all, of *more*, of A, of reversals."""
    frame = pl.DataFrame(pl.from_arrow(choices))
    return (
        frame.group_by("attribute")
        .agg(
            rows=pl.len(),
            more=(pl.col("direction") == "more").mean(),
            a=(pl.col("verdict") == "a").mean(),
            reversed=pl.col("reversed").mean(),
        )
        .with_columns(share=pl.col("rows") / pl.col("rows").sum())
        .sort(["rows", "attribute"], descending=[True, False])
        .select("attribute", "rows", "share", "more", "a", "reversed")
    )
