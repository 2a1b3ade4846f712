"""From scores and votes to pairs, by the rule of the recipe."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.sources.draft import Dropped, Reject
from transforms.sources.pairing import (
    ScoredPair,
    majority,
    mean_rating,
    pairs_by_score,
    settled,
)
from transforms.sources.settings import PairRule

scores = st.lists(st.one_of(st.none(), st.integers(0, 5).map(float)), max_size=7)


def places(pairs: list[ScoredPair]) -> list[tuple[int, int]]:
    return [(pair.first, pair.second) for pair in pairs]


@pytest.mark.parametrize(
    ("given_scores", "rule", "expected"),
    [
        ([1, 3, 2], PairRule(), [(1, 2 - 2)]),
        ([3, 3, 1, 1], PairRule(), [(0, 2)]),  # of equals the first one
        ([None, 3, None, 1], PairRule(), [(1, 3)]),
        ([1, 3, 2], PairRule(rule="adjacent"), [(1, 2), (2, 0)]),
        ([1, 3, 3], PairRule(rule="all"), [(1, 0), (2, 0)]),
        ([1, 3, 3], PairRule(rule="all", ties="keep"), [(1, 2), (1, 0), (2, 0)]),
        ([2, 2], PairRule(ties="keep"), [(0, 1)]),
    ],
)
def test_pairs_of_scores(
    given_scores: list[float | None], rule: PairRule, expected: list[tuple[int, int]]
) -> None:
    assert places(pairs_by_score(given_scores, rule)) == expected


def test_a_margin_under_the_least_is_a_tie() -> None:
    (kept,) = pairs_by_score([4.25, 3.75], PairRule(min_margin=0.5))
    assert kept == ScoredPair(0, 1, "first", 0.5)
    (tie,) = pairs_by_score([4.25, 3.8], PairRule(min_margin=0.5, ties="keep"))
    assert tie.preferred == "tie"
    with pytest.raises(Dropped, match="tie"):
        pairs_by_score([4.25, 3.8], PairRule(min_margin=0.5))


def test_rounding_errors_make_no_margin() -> None:
    with pytest.raises(Dropped):
        pairs_by_score([0.1 + 0.2, 0.3], PairRule())


@pytest.mark.parametrize("few", [[], [1.0], [None, 1.0, None]])
def test_fewer_than_two_scores_make_no_pair(few: list[float | None]) -> None:
    with pytest.raises(Reject) as error:
        pairs_by_score(few, PairRule())
    assert error.value.reason == "too_few_responses"


@given(scores, st.sampled_from(["best-worst", "adjacent", "all"]))
def test_no_pair_prefers_the_lower_score(given_scores: list[float | None], rule: str) -> None:
    try:
        pairs = pairs_by_score(given_scores, PairRule(rule=rule))  # type: ignore[arg-type]
    except (Reject, Dropped):
        return
    for first, second, preferred, margin in pairs:
        better, worse = given_scores[first], given_scores[second]
        assert better is not None
        assert worse is not None
        assert preferred == "first"
        assert better - worse == margin > 0
    assert len(set(places(pairs))) == len(pairs)


def test_the_majority_leads_or_ties() -> None:
    assert majority(["first", "second", "first"]) == "first"
    assert majority(["tie", "tie", "second"]) == "tie"
    assert majority(["first", "second"]) == "tie"
    with pytest.raises(Reject) as error:
        majority([])
    assert error.value.reason == "no_votes"


def test_ties_are_kept_by_recipe_only() -> None:
    assert settled("tie", PairRule(ties="keep")) == "tie"
    assert settled("second", PairRule()) == "second"
    with pytest.raises(Dropped):
        settled("tie", PairRule())


@pytest.mark.parametrize(
    ("ratings", "mean"),
    [
        ([4, "5", " 3 "], 4.0),
        (["N/A", "4"], 4.0),
        (["N/A", None, True, "nan", "inf", {}], None),
        ([], None),
        ([10**400, 2], 2.0),
    ],
)
def test_mean_of_what_can_be_read_as_a_rating(ratings: list[object], mean: float | None) -> None:
    assert mean_rating(ratings) == mean
