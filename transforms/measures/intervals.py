"""Intervals of shares: Wilson's, also where observations come in groups; and the bootstrap's."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

#: Standard errors on either side of an interval of 95 %.
_Z = 1.959963984540054

Interval = tuple[float, float]


def wilson(successes: float, number: float, z: float = _Z) -> Interval:
    """The Wilson score interval of a share (Wilson 1927); (0, 1) of no observations."""
    if not number:
        return 0.0, 1.0
    share, square = successes / number, z * z
    middle = (share + square / (2 * number)) / (1 + square / number)
    half = (
        z
        * math.sqrt(max(0.0, share * (1 - share)) / number + square / (4 * number * number))
        / (1 + square / number)
    )
    return max(0.0, middle - half), min(1.0, middle + half)


def wilson_of_groups(hits: np.ndarray, groups: np.ndarray, z: float = _Z) -> Interval:
    """The Wilson interval of a mean of values from 0 to 1 that come in groups of like ones.

    Pairs that share a prompt are no independent observations. The number of them is divided by
    the design effect (Kish 1965): the variance of the mean between groups over that of as many
    independent values, at least 1.

    Args:
        hits: float64[n], 0 (wrong) to 1 (right); a half for "cannot tell".
        groups: int[n], the group of each.
        z: standard errors on either side.
    """
    number = len(hits)
    if not number:
        return 0.0, 1.0
    mean = float(hits.mean())
    alone = mean * (1 - mean)
    _, at = np.unique(groups, return_inverse=True)
    apart = np.bincount(at, weights=hits - mean)
    count = len(apart)
    if count < 2 or alone <= 0:
        return wilson(mean * count, count, z)
    effect = float(np.square(apart).sum()) * count / (count - 1) / number / alone
    number_of = number / max(1.0, effect)
    return wilson(mean * number_of, number_of, z)


def bootstrap(
    statistic: Callable[[np.ndarray], float], number: int, seed: int, rounds: int = 1000
) -> Interval:
    """The percentile bootstrap's interval of 95 % (Efron 1979), the same for the same seed.

    Args:
        statistic: gives the value for int64 positions, drawn with replacement from `number` units.
        number: units that are drawn: rows, questions.
        seed: of the draws.
        rounds: how often. Values that are not finite are left out.

    Returns:
        (nan, nan) where nothing can be drawn, or no draw has a value.
    """
    if not number:
        return math.nan, math.nan
    rng = np.random.default_rng(seed)
    values = np.array([statistic(rng.integers(0, number, number)) for _ in range(rounds)])
    values = values[np.isfinite(values)]
    if not len(values):
        return math.nan, math.nan
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
