"""Calibration recovers what judges are made of, within its own intervals."""

from __future__ import annotations

import polars as pl
import pytest

from tests.transforms.relabel.judges import Simulated, answers, truths
from transforms.relabel.calibration import calibration, wilson, without_vote
from transforms.relabel.votes import votes_of

JUDGES = {"good": Simulated(0.95, 0.02), "biased": Simulated(0.9, 0.5), "coin": Simulated(0.5)}


def _gold(truth: list[str], task: str = "t2t") -> pl.DataFrame:
    attributes = ["length", "lists", "code", "numbers"]
    return pl.DataFrame(
        {
            "question": [f"q{at}" for at in range(len(truth))],
            "task": task,
            "attribute": [attributes[at % 4] for at in range(len(truth))],
            "truth": truth,
        }
    )


def test_wilson_intervals_are_those_of_the_textbook() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(8, 10) == pytest.approx((0.4901, 0.9433), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)


def test_accuracy_and_position_bias_lie_in_their_intervals() -> None:
    """In 40 runs, intervals of 95 % miss twice on the average, and seven times by no chance."""
    misses = dict.fromkeys(("accuracy", "position"), 0)
    runs = 40
    for seed in range(runs):
        truth = truths(400, seed)
        votes = votes_of(answers(truth, {"biased": JUDGES["biased"]}, 100 + seed))
        (found,) = calibration(votes, _gold(truth), by=("judge", "task")).to_dicts()
        judge = JUDGES["biased"]
        misses["accuracy"] += not found["accuracy_low"] <= judge.right <= found["accuracy_high"]
        misses["position"] += not found["position_low"] <= judge.bias / 2 <= found["position_high"]
        assert found["questions"] == 400
        assert found["accuracy_low"] < found["accuracy"] < found["accuracy_high"]
    assert max(misses.values()) < 7, misses


def test_each_judge_task_and_attribute_stands_by_itself() -> None:
    truth = truths(800, 1)
    votes = votes_of(answers(truth, JUDGES, 2))
    found = calibration(votes, _gold(truth))
    assert found.height == 3 * 4
    assert found["questions"].to_list() == [200] * 12
    spread = found.group_by("judge").agg(pl.col("accuracy").mean()).sort("accuracy")
    assert spread["judge"].to_list() == ["coin", "biased", "good"]
    for name, accuracy in spread.rows():
        low, high = wilson(round(accuracy * 800), 800, 3.9)
        assert low <= JUDGES[name].right <= high
    assert found["tie"].sum() == 0
    biased = found.filter(pl.col("judge") == "biased")
    assert (biased["position_low"] > 0.1).all()
    assert (found.filter(pl.col("judge") == "good")["position_low"] < 0.05).all()


def test_a_judge_below_the_floor_loses_its_vote_in_that_task_alone() -> None:
    truth = truths(200, 3)
    one = calibration(votes_of(answers(truth, JUDGES, 4)), _gold(truth), by=("judge", "task"))
    better = {"coin": Simulated(0.99), "good": Simulated(0.95)}
    two = calibration(
        votes_of(answers(truth, better, 5)), _gold(truth, "t2i"), by=("judge", "task")
    )
    barred = without_vote(pl.concat([one, two]), floor=0.7, least=30)
    assert barred == {"t2t": ["biased", "coin"]}
    # A few questions bar nobody, and an interval that reaches the floor doesn't either.
    assert without_vote(one, floor=0.7, least=201) == {}
    few = truths(31, 6)
    short = calibration(
        votes_of(answers(few, {"near": Simulated(0.83)}, 7)), _gold(few), by=("judge", "task")
    )
    assert short["accuracy"][0] < 0.75
    assert without_vote(short, floor=0.75, least=30) == {}
