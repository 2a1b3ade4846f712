"""The canonical writer: the same rows give the same bytes, and every row lands in one shard."""

from __future__ import annotations

import io
import random
import shutil
from dataclasses import replace
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
from tests.transforms.writing.rosters import roster_of
from transforms.beamkit import coder  # noqa: F401 - registers the coder
from transforms.beamkit.manifest import Manifest, Part
from transforms.sampling.rank import NO_CUT
from transforms.writing.plan import row_group_ends, shard_count
from transforms.writing.prepared import (
    PAIRS_ROLE,
    SpoolTables,
    _Spool,
    read_part,
    read_shard,
    shard_of,
)
from transforms.writing.roster import write_roster
from transforms.writing.rows import SubsetFacts
from transforms.writing.settings import WritingSettings
from transforms.writing.shard import canonical_order, write_shard
from transforms.writing.write_subset import ShardTask, Sources, _WriteShard

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
    order = canonical_order(rows)
    roster = roster_of(rows.take(order))
    write_shard(rows, order, roster, FACTS, no_media, settings or WritingSettings(), sink)
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


@pytest.mark.parametrize(("file_bytes", "files"), [(0, 5), (10**9, 1)])
def test_tables_share_files_until_they_are_full(
    tmp_path: Path, file_bytes: int, files: int
) -> None:
    tables = [prepared(30, seed) for seed in range(5)]

    def check(parts: list[Part]) -> None:
        assert len(parts) == files
        assert sum(part.rows for part in parts) == 150
        read = pa.concat_tables(read_part(part) for part in parts)
        wanted = pa.concat_tables(tables)
        assert sorted(map(repr, read.to_pylist())) == sorted(map(repr, wanted.to_pylist()))

    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        rows = pipeline | beam.Create(tables, reshuffle=False).with_output_types(pa.Table)
        assert_that(rows | SpoolTables(str(tmp_path), PAIRS_ROLE, file_bytes), check)


def test_a_file_is_full_with_the_table_that_fills_it(tmp_path: Path) -> None:
    tables = [prepared(30)] * 5
    spool = _Spool(str(tmp_path), PAIRS_ROLE, file_bytes=tables[0].nbytes + 1)
    spool.setup()
    spool.start_bundle()
    parts = [part for table in tables for part in spool.process(table)]
    parts += [windowed.value for windowed in spool.finish_bundle()]
    spool.teardown()
    assert [part.rows for part in parts] == [60, 60, 30]


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


def spooled(folder: Path, rows: list[dict[str, object]]) -> Manifest:
    """A `prepare` manifest over one file a row."""
    spool = _Spool(str(folder), PAIRS_ROLE)
    tables = [pa.Table.from_pylist([row], schema=PREPARED_SCHEMA) for row in rows]
    parts = tuple(
        replace(part, path=str(shutil.move(part.path, folder / f"{at}.arrow")))
        for at, table in enumerate(tables)
        for part in spool.work(table, None, None)
    )
    return Manifest("S/prepare", "x", parts)


def shard_of_roster(folder: Path, prepared_pairs: Manifest, roster: pa.Table) -> Part:
    part = write_roster(roster, str(folder / "roster.arrow"))
    sources = Sources.of([prepared_pairs, Manifest("S/select", "x", (part,))], "S/select")
    (shard,) = _WriteShard(str(folder), FACTS, no_media, WritingSettings()).work(
        ShardTask(0, 1), sources, NO_CUT
    )
    return shard


def test_which_of_several_equal_rows_stays_does_not_hang_on_the_order_of_files(
    tmp_path: Path,
) -> None:
    base = prepared(1).to_pylist()[0]
    rows = [{**base, "preference": preference} for preference in ("tie", "b", "a")]
    found = []
    for number, order in enumerate((rows, rows[::-1])):
        folder = tmp_path / str(number)
        shard = shard_of_roster(folder, spooled(folder, order), roster_of(prepared(1)))
        assert shard.rows == 1
        found.append(shard.digest)
    assert found[0] == found[1]


def test_a_pair_under_two_criteria_is_two_rows_that_say_what_the_roster_says(
    tmp_path: Path,
) -> None:
    pairs = prepared(3)
    one, two, _ = pairs.to_pylist()
    first = roster_of(pairs.slice(0, 2), prompt_group="g", criterion="Be short.")
    other = roster_of(pairs.slice(0, 1), preference="tie", criterion="Be kind.", flipped=True)
    other = other.set_column(0, "row_id", pa.array(["0" * 32]))
    shard = shard_of_roster(
        tmp_path, spooled(tmp_path, pairs.to_pylist()), pa.concat_tables([first, other])
    )
    rows = pq.read_table(shard.path).to_pylist()
    assert [row["row_id"] for row in rows] == sorted([one["row_id"], two["row_id"], "0" * 32])
    by_id = {row["row_id"]: row for row in rows}
    plain, told = by_id[one["row_id"]], by_id["0" * 32]
    assert (plain["preference"], plain["criterion"]) == (one["preference"], "Be short.")
    assert (told["preference"], told["criterion"], told["flipped"]) == ("tie", "Be kind.", True)
    assert told["source_preference"] == one["preference"]
    assert plain["pair_id"] == told["pair_id"]
    assert plain["response_a_text"] == told["response_a_text"] == one["a_text"]


def test_a_roster_that_names_a_pair_which_is_not_there_is_an_error(tmp_path: Path) -> None:
    pairs = prepared(2)
    with pytest.raises(ValueError, match="1 rows of a roster have no prepared pair"):
        shard_of_roster(tmp_path, spooled(tmp_path, [pairs.to_pylist()[0]]), roster_of(pairs))
