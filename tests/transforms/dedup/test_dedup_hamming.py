"""Near pairs of hashes: none is missed, none is made up, in whatever order and way of search."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.dedup import hamming
from transforms.dedup.hamming import (
    band_keys,
    guaranteed_radius,
    near_pairs,
    near_pairs_between,
)

Words = npt.NDArray[np.uint64]


def planted(rows: int, words: int, copies: int, flips: int, seed: int = 1) -> Words:
    """Random hashes, some of which are others with up to `flips` bits turned."""
    rng = np.random.default_rng(seed)
    made = rng.integers(0, 2**64, (rows, words), dtype=np.uint64)
    for _ in range(copies):
        one, other = rng.integers(0, rows, 2)
        made[one] = made[other]
        for bit in rng.integers(0, 64 * words, rng.integers(0, flips + 1)).tolist():
            made[one, bit // 64] ^= np.uint64(1 << (bit % 64))
    return made


def every_pair(left: Words, right: Words, radius: int) -> set[tuple[int, int, int]]:
    bits = np.bitwise_count(left[:, None] ^ right[None]).sum(axis=2)
    return {(int(i), int(j), int(bits[i, j])) for i, j in np.argwhere(bits <= radius)}


def as_set(pairs: hamming.NearPairs) -> set[tuple[int, int, int]]:
    found = list(zip(*(part.tolist() for part in vars(pairs).values()), strict=True))
    assert len(found) == len(set(found)) == len(pairs)
    return set(found)


@pytest.mark.parametrize("index_cost", [0, 10**12], ids=["index", "scan"])
@pytest.mark.parametrize(
    ("words", "radius"), [(1, 0), (1, 6), (1, 11), (2, 12), (3, 18), (4, 5), (1, 30)]
)
def test_no_pair_is_missed_by_either_way(
    words: int, radius: int, index_cost: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hamming, "_INDEX_COST", index_cost)
    monkeypatch.setattr(hamming, "_CANDIDATES", 100)
    monkeypatch.setattr(hamming, "_BLOCK", (7, 13))
    made = planted(200, words, 60, radius + 2)
    wanted = {(i, j, bits) for i, j, bits in every_pair(made, made, radius) if i > j}
    assert len(wanted) > 10
    assert as_set(near_pairs(made, radius)) == wanted
    other = np.concatenate([planted(50, words, 0, 0, seed=2), made[:40] ^ np.uint64(1)])
    between = near_pairs_between(made, other, radius)
    assert as_set(between) == every_pair(made, other, radius)


@given(st.permutations(range(30)), st.integers(0, 7))
@settings(max_examples=25, deadline=None)
def test_the_order_of_rows_does_not_matter_only_their_place(order: list[int], radius: int) -> None:
    made, place = planted(30, 1, 25, 4), np.arange(30) * 3 % 31
    whole = near_pairs(made, radius, place=place)
    moved = near_pairs(made[order], radius, place=place[order])
    back = np.array(order)
    assert {(back[i], back[j]) for i, j, _ in as_set(moved)} == {
        (i, j) for i, j, _ in as_set(whole)
    }
    assert (place[whole.later] > place[whole.earlier]).all()


def test_pairs_are_sought_within_groups() -> None:
    made = np.repeat(planted(3, 1, 0, 0), 4, axis=0)
    group = np.array([0, 1, 0, 1] * 3)
    found = near_pairs(made, 4, group=group)
    assert {(i % 4, j % 4) for i, j, _ in as_set(found)} == {(2, 0), (3, 1)}
    between = near_pairs_between(made, made, 0, groups=(group, group + 1), max_links=1)
    assert {(i % 4, j % 4) for i, j, _ in as_set(between)} == {(1, 0), (3, 0)}


def test_a_hash_that_thousands_have_costs_links_not_pairs() -> None:
    near = np.array([[0xF0F0], [0xF0F1]], np.uint64)
    made = np.concatenate([np.repeat(near, 3_000, axis=0), planted(10, 1, 0, 0)])
    found = near_pairs(made, 2, max_links=4)
    assert len(found) < 6_000 * 9
    linked = np.unique(np.concatenate([found.later, found.earlier]))
    assert linked.tolist() == list(range(6_000))
    assert set(found.earlier[found.later == 5_999].tolist()) == {0, 1, 2, 3, 3000, 3001, 3002, 3003}


def test_rows_within_the_guaranteed_radius_share_a_key() -> None:
    for words, bands in ((1, 4), (1, 7), (3, 4)):
        radius = guaranteed_radius(words, bands)
        made = planted(300, words, 200, radius)
        keys = band_keys(made, bands)
        assert keys.shape == (300, words * bands)
        found = near_pairs(made, radius)
        assert len(found) > 50
        assert (keys[found.later] == keys[found.earlier]).any(axis=1).all()
    assert len(np.unique(band_keys(np.zeros((1, 3), np.uint64), 16))) == 48


def test_nothing_and_nonsense() -> None:
    none = np.empty((0, 1), np.uint64)
    assert len(near_pairs(none, 5)) == len(near_pairs_between(none, planted(3, 1, 0, 0), 5)) == 0
    with pytest.raises(ValueError, match="not uint64"):
        near_pairs(np.zeros((3, 1)), 1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="distinct places"):
        near_pairs(planted(2, 1, 0, 0), 1, place=np.array([1, 1]))
    with pytest.raises(ValueError, match="1 and 2 words"):
        near_pairs_between(planted(2, 1, 0, 0), planted(2, 2, 0, 0), 1)
    with pytest.raises(ValueError, match="bands: 65"):
        band_keys(none, 65)


@pytest.mark.full
def test_a_hundred_thousand_hashes_take_seconds_and_little_memory() -> None:
    import time
    import tracemalloc

    made = planted(100_000, 1, 2_000, 6)
    tracemalloc.start()
    before = time.process_time()
    found = near_pairs(made, 6)
    spent = time.process_time() - before
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found) > 1_900
    assert spent < 30
    assert peak < 1_000_000_000
