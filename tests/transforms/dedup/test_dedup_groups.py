"""Groups are components that never depend on later subsets; splits keep them whole."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from transforms.dedup.groups import components, group_ids, side_of, splits

Pairs = list[tuple[int, int]]


def edges_of(pairs: Pairs) -> pl.DataFrame:
    ordered = [(max(pair), min(pair)) for pair in pairs if pair[0] != pair[1]]
    return pl.DataFrame(ordered, schema={"later": pl.Int64, "earlier": pl.Int64}, orient="row")


def test_components_are_named_by_their_smallest_node() -> None:
    one, other = np.array([4, 2, 5]), np.array([2, 0, 3])
    assert components(6, one, other).tolist() == [0, 1, 0, 3, 0, 3]
    none = np.array([], np.int64)
    assert components(0, none, none).tolist() == []
    alone = components(3, none, none)
    assert (alone.tolist(), alone.dtype) == ([0, 1, 2], components(6, one, other).dtype)


def test_a_group_is_called_by_its_first_row_and_an_earlier_group_takes_its_own() -> None:
    ids = list("abcdef")  # a, b are of an earlier subset, whose groups are A and B
    assert group_ids(ids, ["A", "B"], edges_of([(3, 4), (5, 1)]), 2) == ["c", "d", "d", "B"]
    # c joins both earlier groups: the first takes it, and the two stay two
    assert group_ids(ids, ["A", "B"], edges_of([(2, 1), (2, 0), (3, 2)]), 2) == ["A", "A", "e", "f"]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=15), st.randoms())
def test_rows_with_an_edge_share_a_group_whatever_the_order_of_edges(pairs: Pairs, random) -> None:  # type: ignore[no-untyped-def]
    ids = [str(number) for number in range(10)]
    groups = group_ids(ids, [], edges_of(pairs), 0)
    assert all(groups[one] == groups[other] for one, other in pairs)
    shuffled = random.sample(pairs, len(pairs))
    assert group_ids(ids, [], edges_of(shuffled), 0) == groups


@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(["x", "y", "z", None]))),
    st.integers(0, 5),
)
def test_no_group_lies_on_both_sides(rows: list[tuple[str, str | None]], seed: int) -> None:
    found, bridges = splits(rows, {}, seed, 0.5)
    assert bridges == []
    for kind in (0, 1):
        sides: dict[str, set[str]] = {}
        for row, side in zip(rows, found, strict=True):
            if row[kind] is not None:
                sides.setdefault(str(row[kind]), set()).add(side)
        assert all(len(seen) == 1 for seen in sides.values())


def test_what_links_groups_that_lie_on_both_sides_is_told() -> None:
    known = {"prompt/p": "train", "media/m": "validation"}
    found, bridges = splits([("p", None), ("p", "m"), ("q", "m")], known, 1, 0.5)
    assert found[0] == "train"
    assert bridges == [1, 2]
    assert splits([("p", None), ("q", "n")], {}, 1, 0.0) == (["train", "train"], [])


def test_about_the_share_goes_to_validation() -> None:
    sides = [side_of(f"g{number}", 1, 0.1) for number in range(20_000)]
    assert 0.09 < sides.count("validation") / len(sides) < 0.11
    assert sides[:50] != [side_of(f"g{number}", 2, 0.1) for number in range(50)]
