"""What becomes of duplicates and contradictions: backwards only, by the recipe's policy."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.dedup.edges import EDGE_SCHEMA, exact_edges, joined
from transforms.dedup.settings import Contradictions
from transforms.dedup.settle import settle


def edges_of(*edges: tuple[int, int, bool | None]) -> pl.DataFrame:
    rows = [(later, earlier, 0.9, swapped, "near") for later, earlier, swapped in edges]
    return joined([pl.DataFrame(rows, schema=EDGE_SCHEMA, orient="row")], 0)


def rules(edges: pl.DataFrame, preferences: str, policy: Contradictions, first: int = 0) -> dict:
    settled = settle(
        edges, [{"t": "tie"}.get(letter, letter) for letter in preferences], first, policy
    )
    told = {place: fate.rule for place, fate in settled.fates.items()}
    return told | {place: f"becomes {side}" for place, side in settled.preferences.items()}


def test_every_copy_has_an_edge_to_the_first() -> None:
    found = exact_edges(pl.Series(["x", "y", "x", "z", "x", "y"]))
    assert found.select("later", "earlier").rows() == [(2, 0), (4, 0), (5, 1)]
    assert found.schema == EDGE_SCHEMA


def test_the_strongest_of_several_edges_counts_and_only_those_of_the_subset() -> None:
    one = pl.DataFrame(
        [(3, 1, 0.8, False, "near"), (2, 0, 0.9, False, "near")], schema=EDGE_SCHEMA, orient="row"
    )
    two = pl.DataFrame([(3, 1, 1.0, True, "exact")], schema=EDGE_SCHEMA, orient="row")
    assert joined([one, two], 3).rows() == [(3, 1, 1.0, True, "exact")]
    assert joined([two, one], 3).rows() == joined([one, two], 3).rows()


def test_a_row_goes_if_it_is_like_an_earlier_one_though_that_goes_too() -> None:
    assert rules(edges_of((1, 0, False), (2, 1, False)), "aaa", "drop") == {
        1: "duplicate_near",
        2: "duplicate_near",
    }


def test_two_rows_do_not_fall_to_one_another_because_a_later_one_is_like_both() -> None:
    # 0 and 1 are not alike; 2 is like both and goes alone.
    assert rules(edges_of((2, 0, False), (2, 1, False)), "aaa", "drop") == {2: "duplicate_near"}


@pytest.mark.parametrize(
    ("preferences", "policy", "expected"),
    [
        ("ab", "drop", {0: "contradiction", 1: "contradiction"}),
        ("ab", "tie", {0: "becomes tie", 1: "contradiction"}),
        ("ab", "first", {1: "duplicate_near"}),
        ("ab", "majority", {0: "contradiction", 1: "contradiction"}),
        ("aab", "majority", {1: "duplicate_near", 2: "contradiction"}),
        ("abb", "majority", {0: "becomes b", 1: "contradiction", 2: "contradiction"}),
        ("aab", "drop", {0: "contradiction", 1: "duplicate_near", 2: "contradiction"}),
        ("ta", "drop", {1: "duplicate_near"}),
        ("tab", "drop", {0: "contradiction", 1: "duplicate_near", 2: "duplicate_near"}),
    ],
)
def test_the_same_pair_with_opposite_preferences(
    preferences: str, policy: Contradictions, expected: dict[int, str]
) -> None:
    edges = edges_of(*((place, 0, False) for place in range(1, len(preferences))))
    assert rules(edges, preferences, policy) == expected


def test_a_copy_with_its_sides_swapped_says_the_same_by_the_other_letter() -> None:
    assert rules(edges_of((1, 0, True)), "ab", "drop") == {1: "duplicate_near"}
    assert rules(edges_of((1, 0, True)), "aa", "drop") == {0: "contradiction", 1: "contradiction"}
    # swapped twice is not swapped
    assert rules(edges_of((1, 0, True), (2, 1, True)), "aba", "drop") == {
        1: "duplicate_near",
        2: "duplicate_near",
    }


def test_a_row_of_an_earlier_subset_stays_and_those_against_it_go() -> None:
    for policy in ("drop", "tie", "majority"):
        assert rules(edges_of((1, 0, False)), "ab", policy, first=1) == {1: "contradiction"}


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(0, 11)), max_size=20), st.integers(1, 12))
def test_rows_at_the_end_change_no_fate_before_them(pairs: list[tuple[int, int]], end: int) -> None:
    edges = [(later, earlier, False) for later, earlier in pairs if earlier < later]
    whole = rules(edges_of(*edges), "a" * 13, "drop")
    part = rules(edges_of(*(edge for edge in edges if edge[0] < end)), "a" * end, "drop")
    assert part == {place: rule for place, rule in whole.items() if place < end}


def test_copies_of_unclear_sides_contradict_nothing() -> None:
    edges = edges_of((1, 0, None), (2, 1, True), (3, 0, False))
    told = rules(edges, "abba", "drop")
    assert told == {1: "duplicate_near", 2: "duplicate_near", 3: "duplicate_near"}
    assert rules(edges, "abbb", "drop")[0] == "contradiction"
