"""Shards and row groups: how many, where they end, and which rows each holds."""

from __future__ import annotations

import hashlib
from pathlib import Path

import apache_beam as beam
import pyarrow as pa
import pytest
from apache_beam.testing.util import assert_that
from hypothesis import given
from hypothesis import strategies as st

from transforms.beamkit.manifest import Manifest, Part
from transforms.writing.plan import MAX_SHARDS, row_group_ends, shard_count
from transforms.writing.prepared import (
    DEAD_ROLE,
    PAIRS_ROLE,
    SpoolTables,
    read_dead,
    read_keys,
    read_shard,
    shard_of,
)
from transforms.writing.settings import WritingSettings

SETTINGS = WritingSettings(shard_bytes=100, row_group_rows=4, row_group_bytes=50)


@pytest.mark.parametrize(
    ("payload", "current", "expected"),
    [
        (0, None, 1), (100, None, 1), (101, None, 2), (200, None, 2), (201, None, 4),
        (800, None, 8), (801, None, 16),
        (800, 4, 4), (801, 4, 16),  # at 2 x the mean the count stays, above it is made anew
        (100, 4, 4), (99, 4, 1),  # at 0.25 x too
        (1, 1, 1), (0, 1, 1), (0, 4, 1), (200, 1, 1), (201, 1, 4),
        (10**18, None, MAX_SHARDS),
    ],
)  # fmt: skip
def test_the_number_of_shards(payload: int, current: int | None, expected: int) -> None:
    assert shard_count(payload, SETTINGS, current) == expected


@given(st.integers(0, 10**7), st.none() | st.sampled_from([2**n for n in range(12)]))
def test_shards_are_a_power_of_two_of_a_fair_mean(payload: int, current: int | None) -> None:
    count = shard_count(payload, SETTINGS, current)
    assert count & (count - 1) == 0
    assert count == 1 or payload / count >= 0.25 * 100
    assert payload / count <= 200
    assert shard_count(payload, SETTINGS, count) == count


@given(st.lists(st.integers(0, 70), max_size=60))
def test_row_groups_cover_all_rows_within_the_limits(payloads: list[int]) -> None:
    ends = row_group_ends(payloads, SETTINGS)
    assert ends == sorted(set(ends))
    assert (ends[-1] if ends else 0) == len(payloads)
    starts = [0, *ends][: len(ends)]
    for start, end in zip(starts, ends, strict=True):
        group = payloads[start:end]
        assert 1 <= len(group) <= 4
        assert sum(group) <= 50 or len(group) == 1
        if end < len(payloads):  # it could not have taken one row more
            assert len(group) == 4 or sum(group) + payloads[end] > 50


def test_settings_refuse_what_makes_no_sense() -> None:
    with pytest.raises(ValueError, match="must be positive"):
        WritingSettings(row_group_rows=0)


def test_the_shard_is_the_top_bits_of_the_pair_id() -> None:
    ids = pa.array([f"{top:04x}" + "f" * 28 for top in (0, 1, 0x7FFF, 0x8000, 0xFFFF)])
    assert shard_of(ids, 1).tolist() == [0, 0, 0, 0, 0]
    assert shard_of(ids, 2).tolist() == [0, 0, 0, 1, 1]
    assert shard_of(ids, 16).tolist() == [0, 0, 7, 8, 15]
    assert shard_of(ids, 65_536).tolist() == [0, 1, 0x7FFF, 0x8000, 0xFFFF]


class Spooled:
    """Parts of 400 pairs in four tables (one of them empty), and their ids."""

    def __init__(self, folder: Path, prepared: object) -> None:
        self.ids = [hashlib.sha256(b"%d" % n).hexdigest()[:32] for n in range(400)]
        rows = [
            {"row_id": f"row {n}", "pair_id": pair_id, "key": f"k{n}", "rank": n,
             "payload_bytes": n, "a_text": f"text {n}"}
            for n, pair_id in enumerate(self.ids)
        ]  # fmt: skip
        whole = prepared(rows)  # type: ignore[operator]
        tables = [whole.slice(0, 1), whole.slice(1, 149), whole.slice(150), whole.slice(0, 0)]
        self.parts: list[Part] = []

        def found(parts: list[Part]) -> None:
            assert sorted(part.rows for part in parts) == [0, 1, 149, 250]
            assert {part.role for part in parts} == {PAIRS_ROLE}
            assert all(Path(part.path).stat().st_size == part.size for part in parts)

        with beam.Pipeline(runner="FnApiRunner") as pipeline:
            spooled = (
                pipeline
                | beam.Create(tables).with_output_types(pa.Table)
                | SpoolTables(str(folder), PAIRS_ROLE, file_bytes=0)
            )
            assert_that(spooled, found)
        self.parts = [
            Part(PAIRS_ROLE, str(path), 0, path.stat().st_size)
            for path in sorted(folder.glob("pairs-*.arrow"))
        ]


@pytest.fixture(scope="module")
def spooled(tmp_path_factory: pytest.TempPathFactory, prepared_rows: object) -> Spooled:
    return Spooled(tmp_path_factory.mktemp("spool"), prepared_rows)


@pytest.mark.parametrize("shards", [1, 2, 16, 64])
def test_every_pair_is_in_its_own_shard_and_no_other(spooled: Spooled, shards: int) -> None:
    found: list[str] = []
    for shard in range(shards):
        table = read_shard(spooled.parts, shard, shards)
        assert set(shard_of(table["pair_id"], shards).tolist()) <= {shard}
        assert [f"k{text.removeprefix('text ')}" for text in table["a_text"].to_pylist()] == (
            table["key"].to_pylist()
        )
        found += table["key"].to_pylist()
    assert sorted(found) == sorted(f"k{n}" for n in range(400))


def test_keys_are_read_without_the_text(spooled: Spooled) -> None:
    keys = read_keys(Manifest("u", "i", tuple(spooled.parts)))
    assert keys.column_names == ["pair_id", "row_id", "key", "rank", "payload_bytes"]
    assert keys.sort_by("rank")["pair_id"].to_pylist() == spooled.ids
    assert keys.sort_by("rank")["payload_bytes"].to_pylist() == list(range(400))


def test_nothing_prepared_is_an_empty_shard() -> None:
    assert read_shard([], 3, 4).num_rows == 0
    assert read_keys(Manifest("u", "i")).num_rows == 0
    assert read_dead([]).num_rows == 0
    assert DEAD_ROLE != PAIRS_ROLE
