"""Ranges that are wanted, known and missing, and the requests that serve them."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from transforms.beamkit.hub.ranges import MAX_GAP, MAX_WASTE, Range, coalesce, without


def spans(most: int) -> st.SearchStrategy[list[Range]]:
    one = st.tuples(st.integers(0, most), st.integers(0, most // 4))
    return st.lists(one.map(lambda it: (it[0], it[0] + it[1])), max_size=30)


def positions(ranges: list[Range]) -> set[int]:
    return {at for start, stop in ranges for at in range(start, stop)}


@given(spans(2_000), st.integers(1, 300))
def test_requests_cover_what_is_wanted_in_order(wanted: list[Range], most: int) -> None:
    requests = coalesce(wanted, max_request=most)
    fetched, needed = positions(requests), positions(wanted)
    assert needed <= fetched
    assert len(fetched) <= (1 + MAX_WASTE) * len(needed)
    assert sum(stop - start for start, stop in requests) == len(fetched), "nothing comes twice"
    assert requests == sorted(requests)
    assert all(0 < stop - start <= most for start, stop in requests)


@given(spans(40 * MAX_GAP))
def test_a_gap_that_is_fetched_is_small(wanted: list[Range]) -> None:
    for start, stop in without(coalesce(wanted), wanted):
        assert stop - start <= MAX_GAP


@given(spans(10_000))
def test_neighbours_are_one_request(wanted: list[Range]) -> None:
    requests = coalesce(wanted, max_request=1 << 40)
    assert all(before[1] < after[0] for before, after in pairwise(requests))


@given(spans(2_000), spans(2_000))
def test_what_is_missing(wanted: list[Range], known: list[Range]) -> None:
    missing = without(wanted, known)
    assert positions(missing) == positions(wanted) - positions(known)
    assert missing == sorted(missing)
    assert all(before[1] <= after[0] for before, after in pairwise(missing))


def test_a_long_range_is_cut_and_nothing_is_no_request() -> None:
    assert coalesce([(5, 30)], max_request=10) == [(5, 15), (15, 25), (25, 30)]
    assert coalesce([]) == coalesce([(7, 7)]) == without([(3, 3)], []) == []
