"""From several responses with scores or votes to preference pairs, by the rule of the recipe."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations, pairwise
from typing import Literal, NamedTuple

from transforms.sources.draft import Dropped, Reject
from transforms.sources.settings import PairRule

Verdict = Literal["first", "second", "tie"]

#: Digits after which two scores are the same: means of a few ratings carry rounding errors.
_DIGITS = 6


class ScoredPair(NamedTuple):
    """Two responses by their places in the record; the first has the higher score, or they tie."""

    first: int
    second: int
    preferred: Verdict
    margin: float


def pairs_by_score(scores: Sequence[float | None], rule: PairRule) -> list[ScoredPair]:
    """The pairs of one record, best responses first; higher scores are better.

    A response without a score takes no part. Of equal scores the one that stands first in the
    record is taken. Pairs closer than `rule.min_margin`, or equal, are ties.

    Raises:
        Reject: `too_few_responses` when fewer than two have a score.
        Dropped: `tie` when the rule keeps none of the pairs.
    """
    scored = [(at, score) for at, score in enumerate(scores) if score is not None]
    if len(scored) < 2:
        raise Reject(
            "too_few_responses", f"{len(scored)} of {len(scores)} responses have a score; 2 needed"
        )
    order = [at for at, _ in sorted(scored, key=lambda item: -item[1])]
    chosen: Iterable[tuple[int, int]]
    if rule.rule == "best-worst":
        low = min(score for _, score in scored)
        worst = next(at for at, score in scored if score == low and at != order[0])
        chosen = [(order[0], worst)]
    elif rule.rule == "adjacent":
        chosen = pairwise(order)
    else:
        chosen = combinations(order, 2)
    value = dict(scored)
    found = [_pair(first, second, value[first] - value[second], rule) for first, second in chosen]
    kept = [pair for pair in found if pair.preferred != "tie" or rule.ties == "keep"]
    if not kept:
        raise Dropped("tie")
    return kept


def _pair(first: int, second: int, difference: float, rule: PairRule) -> ScoredPair:
    margin = round(difference, _DIGITS)
    is_tie = margin == 0 or margin < rule.min_margin
    return ScoredPair(first, second, "tie" if is_tie else "first", margin)


def pair_of_two(scores: Sequence[float], rule: PairRule) -> tuple[Verdict, float]:
    """The verdict on two responses in their own order, and by how much the winner leads.

    Raises:
        Dropped: `tie`, where the rule drops ties.
    """
    (pair,) = pairs_by_score(scores, rule)
    if pair.preferred == "tie":
        return "tie", pair.margin
    return ("first" if pair.first == 0 else "second"), pair.margin


def majority(votes: Sequence[Verdict]) -> Verdict:
    """What more voters said than said anything else; `tie` where no verdict leads.

    Raises:
        Reject: `no_votes` when nobody voted.
    """
    if not votes:
        raise Reject("no_votes", "nobody voted on this pair")
    (leading, most), *others = Counter(votes).most_common()
    return "tie" if others and others[0][1] == most else leading


def settled(verdict: Verdict, rule: PairRule) -> Verdict:
    """The verdict, if the recipe keeps it.

    Raises:
        Dropped: `tie`, where ties are dropped.
    """
    if verdict == "tie" and rule.ties == "drop":
        raise Dropped("tie")
    return verdict


def mean_rating(ratings: Iterable[object]) -> float | None:
    """The mean of ratings that may be numbers, text or unusable ("N/A"); None without any."""
    usable = [value for value in map(_number, ratings) if value is not None]
    return sum(usable) / len(usable) if usable else None


def _number(rating: object) -> float | None:
    if isinstance(rating, bool):
        return None
    if not isinstance(rating, int | float | str):
        return None
    try:
        value = float(rating)
    except (ValueError, OverflowError):  # JSON can spell integers beyond every float
        return None
    return value if math.isfinite(value) else None
