"""Consensus: which proposed criteria become rows, by a named rule over the judges' votes.

The paper (arXiv 2510.23451, appendix F.3) verifies every proposal by three models and does not say
by which rule. The default here is the strictest: all judges, in both orders, agree with the
proposal.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, Literal

import polars as pl

Rule = Literal["unanimous", "majority", "weighted"]
RULES: Final = ("unanimous", "majority", "weighted")

#: What a proposal looks like here: `prefers` is a or b.
PROPOSAL_SCHEMA: Final = pl.Schema(
    {"question": pl.String(), "task": pl.String(), "prefers": pl.String()}
)


def consensus(
    proposals: pl.DataFrame,
    votes: pl.DataFrame,
    rule: Rule,
    *,
    judges: Collection[str],
    without_vote: Mapping[str, Collection[str]] | None = None,
    least_weight: float = 0.9,
) -> pl.DataFrame:
    """Decide on every proposal.

    Args:
        proposals: `PROPOSAL_SCHEMA`.
        votes: as `votes.votes_of` gives them.
        rule: unanimous: every judge votes for the proposal. majority: more than half of the judges
            do. weighted: the posterior of the proposal's side, by reliability of the judges
            (Dawid and Skene 1979), is at least `least_weight`.
        judges: all that were asked; one that gave no vote counts against unanimity.
        without_vote: task -> judges that failed their calibration there.
        least_weight: for the rule weighted.

    Returns:
        question, keep, agreement (share of the judges with a vote that agree with the proposal),
        n_votes (judges that said a, b or tie), reason (null where kept: no_votes, no_consensus).
    """
    excluded = [(task, judge) for task, names in (without_vote or {}).items() for judge in names]
    barred = pl.DataFrame(excluded, schema={"task": pl.String, "judge": pl.String}, orient="row")
    panel = proposals.join(pl.DataFrame({"judge": sorted(judges)}), how="cross")
    panel = panel.join(barred, on=["task", "judge"], how="anti")
    cast = panel.join(
        votes.select("question", "judge", "vote"), on=["question", "judge"], how="left"
    )
    told = cast.with_columns(pl.col("vote").fill_null("unsure"))
    summed = told.group_by("question").agg(
        panel=pl.len(),
        agree=(pl.col("vote") == pl.col("prefers")).sum(),
        n_votes=(pl.col("vote") != "unsure").sum().cast(pl.Int32),
    )
    found = proposals.join(summed, on="question", how="left").with_columns(
        pl.col("panel", "agree", "n_votes").fill_null(0)
    )
    if rule == "weighted":
        weights = _weights(told.filter(pl.col("vote") != "unsure"))
        found = found.join(weights, on=["question", "prefers"], how="left")
        keep = pl.col("weight").fill_null(0.0) >= least_weight
    elif rule == "majority":
        keep = 2 * pl.col("agree") > pl.col("panel")
    else:
        keep = pl.col("agree") == pl.col("panel")
    keep &= pl.col("n_votes") > 0
    reason = (
        pl.when(pl.col("n_votes") == 0).then(pl.lit("no_votes")).otherwise(pl.lit("no_consensus"))
    )
    return found.select(
        "question",
        keep=keep,
        agreement=(pl.col("agree") / pl.col("panel")).fill_nan(0.0).cast(pl.Float32),
        n_votes=pl.col("n_votes").cast(pl.Int32),
        reason=pl.when(~keep).then(reason),
    ).sort("question")


def _weights(told: pl.DataFrame) -> pl.DataFrame:
    """question, prefers, weight: the posterior of each side of each question.

    Raises:
        ModuleNotFoundError: the extra ``crowd`` is not installed.
    """
    schema = {"question": pl.String, "prefers": pl.String, "weight": pl.Float64}
    if not told.height:
        return pl.DataFrame(schema=schema)
    import pandas as pd
    from crowdkit.aggregation import DawidSkene

    ordered = told.sort("question", "judge")
    frame = pd.DataFrame(
        {
            "task": ordered["question"].to_list(),
            "worker": ordered["judge"].to_list(),
            "label": ordered["vote"].to_list(),
        }
    )
    posterior = DawidSkene(n_iter=100).fit_predict_proba(frame)
    rows = [
        (str(question), str(side), float(row[side]))
        for question, row in posterior.iterrows()
        for side in posterior.columns
    ]
    return pl.DataFrame(rows, schema=schema, orient="row")
