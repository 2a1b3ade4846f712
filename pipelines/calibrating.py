"""How judges did on gold questions, from the label tables of a built dataset."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

import polars as pl
from rich.table import Table

from pipelines.display import table_of
from pipelines.layout import Layout
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.relabel.calibration import calibration
from transforms.relabel.votes import votes_of

#: As `protocol.gold.GOLD`: the step of label rows about gold questions.
_GOLD: Final = "gold"
_GROUPS: Final = ("judge", "task", "attribute")


def calibrated(
    layout: Layout, subsets: Sequence[str], by: Sequence[str] = _GROUPS[:2]
) -> pl.DataFrame:
    """Accuracy, ties and position bias with their intervals; see `calibration.calibration`.

    Args:
        layout: of a built dataset.
        subsets: those whose label tables are read; they may have none.
        by: of judge, task and attribute.

    Raises:
        BuildError: there are no gold questions in them.
    """
    read = [
        _gold_rows(layout.labels(name)) for name in subsets if files.exists(layout.labels(name))
    ]
    rows = pl.concat(read) if read else pl.DataFrame()
    if rows.is_empty():
        raise BuildError(
            f"{layout.output}: no judge has answered gold questions; they are asked where criteria "
            "come from models and relabel.calibration.gold_share is above 0"
        )
    told = rows.filter(pl.col("origin") == "measured").unique("question")
    facts = [json.loads(parameters) for parameters in told["parameters"]]
    truth = told.select("question", truth="verdict").with_columns(
        task=pl.Series([fact["task"] for fact in facts], dtype=pl.String),
        attribute=pl.Series([fact["attribute"] for fact in facts], dtype=pl.String),
    )
    answers = rows.filter(pl.col("origin") == "llm").select(
        "question", "order", "verdict", judge="model"
    )
    both = answers["order"].n_unique() > 1
    return calibration(votes_of(answers, both_orders=both), truth, by=by)


def _gold_rows(path: str) -> pl.DataFrame:
    """Label rows about gold questions; `question` is a pair under a criterion."""
    with files.open_read(path) as stream:
        table = pl.read_parquet(
            stream, columns=["pair_id", "criterion", "step", "order", "verdict", "producer"]
        )
    return (
        table.filter(pl.col("step") == _GOLD)
        .unnest("producer")
        .select(
            pl.concat_str("pair_id", "criterion", separator="\0").alias("question"),
            "order",
            "verdict",
            "origin",
            "model",
            "parameters",
        )
    )


def calibration_view(found: pl.DataFrame, floor: float) -> Table:
    """One line a group; an accuracy that is below the floor for sure is marked."""
    groups = [name for name in _GROUPS if name in found.columns]
    numbers = ("questions", "accuracy", "ties", "cannot tell", "first shown is taken")
    table = table_of("Judges on gold questions, 95 % intervals", *groups, *numbers, right=numbers)
    for row in found.iter_rows(named=True):
        below = row["accuracy_high"] < floor
        accuracy = _interval(row["accuracy"], row["accuracy_low"], row["accuracy_high"])
        table.add_row(
            *(str(row[name]) for name in groups),
            f"{row['questions']:,}",
            f"[red]{accuracy}, no vote[/]" if below else accuracy,
            f"{row['tie'] / row['questions']:.0%}",
            f"{row['unsure'] / row['questions']:.0%}",
            _interval(*(0.5 + row[f"position_{edge}"] for edge in ("bias", "low", "high"))),
        )
    return table


def _interval(value: float, low: float, high: float) -> str:
    return f"{value:.0%} ({low:.0%} to {high:.0%})"
