"""The canonical writer: the same rows give the same bytes, and every row lands in one shard."""

from __future__ import annotations

import io
import random
import shutil
from pathlib import Path

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from apache_beam.testing.util import assert_that
from hypothesis import given
from hypothesis import strategies as st

from schemas.flight import PREPARED_SCHEMA
from schemas.pair import PAIR_SCHEMA
from transforms.beamkit import coder  # noqa: F401 - registers the coder
from transforms.beamkit.manifest import Manifest, Part
from transforms.sampling.rank import Cut
from transforms.writing.plan import row_group_ends, shard_count
from transforms.writing.prepared import PAIRS_ROLE, SpoolTables, _Spool, read_shard, shard_of
from transforms.writing.rows import SubsetFacts
from transforms.writing.settings import WritingSettings
from transforms.writing.shard import canonical_order, write_shard
from transforms.writing.write_subset import ShardTask, _WriteShard

FACTS = SubsetFacts("S", "t2t", "general", "corpus", "main", "mit", nc=False, annotator="human")


def prepared(number: int, seed: int = 1) -> pa.Table:
    rng = random.Random(seed)
    empty = dict.fromkeys(PREPARED_SCHEMA.names)
    rows = [
        {
            **empty,
            "row_id": f"{rng.getrandbits(128):032x}", "pair_id": f"{rng.getrandbits(128):032x}",
            "key": f"k{n}", "rank": rng.getrandbits(64),
            "prompt": [{"role": "user", "content": f"q{n}"}],
            "prompt_media": [], "a_media": [], "b_media": [],
            "a_text": f"a{n}", "b_text": f"b{n}", "preference": rng.choice(["a", "b", "tie"]),
            "margin": 1.23456789 * n, "payload_bytes": 100 + n,
        }
        for n in range(number)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=PREPARED_SCHEMA)


def no_media(digest: str) -> bytes:
    raise AssertionError(f"asked for {digest}")


def written(rows: pa.Table, settings: WritingSettings | None = None) -> bytes:
    sink = io.BytesIO()
    write_shard(rows, canonical_order(rows), FACTS, no_media, settings or WritingSettings(), sink)
    return sink.getvalue()


def test_shuffled_rows_in_other_chunks_give_the_same_bytes() -> None:
    rows = prepared(60)
    order = random.Random(2).sample(range(60), 60)
    shuffled = rows.take(order)
    pieces = pa.concat_tables([shuffled.slice(0, 7), shuffled.slice(7, 30), shuffled.slice(37)])
    assert written(pieces) == written(rows)


def test_rows_come_back_as_they_were_with_the_subset_s_facts() -> None:
    rows = prepared(25)
    settings = WritingSettings(row_group_rows=10)
    file = pq.ParquetFile(io.BytesIO(written(rows, settings)))
    assert file.schema_arrow.equals(PAIR_SCHEMA)
    assert file.schema_arrow.metadata == PAIR_SCHEMA.metadata
    assert [file.metadata.row_group(n).num_rows for n in range(3)] == [10, 10, 5]
    assert file.metadata.row_group(0).column(0).has_offset_index
    expected = {row["row_id"]: row for row in rows.to_pylist()}
    back = file.read().to_pylist()
    assert [row["row_id"] for row in back] == sorted(expected)
    for row in back:
        was = expected[row["row_id"]]
        assert row["prompt"] == was["prompt"]
        assert (row["response_a_text"], row["response_b_text"]) == (was["a_text"], was["b_text"])
        assert row["preference"] == row["source_preference"] == was["preference"]
        assert row["margin"] == pytest.approx(float(f"{was['margin']:.6g}"), rel=1e-6)
        assert (row["subset"], row["task"], row["nc"]) == ("S", "t2t", False)
        assert row["source"]["key"] == was["key"]
        assert row["response_a_image"] is None


def test_rows_of_equal_id_and_key_are_ordered_by_all_they_hold() -> None:
    base = prepared(1).to_pylist()[0]
    rows = [{**base, "preference": preference} for preference in ("tie", "b", "a", "b")]
    tables = [pa.Table.from_pylist(some, schema=PREPARED_SCHEMA) for some in (rows, rows[::-1])]
    one, other = (table.take(canonical_order(table)) for table in tables)
    assert one.equals(other)
    assert sorted(one["preference"].to_pylist()) == ["a", "b", "b", "tie"]


@pytest.mark.parametrize("shards", [1, 2, 16, 64])
def test_every_row_lies_in_the_shard_of_its_pair(tmp_path: Path, shards: int) -> None:
    tables = [prepared(90, seed) for seed in (1, 2, 3)]
    everything = sorted(row for table in tables for row in table["row_id"].to_pylist())

    def check(parts: list[Part]) -> None:
        assert sum(part.rows for part in parts) == 270
        found = []
        for shard in range(shards):
            table = read_shard(parts, shard, shards)
            assert (shard_of(table["pair_id"], shards) == shard).all()
            found += table["row_id"].to_pylist()
        assert sorted(found) == everything

    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        rows = pipeline | beam.Create(tables).with_output_types(pa.Table)
        assert_that(rows | SpoolTables(str(tmp_path), PAIRS_ROLE), check)


@pytest.mark.parametrize(
    ("payload", "current", "expected"),
    [
        (0, None, 1), (100, None, 1), (101, None, 2), (401, None, 8), (400, None, 4),
        (401, 4, 4), (799, 4, 4), (801, 4, 16), (100, 4, 4), (99, 4, 1), (10, 1, 1),
    ],
)  # fmt: skip
def test_the_shard_count_is_a_power_of_two_that_is_kept_while_it_fits(
    payload: int, current: int | None, expected: int
) -> None:
    assert shard_count(payload, WritingSettings(shard_bytes=100), current) == expected


@given(st.lists(st.integers(0, 30), max_size=40), st.integers(1, 5), st.integers(1, 40))
def test_row_groups_cover_all_rows_within_their_limits(
    payloads: list[int], rows: int, size: int
) -> None:
    ends = row_group_ends(payloads, WritingSettings(row_group_rows=rows, row_group_bytes=size))
    starts = [0, *ends[:-1]]
    assert (ends[-1] if ends else 0) == len(payloads)
    for start, end in zip(starts, ends, strict=False):
        assert 1 <= end - start <= rows
        assert sum(payloads[start:end]) <= size or end - start == 1


def test_which_of_several_equal_rows_stay_does_not_hang_on_the_order_of_files(
    tmp_path: Path,
) -> None:
    base = prepared(1).to_pylist()[0]
    rows = [{**base, "preference": preference} for preference in ("tie", "b", "a")]
    cut = Cut(base["rank"], base["row_id"], base["key"], copies=2)
    found = []
    for number, order in enumerate((rows, rows[::-1])):
        folder = tmp_path / str(number)
        tables = [pa.Table.from_pylist([row], schema=PREPARED_SCHEMA) for row in order]
        spool = _Spool(str(folder), PAIRS_ROLE)
        parts = tuple(
            Part(**{**vars(part), "path": str(shutil.move(part.path, folder / f"{at}.arrow"))})
            for at, table in enumerate(tables)
            for part in spool.work(table, None, None)
        )
        writer = _WriteShard(str(folder), FACTS, no_media, WritingSettings())
        (shard,) = writer.work(ShardTask(0, 1), Manifest("S/prepare", "x", parts), cut)
        assert shard.rows == 2
        found.append(shard.digest)
    assert found[0] == found[1]
