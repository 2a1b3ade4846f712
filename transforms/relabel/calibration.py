"""Calibration of judges: how they answer gold questions, whose answer is true by measurement.

By judge, task and attribute: accuracy, ties and position bias, each with a Wilson interval. A judge
below the recipe's floor in a task loses its vote there.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from transforms.measures.intervals import wilson


def calibration(
    votes: pl.DataFrame, gold: pl.DataFrame, by: Sequence[str] = ("judge", "task", "attribute")
) -> pl.DataFrame:
    """How judges do on gold questions.

    Args:
        votes: as `votes.votes_of` gives them.
        gold: question, task, attribute, truth (a or b).
        by: what is told apart; the judge always is.

    Returns:
        Per group: questions; correct, tie, unsure (numbers); accuracy (of all questions) with
        accuracy_low and accuracy_high; position_bias: how much more often than half the response
        shown first was taken (-0.5 to 0.5), with position_low and position_high.
    """
    joined = votes.join(gold, on="question", how="inner")
    grouped = (
        joined.group_by(list(by))
        .agg(
            questions=pl.len(),
            correct=(pl.col("vote") == pl.col("truth")).sum(),
            tie=(pl.col("vote") == "tie").sum(),
            unsure=(pl.col("vote") == "unsure").sum(),
            first=pl.col("first").sum(),
            sided=pl.col("sided").sum(),
        )
        .sort(list(by))
    )
    accuracy = [
        (row["correct"] / row["questions"], *wilson(row["correct"], row["questions"]))
        for row in grouped.iter_rows(named=True)
    ]
    position = [
        (
            row["first"] / row["sided"] - 0.5 if row["sided"] else 0.0,
            *(edge - 0.5 for edge in wilson(row["first"], row["sided"])),
        )
        for row in grouped.iter_rows(named=True)
    ]
    told = {
        **{name: [row[at] for row in accuracy] for at, name in enumerate(_ACCURACY)},
        **{name: [row[at] for row in position] for at, name in enumerate(_POSITION)},
    }
    columns = [pl.Series(name, values, dtype=pl.Float64) for name, values in told.items()]
    return grouped.drop("first", "sided").with_columns(columns)


_ACCURACY = ("accuracy", "accuracy_low", "accuracy_high")
_POSITION = ("position_bias", "position_low", "position_high")


def without_vote(by_task: pl.DataFrame, floor: float, least: int) -> dict[str, list[str]]:
    """Task -> judges that are below the floor there.

    Args:
        by_task: `calibration` by judge and task.
        floor: least accuracy. A judge is below it if its whole interval is not above: the upper
            end counts, so that few questions bar nobody.
        least: fewer gold questions than this decide nothing.
    """
    below = by_task.filter((pl.col("questions") >= least) & (pl.col("accuracy_high") < floor))
    barred: dict[str, list[str]] = {}
    for task, judge in below.select("task", "judge").sort("task", "judge").iter_rows():
        barred.setdefault(task, []).append(judge)
    return barred
