"""Gold questions of a subset: measured criteria about its own pairs, for its judges."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
import pyarrow as pa

from transforms.relabel.measured.choose import choose, label_table
from transforms.relabel.measured.gold import gold_questions
from transforms.relabel.measured.settings import MeasuredSettings
from transforms.relabel.protocol.propose import Proposal
from transforms.relabel.settings import RelabelSettings

#: The step of label rows about gold questions: what judges said, and what is true by measurement.
GOLD: Final = "gold"


@dataclass(frozen=True)
class Gold:
    """Questions with their truth: `rows`, `names` and `criteria` side by side.

    `truth`: question, task, attribute, truth (a or b). `labels`: rows of the label table that
    state the truths, with the attributes as parameters of their producer.
    """

    rows: Sequence[dict[str, Any]]
    names: Sequence[str]
    criteria: Sequence[str]
    truth: pl.DataFrame
    labels: Sequence[dict[str, Any]] = ()


def gold_number(expected: int, settings: RelabelSettings) -> int:
    """How many gold questions are asked where rows of so many pairs are expected; 0: none."""
    chosen = settings.calibration
    if not chosen.gold_share:
        return 0
    asked = expected * settings.propose.criteria
    return max(chosen.least_questions, round(asked * chosen.gold_share))


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
    gold = _spread(gold_questions(labels, number, settings), number)
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
    names, criteria = [one.question for one in named], [one.criterion for one in named]
    told = [{**label, "step": GOLD, "order": None} for label in chosen]
    return Gold(rows, names, criteria, truth, told)


def _spread(gold: pa.Table, number: int) -> pa.Table:
    """The first questions of every attribute and verdict before the second ones of any."""
    facts = [json.loads(each["parameters"]) for each in gold["producer"].to_pylist()]
    frame = pl.DataFrame(
        {
            "attribute": [fact["attribute"] for fact in facts],
            "verdict": gold["verdict"].to_pylist(),
        },
        schema={"attribute": pl.String, "verdict": pl.String},
    ).with_row_index("row")
    # Attributes take turns in which verdict comes first: where only one fits, both are met.
    turn = (pl.col("attribute").rank("dense") % 2 == 0) == (pl.col("verdict") == "a")
    ordered = frame.with_columns(
        place=pl.int_range(pl.len()).over("attribute", "verdict"), second=turn
    ).sort("place", "second", "attribute")
    return gold.take(pa.array(ordered["row"].head(number).to_list(), pa.int64()))
