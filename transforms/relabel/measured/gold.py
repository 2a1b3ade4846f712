"""Gold questions: measured criteria whose answer is beyond doubt, to calibrate judges with."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from transforms.measures.tables import attributes_of
from transforms.relabel.measured.draws import draws, pair_numbers
from transforms.relabel.measured.settings import MeasuredSettings


def gold_questions(
    labels: pa.Table, per_attribute: int, settings: MeasuredSettings | None = None
) -> pa.Table:
    """Labels that judges can be held to.

    Only labels of attributes that a judge can perceive, whose values lie `gold_strength` margins
    apart (flags: differ) and on either side of the attribute's pivot, if it has one. Up to
    `per_attribute` for each task, attribute and verdict, the first by a hash of the pair: so A and
    B are equally often right, and asking for more keeps the former.

    Args:
        labels: labels of origin `measured` (`choose.label_table`), of any tasks; others are left
            out.
        per_attribute: questions for each task, attribute and verdict.
        settings: `seed` and `gold_strength` count.

    Returns:
        Rows of `labels`, ordered by task, attribute and place in the hash order.
    """
    chosen = settings or MeasuredSettings()
    measured = labels.filter(_is_measured(labels))
    facts = [json.loads(each["parameters"]) for each in measured["producer"].to_pylist()]
    kept = np.array([_is_clear(fact, chosen.gold_strength) for fact in facts], bool)
    measured = measured.filter(pa.array(kept))
    facts = [fact for fact, keep in zip(facts, kept.tolist(), strict=True) if keep]
    place = draws(pair_numbers(measured["pair_id"]), chosen.seed, "gold")
    ordered = (
        pl.DataFrame(
            {
                "row": np.arange(len(facts)),
                "task": [fact["task"] for fact in facts],
                "attribute": [fact["attribute"] for fact in facts],
                "verdict": measured["verdict"].to_pylist(),
                "place": place,
            },
            schema_overrides={"task": pl.String, "attribute": pl.String, "verdict": pl.String},
        )
        .sort(["task", "attribute", "verdict", "place", "row"])
        .group_by(["task", "attribute", "verdict"], maintain_order=True)
        .head(per_attribute)
        .sort(["task", "attribute", "place", "row"])
    )
    return measured.take(pa.array(ordered["row"].to_numpy()))


def _is_measured(labels: pa.Table) -> pa.Array:
    origins = [each["origin"] for each in labels["producer"].to_pylist()]
    return pa.array([origin == "measured" for origin in origins], pa.bool_())


def _is_clear(fact: dict[str, Any], strength: float) -> bool:
    attribute = attributes_of(fact["task"]).get(fact["attribute"])
    if attribute is None or not attribute.gold:  # None: labels of an earlier version
        return False
    if not attribute.across(np.array(fact["a"]), np.array(fact["b"])):
        return False
    return attribute.flag or fact["strength"] >= strength
