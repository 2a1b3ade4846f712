"""Reading what lies beside the shards: labels, duplicates, contamination."""

from __future__ import annotations

from collections import Counter
from typing import Final

import polars as pl

from pipelines.cards.facts import Calibration, LabelFacts, Matches
from pipelines.cards.shards import opened
from pipelines.contaminated import with_kept
from pipelines.layout import Layout
from transforms.beamkit import files
from transforms.relabel.calibration import calibration
from transforms.relabel.votes import ANSWER_SCHEMA, votes_of

GOLD: Final = "gold"
_MEASURED: Final = "measured"


def label_facts(layout: Layout, subset: str, task: str) -> LabelFacts | None:
    """What the label table of a subset says of its producers; None if it has none."""
    path = layout.labels(subset)
    if not files.exists(path):
        return None
    producers: Counter[tuple[str, str, str, str]] = Counter()
    rows, size, cost, gold = 0, 0, 0.0, []
    columns = ["pair_id", "criterion", "step", "order", "verdict", "cost_usd"]
    columns += [f"producer.{name}" for name in ("origin", "model", "prompt_version")]
    with opened(path) as file:
        for group in range(file.num_row_groups):
            frame = pl.DataFrame(file.read_row_group(group, columns=columns)).unnest("producer")
            counted = frame.group_by("origin", "model", "prompt_version", "step").len()
            for origin, model, prompt, step, number in counted.iter_rows():
                producers[(origin or "", model or "", prompt or "", step or "")] += number
            rows += frame.height
            size += file.metadata.row_group(group).total_byte_size
            cost += float(frame["cost_usd"].sum() or 0)
            gold.append(frame.filter(pl.col("step") == GOLD))
    asked = pl.concat(gold) if gold else pl.DataFrame()
    judged = asked.filter(pl.col("origin") != _MEASURED) if gold else asked
    (found,) = files.matching(files.escape(path))
    return LabelFacts(
        rows,
        found[1],
        size,
        dict(sorted(producers.items())),
        round(cost, 6),
        _calibrated(asked, task) if judged.height else (),
        judged.height,
    )


def _calibrated(gold: pl.DataFrame, task: str) -> tuple[Calibration, ...]:
    """Judges' answers to gold questions held to the measured truth, where that is on record."""
    question = pl.concat_str("pair_id", pl.lit("\0"), "criterion")
    measured = pl.col("origin") == _MEASURED
    truth = gold.filter(measured).select(
        question=question, task=pl.lit(task), attribute=pl.lit(""), truth="verdict"
    )
    answers = gold.filter(~measured).select(
        question=question, judge="model", order="order", verdict="verdict"
    )
    if truth.is_empty() or answers.is_empty():
        return ()
    votes = votes_of(answers.cast(ANSWER_SCHEMA), both_orders=answers["order"].n_unique() > 1)
    found = calibration(votes, truth.unique("question"), by=("judge", "task"))
    names = (
        "judge", "task", "questions", "correct", "accuracy", "accuracy_low", "accuracy_high",
        "position_bias",
    )  # fmt: skip
    return tuple(Calibration(*row) for row in found.select(names).iter_rows())


def duplicates_of(layout: Layout, subset: str) -> dict[tuple[str, str], int] | None:
    """Removed rows by (rule, subset of what they matched); None if none were written down."""
    path = layout.duplicates(subset)
    if not files.exists(path):
        return None
    counted: Counter[tuple[str, str]] = Counter()
    with opened(path) as file:
        for group in range(file.num_row_groups):
            frame = pl.DataFrame(file.read_row_group(group, columns=["rule", "matched_subset"]))
            for rule, other, rows in frame.group_by(frame.columns).len().iter_rows():
                counted[rule or "", other or ""] += rows
    return dict(sorted(counted.items()))


def contamination_of(layout: Layout, subset: str) -> tuple[Matches, ...] | None:
    """Rows that match items of benchmarks and were removed or kept; None if none were sought."""
    path = layout.contamination(subset)
    if not files.exists(path):
        return None
    with opened(path) as file:
        columns = ["benchmark", "rule", "subset", "row_id", "pair_id", "removed"]
        frame = with_kept(pl.DataFrame(file.read(columns=columns)), layout)
    removed = pl.col("removed")
    found = frame.group_by("benchmark", "rule").agg(
        removed=pl.col("row_id").filter(removed).n_unique(),
        reported=pl.col("row_id").filter("kept").n_unique(),
    )
    return tuple(Matches(*row) for row in found.sort("benchmark", "rule").iter_rows())
