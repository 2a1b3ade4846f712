"""What corpora of rated completions share: ratings with a known winner, and spoilt completions."""

from __future__ import annotations

import copy
from typing import Any, Final, NamedTuple

import numpy as np

from pipelines.sample_corpora.scheduling import Mark
from pipelines.sample_corpora.text import BLANKS

#: How a judge says that it gives no rating.
NOT_RATED: Final = "N/A"
#: What a parser of the judge's answer leaves at times; 7 is off the scale of 1 to 5.
UNREADABLE: Final = ("four", "4/5", "", "[[3]]", "7", "nan")

Completion = dict[str, Any]


class Ratings(NamedTuple):
    """The ratings of each completion as text, and the places of the best and the worst."""

    rows: list[list[str]]
    best: int
    worst: int

    @property
    def middle(self) -> list[int]:
        """Places of completions that are neither best nor worst."""
        return [at for at in range(len(self.rows)) if at not in (self.best, self.worst)]


def ratings(rng: np.random.Generator, completions: int, aspects: int, mark: Mark) -> Ratings:
    """The ratings of one record: tied where its mark says so, else with a known winner."""
    if mark.code == "tie":
        return Ratings(_tied(rng, completions, aspects, mark.nth), 0, 1)
    return _decided(rng, completions, aspects)


def _decided(rng: np.random.Generator, completions: int, aspects: int) -> Ratings:
    """Ratings with one best and one worst completion, whose means lie two apart or more."""
    rows = rng.integers(2, 5, (completions, aspects))
    rows[:, 0] = 3  # so that no middle one has the mean of the best or the worst
    best, worst = (int(at) for at in rng.permutation(completions)[:2])
    rows[best] = rng.integers(4, 6, aspects)
    rows[worst] = rng.integers(1, 3, aspects)
    return Ratings([[str(value) for value in row] for row in rows.tolist()], best, worst)


def _tied(rng: np.random.Generator, completions: int, aspects: int, nth: int) -> list[list[str]]:
    """Ratings whose means are equal, in different orders, or (odd `nth`) one point apart in one."""
    level = [3] * (aspects - 2) + [2, 4]
    rows = [rng.permutation(level).tolist() for _ in range(completions)]
    if nth % 2:
        rows[0][rows[0].index(3)] = 4
    return [[str(value) for value in row] for row in rows]


def malformed(completions: list[Completion], nth: int) -> object:
    """Completions of which no list of objects can be made."""
    lists = {name: [one[name] for one in completions] for name in completions[0]}
    return (
        str(completions[0]["response"]),
        [*completions[1:], completions[0]["response"]],
        lists | {"response": lists["response"][1:]},
        completions[0],
    )[nth % 4]


def too_few(completions: list[Completion], nth: int) -> list[Completion]:
    """None, one, or several completions of which one alone has text and ratings."""
    kept = [completions[:0], completions[:1], completions][nth % 3]
    for one in kept[1:]:
        if nth // 3 % 2:
            one["response"] = BLANKS[nth % len(BLANKS)]
        else:
            without_ratings(one)
    return kept


def without_ratings(completion: Completion) -> None:
    """Take all ratings from a completion."""
    for annotation in completion["annotations"].values():
        annotation["Rating"] = NOT_RATED


def with_odd_rating(completion: Completion, aspect: str, rating: object) -> None:
    """Put `rating` in place of the one that a completion has for an aspect."""
    completion["annotations"][aspect]["Rating"] = rating


def with_same_response(completions: list[Completion], first: int, second: int) -> None:
    """Let two models have answered alike."""
    completions[second]["response"] = copy.copy(completions[first]["response"])
