"""Intervals cover what they should, also of groups; agreement as worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from transforms.measures.intervals import bootstrap, wilson, wilson_of_groups
from transforms.quality.agreement import cohen_kappa, krippendorff_alpha


def test_wilson_of_a_textbook_share() -> None:
    low, high = wilson(15, 50)
    assert (round(low, 4), round(high, 4)) == (0.191, 0.4375)
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 20)[0] == 0.0
    assert wilson(20, 20)[1] == pytest.approx(1.0)


def test_wilson_covers_the_true_share_nineteen_times_of_twenty() -> None:
    rng = np.random.default_rng(0)
    drawn = rng.binomial(200, 0.3, 2_000)
    covered = [low <= 0.3 <= high for low, high in (wilson(int(k), 200) for k in drawn)]
    assert 0.93 <= np.mean(covered) <= 0.97


def test_rows_of_one_group_count_as_few() -> None:
    hits = np.repeat([1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0], 50)
    alone = wilson_of_groups(hits, np.arange(len(hits)))
    grouped = wilson_of_groups(hits, np.repeat(np.arange(8), 50))
    few = wilson(5, 8)
    assert alone[1] - alone[0] < 0.1
    assert grouped[1] - grouped[0] == pytest.approx(few[1] - few[0], rel=0.1)
    assert wilson_of_groups(np.ones(40), np.repeat([0, 1], 20)) == wilson(2, 2)


def test_intervals_of_groups_cover_too() -> None:
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(60), 5)
    covered = []
    for _ in range(500):
        shares = np.clip(rng.normal(0.6, 0.25, 60), 0, 1)
        low, high = wilson_of_groups((rng.random(300) < shares[groups]).astype(float), groups)
        covered.append(low <= 0.593 <= high)  # the mean of the clipped normal
    assert 0.92 <= np.mean(covered) <= 0.98


def test_bootstrap_is_the_same_for_the_same_seed() -> None:
    values = np.arange(100.0)
    first = bootstrap(lambda at: float(values[at].mean()), 100, seed=3)
    assert first == bootstrap(lambda at: float(values[at].mean()), 100, seed=3)
    assert first[0] < 49.5 < first[1]
    assert first[1] - first[0] == pytest.approx(2 * 1.96 * values.std() / 10, rel=0.1)
    assert all(map(math.isnan, bootstrap(lambda at: 1.0, 0, seed=0)))


def test_kappa_of_a_worked_example() -> None:
    # 70 of 100 agree; by chance 0.5 x 0.6 + 0.5 x 0.4 = 0.5.
    assert cohen_kappa(np.array([[40.0, 10.0], [20.0, 30.0]])) == pytest.approx(0.4)
    assert cohen_kappa(np.diag([3.0, 5.0])) == 1.0
    assert math.isnan(cohen_kappa(np.zeros((2, 2))))
    assert math.isnan(cohen_kappa(np.array([[7.0, 0.0], [0.0, 0.0]])))


def test_alpha_of_a_worked_example() -> None:
    # Two raters, ten units, binary (Krippendorff 2011, section A): alpha 0.095.
    first = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
    second = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    counts = np.array([[(a == 0) + (b == 0), (a == 1) + (b == 1)] for a, b in zip(first, second, strict=True)], float)  # fmt: skip
    assert krippendorff_alpha(counts) == pytest.approx(0.095, abs=0.0005)


def test_alpha_leaves_out_lonely_answers() -> None:
    counts = np.array([[3.0, 0.0], [0.0, 3.0], [1.0, 0.0], [0.0, 0.0]])
    assert krippendorff_alpha(counts) == 1.0
    assert math.isnan(krippendorff_alpha(np.array([[1.0, 0.0]])))
    assert krippendorff_alpha(np.array([[3.0, 0.0], [2.0, 0.0]])) == 1.0
