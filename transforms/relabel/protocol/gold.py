"""Gold questions of a subset: measured criteria about its own pairs, for its judges."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa

from transforms.relabel.measured.choose import choose, label_table
from transforms.relabel.measured.gold import gold_questions
from transforms.relabel.measured.settings import MeasuredSettings
from transforms.relabel.protocol.propose import Proposal


@dataclass(frozen=True)
class Gold:
    """Questions with their truth: `rows`, `names` and `criteria` side by side.

    `truth`: question, task, attribute, truth (a or b). `labels`: the truth as rows of
    `schemas.label.LABEL_SCHEMA`, of step ``gold``: who reads the answers of judges later needs it.
    """

    rows: Sequence[dict[str, Any]]
    names: Sequence[str]
    criteria: Sequence[str]
    truth: pl.DataFrame
    labels: Sequence[dict[str, Any]] = ()


def gold_of(
    looked: pa.Table, prefix: str, task: str, number: int, settings: MeasuredSettings
) -> Gold:
    """At most `number` gold questions about the pairs of a table.

    Args:
        looked: prepared pairs, and beside them values of attributes in columns that begin with
            `prefix` (`measures.values.attribute_values`).
        prefix: see there.
        task: one of the nine.
        number: questions, spread over the attributes.
        settings: of the origin `measured`.
    """
    values = pa.table(
        {
            "pair_id": looked["pair_id"],
            **{
                name.removeprefix(prefix): looked[name]
                for name in looked.column_names
                if name.startswith(prefix)
            },
        }
    )
    choices = choose(values, looked["preference"], task, settings)
    labels = label_table(choices, task)
    gold = gold_questions(labels, max(1, number // 8), settings).slice(0, number)
    at = {pair: row for row, pair in enumerate(looked["pair_id"].to_pylist())}
    plain = [name for name in looked.column_names if not name.startswith(prefix)]
    chosen = gold.to_pylist()
    places = pa.array([at[label["pair_id"]] for label in chosen], pa.int64())
    rows = looked.select(plain).take(places).to_pylist()
    named = [Proposal(label["pair_id"], label["criterion"], label["verdict"]) for label in chosen]
    facts = [json.loads(label["producer"]["parameters"]) for label in chosen]
    truth = pl.DataFrame(
        {
            "question": [one.question for one in named],
            "task": [task] * len(named),
            "attribute": [fact["attribute"] for fact in facts],
            "truth": [one.prefers for one in named],
        },
        schema=dict.fromkeys(("question", "task", "attribute", "truth"), pl.String),
    )
    told = [{**label, "step": "gold"} for label in chosen]
    questions, criteria = [one.question for one in named], [one.criterion for one in named]
    return Gold(rows, questions, criteria, truth, told)
