"""Ranks and cuts: exactly N, the same whatever the order, and a larger N keeps the earlier rows."""

from __future__ import annotations

import random

import apache_beam as beam
import numpy as np
import pyarrow as pa
from apache_beam.testing.util import assert_that, equal_to
from hypothesis import given
from hypothesis import strategies as st

from schemas.flight import DRAFT_SCHEMA
from transforms.beamkit import coder  # noqa: F401 - registers the coder
from transforms.beamkit.counts import add_counts, unbalanced
from transforms.sampling.rank import cut_at, rank_of, reserved, smallest, threshold, with_ranks
from transforms.sampling.sample import SampleByRank
from transforms.sampling.settings import SamplingSettings

KEYS = st.lists(st.sampled_from("abcdefghij"), max_size=40)


def rows_of(keys: list[str]) -> pa.Table:
    ranks = pa.array([rank_of(1, "c", key) for key in keys], pa.uint64())
    names = pa.array([f"row-{key}" for key in keys], pa.string())
    return pa.table({"rank": ranks, "row_id": names, "key": pa.array(keys, pa.string())})


def test_ranks_are_pinned() -> None:
    assert rank_of(20260101, "skywork", "sha256:00") == 2249047100175439876
    assert len({rank_of(s, c, k) for s in (1, 2) for c in "ab" for k in "ab"}) == 8


@given(st.lists(st.text(max_size=5), max_size=6), st.integers(0, 3))
def test_a_column_of_keys_has_the_ranks_of_its_keys(keys: list[str], skipped: int) -> None:
    row = dict.fromkeys(DRAFT_SCHEMA.names)
    rows = [{**row, "key": key} for key in ["skipped"] * skipped + keys]
    drafts = pa.Table.from_pylist(rows, schema=DRAFT_SCHEMA).slice(skipped)
    ranked = with_ranks(drafts, 7, "c")
    assert ranked.schema.equals(DRAFT_SCHEMA)
    assert ranked["rank"].to_pylist() == [rank_of(7, "c", key) for key in keys]


@given(KEYS, st.integers(1, 45), st.integers(0, 10), st.randoms())
def test_a_cut_keeps_exactly_n_and_a_larger_n_keeps_the_earlier(
    keys: list[str], target: int, more: int, rng: random.Random
) -> None:
    rows = rows_of(keys)
    kept = cut_at(rows, target).keep(rows)["key"].to_pylist()
    assert len(kept) == min(target, len(keys))
    wider = cut_at(rows, target + more).keep(rows)["key"].to_pylist()
    assert all(wider.count(key) >= kept.count(key) for key in kept)
    rng.shuffle(keys)
    shuffled = rows_of(keys)
    assert sorted(cut_at(shuffled, target).keep(shuffled)["key"].to_pylist()) == sorted(kept)


@given(st.lists(st.integers(0, 2**64 - 1), max_size=50), st.integers(1, 60), st.integers(1, 7))
def test_the_first_ranks_are_found_in_any_pieces(
    ranks: list[int], number: int, pieces: int
) -> None:
    arrays = [np.asarray(ranks[piece::pieces], np.uint64) for piece in range(pieces)]
    assert sorted(smallest(arrays, number).tolist()) == sorted(ranks)[:number]
    last = threshold(smallest(arrays, number), number)
    assert sum(rank <= last for rank in ranks) >= min(number, len(ranks))


def test_the_reserve_is_rounded_up() -> None:
    assert [reserved(n, 0.05) for n in (1, 20, 21, 50_000)] == [2, 21, 23, 52_500]
    assert reserved(20, 0.0) == 20


def test_the_composite_drops_what_lies_beyond_the_reserve() -> None:
    empty = dict.fromkeys(DRAFT_SCHEMA.names)
    tables = [
        pa.Table.from_pylist([{**empty, "key": f"{t}-{n}"} for n in range(10)], schema=DRAFT_SCHEMA)
        for t in range(5)
    ]
    everything = [f"{t}-{n}" for t in range(5) for n in range(10)]
    expected = sorted(everything, key=lambda key: rank_of(7, "c", key))[:22]

    def balanced(counts: list[tuple[str, str, int]]) -> None:
        total = add_counts(counts)
        wanted = {"sampling": {"dropped:beyond_reserve": 28, "in": 50, "out": 22}}
        assert total == wanted, total
        assert unbalanced(total) == []

    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        drafts = pipeline | beam.Create(tables).with_output_types(pa.Table)
        sampled = drafts | SampleByRank("c", 7, 20, SamplingSettings(reserve=0.1))
        keys = sampled.rows | beam.FlatMap(lambda table: table["key"].to_pylist())
        assert_that(keys, equal_to(expected))
        assert_that(sampled.counts, balanced, label="counts")
