"""What label tables and the tables of removed rows say, as the audits look at it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl
import pyarrow.parquet as pq

from pipelines.layout import Layout
from transforms.quality.evidence import (
    GOLD_SCHEMA,
    MATCHES_SCHEMA,
    REMOVED_SCHEMA,
    STATED_SCHEMA,
    VOTES_SCHEMA,
)
from transforms.relabel.calibration import calibration
from transforms.relabel.votes import votes_of

_COLUMNS: Final = ("pair_id", "criterion", "step", "order", "verdict", "producer")
_MEASURED: Final = "measured"
_SCHEMA: Final = pl.Schema(
    {
        "pair_id": pl.String(),
        "criterion": pl.String(),
        "question": pl.UInt64(),
        "step": pl.String(),
        "order": pl.String(),
        "verdict": pl.String(),
        "origin": pl.String(),
        "judge": pl.String(),
        "attribute": pl.String(),
        "direction": pl.String(),
    }
)


def labels_of(layout: Layout, subset: str) -> pl.DataFrame:
    """The labels of a subset, one row each; without rows where it has none.

    Pair and criterion are kept where the label is a measured one; a question is a hash of both.
    """
    file = Path(layout.labels(subset))
    if not file.exists():
        return pl.DataFrame(schema=_SCHEMA)
    with pq.ParquetFile(file) as opened:
        parts = [_labels(one) for one in opened.iter_batches(columns=list(_COLUMNS))]
    return pl.concat([pl.DataFrame(schema=_SCHEMA), *parts])


def _labels(batch: object) -> pl.DataFrame:
    frame = pl.from_arrow(batch)  # type: ignore[arg-type]
    assert isinstance(frame, pl.DataFrame)
    producer = pl.col("producer").struct
    measured = producer.field("origin") == _MEASURED
    told = producer.field("parameters").str
    return frame.select(
        pair_id=pl.when(measured).then("pair_id"),
        criterion=pl.when(measured).then("criterion"),
        question=pl.concat_str("pair_id", "criterion", separator="\0").hash(),
        step="step",
        order="order",
        verdict="verdict",
        origin=producer.field("origin"),
        judge=producer.field("model"),
        attribute=pl.when(measured).then(told.json_path_match("$.attribute")),
        direction=pl.when(measured).then(told.json_path_match("$.direction")),
    ).cast(_SCHEMA)


def stated_of(labels: pl.DataFrame) -> pl.DataFrame:
    """What measured criteria are about (`STATED_SCHEMA`)."""
    stated = labels.filter(pl.col("origin") == _MEASURED, pl.col("step") == "propose")
    return stated.select(STATED_SCHEMA.names()).drop_nulls()


def votes_in(labels: pl.DataFrame, step: str = "judge") -> pl.DataFrame:
    """The judges' votes by both orders: question, judge, vote, first, sided."""
    said = labels.filter(pl.col("step") == step, pl.col("origin") != _MEASURED)
    answers = said.select(pl.col("question").cast(pl.String), "judge", "order", "verdict")
    return votes_of(answers, both_orders=answers["order"].n_unique() > 1)


def panel_of(labels: pl.DataFrame) -> pl.DataFrame:
    """Votes as audits look at them (`VOTES_SCHEMA`)."""
    return votes_in(labels).select(VOTES_SCHEMA.names())


def gold_of(labels: pl.DataFrame, task: str) -> pl.DataFrame:
    """How judges answered gold questions (`GOLD_SCHEMA`)."""
    truth = labels.filter(pl.col("step") == "gold", pl.col("origin") == _MEASURED).select(
        pl.col("question").cast(pl.String),
        pl.lit(task).alias("task"),
        "attribute",
        pl.col("verdict").alias("truth"),
    )
    if truth.is_empty():
        return pl.DataFrame(schema=GOLD_SCHEMA)
    done = calibration(
        votes_in(labels, "gold"), truth.unique("question", keep="first"), by=("judge", "task")
    )
    asked = labels.filter(pl.col("step") == "judge")["judge"].unique()
    votes = pl.col("judge").is_in(asked.implode()) | pl.lit(asked.is_empty())
    return done.with_columns(votes=votes).select(GOLD_SCHEMA.names()).cast(GOLD_SCHEMA)


def removed_of(layout: Layout, subset: str) -> pl.DataFrame:
    """Rows that deduplication removed, counted by rule (`REMOVED_SCHEMA`)."""
    file = Path(layout.duplicates(subset))
    if not file.exists():
        return pl.DataFrame(schema=REMOVED_SCHEMA)
    counted = pl.scan_parquet(file, glob=False).group_by("rule").agg(rows=pl.len()).collect()
    return counted.cast(REMOVED_SCHEMA).sort("rule")


def matches_of(layout: Layout, subset: str) -> pl.DataFrame:
    """Rows that match benchmark items (`MATCHES_SCHEMA`)."""
    file = Path(layout.contamination(subset))
    if not file.exists():
        return pl.DataFrame(schema=MATCHES_SCHEMA)
    return pl.scan_parquet(file, glob=False).select(MATCHES_SCHEMA.names()).collect()
