"""Scores of a human review, as worked out by hand."""

from __future__ import annotations

import json

import polars as pl
import pytest

from transforms.quality.review import AnswerError, review_scores


def labels(number: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "row_id": [f"r{at}" for at in range(number)],
            "preference": ["a" if at % 2 == 0 else "b" for at in range(number)],
            "task": ["t2t" if at < number // 2 else "t2i" for at in range(number)],
            "subset": ["S"] * number,
            "flipped": [None if at % 4 == 0 else at % 4 == 1 for at in range(number)],
        }
    )


def test_kappa_by_hand() -> None:
    # Labels: 50 a, 50 b. People say a to 40 of the a rows and to 10 of the b rows.
    answers = {}
    for at in range(100):
        right = at // 2 < 40
        answers[f"r{at}"] = ("a" if right else "b") if at % 2 == 0 else ("b" if right else "a")
    score = review_scores(answers, labels(100))[0]
    assert (score.group, score.rows, score.skipped) == ("all", 100, 0)
    assert score.agreed == 0.8
    assert score.kappa == pytest.approx(0.6)
    assert score.kappa_low is not None
    assert score.kappa_high is not None
    assert 0.4 < score.kappa_low < 0.6 < score.kappa_high < 0.78
    assert score.table["a"] == {"a": 40, "b": 10, "tie": 0}
    assert (round(score.agreed_low, 3), round(score.agreed_high, 3)) == (0.711, 0.867)


def test_ties_and_skips() -> None:
    answers = {"r0": "a", "r1": "tie", "r2": "skip", "r3": "b", "r4": "b"}
    score = review_scores(answers, labels(10))[0]
    assert (score.rows, score.skipped, score.decided) == (4, 1, 3)
    assert score.agreed == 0.5
    assert score.decided_agreed == pytest.approx(2 / 3)


def test_scores_by_task_subset_and_reversal() -> None:
    answers = {f"r{at}": "a" for at in range(20)}
    scores = review_scores(answers, labels(20), rounds=50)
    assert [(one.group, one.value, one.rows) for one in scores] == [
        ("all", "", 20), ("task", "t2i", 10), ("task", "t2t", 10), ("subset", "S", 20),
        ("flipped", "false", 10), ("flipped", "true", 5),
    ]  # fmt: skip
    assert scores[0].kappa == 0.0
    json.dumps([one.as_json() for one in scores], allow_nan=False)


def test_where_chance_alone_agrees_there_is_no_kappa() -> None:
    ones = labels(40).with_columns(preference=pl.lit("a"))
    score = review_scores({f"r{at}": "a" for at in range(40)}, ones)[0]
    assert (score.agreed, score.kappa, score.kappa_low) == (1.0, None, None)


def test_no_answers() -> None:
    score = review_scores({}, labels(4))[0]
    assert (score.rows, score.kappa, score.agreed_low, score.agreed_high) == (0, None, 0.0, 1.0)
    assert score.as_json()["agreed"] is None
    assert review_scores({"r0": "skip"}, labels(4))[0].skipped == 1


def test_the_same_answers_give_the_same_scores_in_any_order() -> None:
    answers = {f"r{at}": "a" if at % 3 else "b" for at in range(30)}
    turned = dict(reversed(list(answers.items())))
    assert review_scores(answers, labels(30)) == review_scores(turned, labels(30))


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"r0": "left"}, "row r0: 'left' is no answer; one of a, b, tie, skip"),
        ({"r0": "a", "zz": "b"}, "1 of 2 answers are about rows that the dataset does not have"),
    ],
)
def test_answers_that_can_t_be_read(answers: dict[str, str], message: str) -> None:
    with pytest.raises(AnswerError, match=message):
        review_scores(answers, labels(4))
