"""Simulated judges of known accuracy and position bias, as tables of answers; no model, no server.

A judge takes what it is shown first with a probability (`bias`); else it is right with another
(`accuracy`). It errs anew in each order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from transforms.relabel.votes import ANSWER_SCHEMA


@dataclass(frozen=True)
class Simulated:
    """What a judge is made of, and what follows from it."""

    accuracy: float
    bias: float = 0.0

    @property
    def right_first(self) -> float:
        """Probability of a right answer where the better response is shown first."""
        return self.bias + (1 - self.bias) * self.accuracy

    @property
    def right_second(self) -> float:
        """The same where it is shown second."""
        return (1 - self.bias) * self.accuracy

    @property
    def right(self) -> float:
        """Probability of a right vote: right in both orders."""
        return self.right_first * self.right_second

    @property
    def wrong(self) -> float:
        """Probability of a wrong vote: wrong in both orders."""
        return (1 - self.right_first) * (1 - self.right_second)


def truths(number: int, seed: int) -> list[str]:
    """Sides that are right, by question."""
    draw = np.random.default_rng(seed)
    return ["ab"[at] for at in draw.integers(0, 2, number)]


def answers(truth: Sequence[str], judges: Mapping[str, Simulated], seed: int) -> pl.DataFrame:
    """What judges say in both orders: `votes.ANSWER_SCHEMA`; questions are ``q0``, ``q1``, ..."""
    draw = np.random.default_rng(seed)
    rows = []
    for name, judge in judges.items():
        for at, side in enumerate(truth):
            other = "b" if side == "a" else "a"
            for order in ("ab", "ba"):
                right = judge.right_first if order[0] == side else judge.right_second
                said = side if draw.random() < right else other
                rows.append((f"q{at}", name, order, said))
    return pl.DataFrame(rows, schema=ANSWER_SCHEMA, orient="row")


def proposals(truth: Sequence[str], seed: int, right: float) -> pl.DataFrame:
    """Proposals of which a share is right: question, task, prefers; and `sound`."""
    draw = np.random.default_rng(seed)
    sound = draw.random(len(truth)) < right
    opposite = {"a": "b", "b": "a"}
    return pl.DataFrame(
        {
            "question": [f"q{at}" for at in range(len(truth))],
            "task": ["t2t"] * len(truth),
            "prefers": [s if ok else opposite[s] for s, ok in zip(truth, sound, strict=True)],
            "sound": sound,
        }
    )
