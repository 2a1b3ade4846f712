"""Votes of judges: both orders of a question taken together.

A judge is asked twice, with the responses in both orders; its answers are mapped back to the sides
of the row before they come here. Only what it says in both orders is a vote. What changes with the
order is position bias, and counts as "cannot tell".
"""

from __future__ import annotations

from typing import Final

import polars as pl

#: What a judge may say. `unsure`: it cannot tell, or its two answers differ.
VERDICTS: Final = ("a", "b", "tie", "unsure")
ORDERS: Final = ("ab", "ba")

#: One answer: `question` is a pair under a criterion, `order` the order that the judge saw.
ANSWER_SCHEMA: Final = pl.Schema(
    {
        "question": pl.String(),
        "judge": pl.String(),
        "order": pl.String(),
        "verdict": pl.String(),
    }
)


def votes_of(answers: pl.DataFrame, *, both_orders: bool = True) -> pl.DataFrame:
    """One vote of every judge on every question: question, judge, vote, consistent, first.

    Args:
        answers: `ANSWER_SCHEMA`; an order that a judge gave no answer to is missing.
        both_orders: whether a vote needs the same answer in both; else one order is enough.

    Returns:
        `vote` is one of `VERDICTS`; `consistent` whether two answers agree (null with only one);
        `first`: how many answers took the response that was shown first (for position bias).
    """
    shown_first = ((pl.col("order") == "ab") & (pl.col("verdict") == "a")) | (
        (pl.col("order") == "ba") & (pl.col("verdict") == "b")
    )
    asked = answers.unique(["question", "judge", "order"], keep="first", maintain_order=True)
    grouped = asked.group_by("question", "judge").agg(
        number=pl.len(),
        kinds=pl.col("verdict").n_unique(),
        said=pl.col("verdict").sort().first(),
        first=shown_first.sum().cast(pl.Int64),
        sided=pl.col("verdict").is_in(["a", "b"]).sum().cast(pl.Int64),
    )
    agrees = (pl.col("kinds") == 1) & ((pl.col("number") == 2) | (not both_orders))
    return grouped.select(
        "question",
        "judge",
        vote=pl.when(agrees).then("said").otherwise(pl.lit("unsure")),
        consistent=pl.when(pl.col("number") == 2).then(pl.col("kinds") == 1),
        first="first",
        sided="sided",
    ).sort("question", "judge")
