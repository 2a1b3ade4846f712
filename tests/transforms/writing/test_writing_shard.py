"""The canonical shard: the same rows give the same bytes, in the published schema."""

from __future__ import annotations

import hashlib
import io
import random
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.flight import PREPARED_SCHEMA
from schemas.pair import PAIR_SCHEMA
from tests.transforms.writing.rosters import roster_of
from transforms.beamkit.digesting import DigestingFile
from transforms.writing.cells import Cells
from transforms.writing.rows import SubsetFacts
from transforms.writing.settings import WritingSettings
from transforms.writing.shard import canonical_order, write_shard

FACTS = SubsetFacts("S", "t2i", "general", "hpdv2", "abc", "mit", False, "human")
MEDIA = {"d1": b"one", "d2": b"two", "d3": b"three"}
MakeTable = Callable[[list[dict[str, Any]]], pa.Table]


def ref(slot: str, digest: str) -> dict[str, Any]:
    info = {"digest": digest, "format": "png", "bytes": len(MEDIA[digest]), "width": 4}
    return {"slot": slot, "container": "c", "member": "m", "info": info}


def row(number: int, **more: Any) -> dict[str, Any]:
    return {
        "row_id": f"{number:032x}", "pair_id": f"{number:032x}", "key": f"k{number}",
        "rank": number, "prompt": [{"role": "user", "content": f"prompt {number}"}],
        "a_text": f"a {number}", "b_text": f"b {number}", "preference": "a",
        "payload_bytes": 20, **more,
    }  # fmt: skip


def written(rows: pa.Table, settings: WritingSettings | None = None) -> tuple[DigestingFile, bytes]:
    stream = io.BytesIO()
    order = canonical_order(rows)
    sink = write_shard(
        rows,
        order,
        roster_of(rows.take(order)),
        FACTS,
        Cells(lambda info: MEDIA[info["digest"]]),
        settings or WritingSettings(),
        stream,
    )
    return sink, stream.getvalue()


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy"), st.integers(0, 2))),
    st.randoms(),
)
def test_the_order_is_total_whatever_the_order_before(
    keys: list[tuple[str, str, int]], rng: random.Random
) -> None:
    def ordered(given_keys: list[tuple[str, str, int]]) -> list[dict[str, Any]]:
        rows = [{"row_id": r, "key": k, "margin": float(m)} for r, k, m in given_keys]
        table = pa.Table.from_pylist(rows, schema=PREPARED_SCHEMA)
        return table.take(canonical_order(table)).to_pylist()

    first = ordered(keys)
    assert [(r["row_id"], r["key"]) for r in first] == sorted((r, k) for r, k, _ in keys)
    shuffled = list(keys)
    rng.shuffle(shuffled)
    assert ordered(shuffled) == first


def test_the_order_of_arrival_does_not_change_a_byte(prepared_rows: MakeTable) -> None:
    rows = [row(n % 40, margin=n / 3, a_text=None if n % 7 == 0 else f"é {n}") for n in range(60)]
    sink, data = written(prepared_rows(rows))
    assert sink.digest == hashlib.sha256(data).hexdigest()
    assert sink.tell() == len(data)
    rng = random.Random(1)
    for _ in range(3):
        rng.shuffle(rows)
        halves = [prepared_rows(rows[:17]), prepared_rows(rows[17:])]
        assert written(pa.concat_tables(halves))[0].digest == sink.digest


def test_the_file_has_the_published_schema_and_a_page_index(prepared_rows: MakeTable) -> None:
    _, data = written(prepared_rows([row(n) for n in range(2_500)]))
    file = pq.ParquetFile(io.BytesIO(data))
    assert file.schema_arrow.equals(PAIR_SCHEMA)
    assert file.schema_arrow.metadata == PAIR_SCHEMA.metadata
    groups = [file.metadata.row_group(n) for n in range(file.metadata.num_row_groups)]
    assert [group.num_rows for group in groups] == [1_000, 1_000, 500]
    assert all(group.column(0).has_column_index for group in groups)
    assert all(group.column(0).has_offset_index for group in groups)
    assert {group.column(0).compression for group in groups} == {"ZSTD"}
    table = file.read()
    assert table["row_id"].to_pylist() == [f"{n:032x}" for n in range(2_500)]
    assert table["response_b_text"].to_pylist() == [f"b {n}" for n in range(2_500)]


def test_row_groups_are_bounded_in_bytes(prepared_rows: MakeTable) -> None:
    settings = WritingSettings(row_group_rows=3, row_group_bytes=100)
    sizes = [40, 40, 40, 300, 10, 10, 10, 10]
    rows = [row(n, payload_bytes=size) for n, size in enumerate(sizes)]
    file = pq.ParquetFile(io.BytesIO(written(prepared_rows(rows), settings)[1]))
    groups = range(file.metadata.num_row_groups)
    assert [file.metadata.row_group(n).num_rows for n in groups] == [2, 1, 1, 3, 1]


def test_a_shard_without_rows_is_a_file_of_the_schema(prepared_rows: MakeTable) -> None:
    file = pq.ParquetFile(io.BytesIO(written(prepared_rows([]))[1]))
    assert file.metadata.num_rows == 0
    assert file.schema_arrow.equals(PAIR_SCHEMA)
    assert file.schema_arrow.metadata == PAIR_SCHEMA.metadata


def test_a_published_row_has_all_that_was_known(prepared_rows: MakeTable) -> None:
    rows = [
        row(
            1,
            a_text=None,
            a_media=[ref("image", "d1")],
            b_media=[ref("frames", "d2"), ref("frames", "d1")],
            prompt_media=[ref("prompt_images", "d3")],
            a_score=1.23456789,
            b_model="m",
            margin=2 / 3,
            url="u",
            preference="b",
        ),
        row(2),
    ]
    first, second = pq.read_table(io.BytesIO(written(prepared_rows(rows))[1])).to_pylist()
    given = {name: value for name, value in first.items() if value is not None}
    infos = {name: given.pop(name) for name in tuple(given) if name.endswith("_info")}
    assert {name: [info["digest"] for info in found] for name, found in infos.items()} == {
        "prompt_info": ["d3"],
        "response_a_info": ["d1"],
        "response_b_info": ["d2", "d1"],
    }
    assert infos["prompt_info"][0]["width"] == 4
    assert given.pop("margin") == pytest.approx(0.666667, abs=1e-7)
    assert given.pop("response_a_score") == pytest.approx(1.23457, abs=1e-7)
    assert given == {
        "row_id": f"{1:032x}",
        "pair_id": f"{1:032x}",
        "task": "t2i",
        "subset": "S",
        "kind": "general",
        "prompt": [{"role": "user", "content": "prompt 1"}],
        "prompt_images": [{"bytes": b"three", "path": "d3.png"}],
        "response_a_image": {"bytes": b"one", "path": "d1.png"},
        "response_b_text": "b 1",
        "response_b_frames": [
            {"bytes": b"two", "path": "d2.png"},
            {"bytes": b"one", "path": "d1.png"},
        ],
        "response_b_model": "m",
        "preference": "b",
        "source_preference": "b",
        "annotator": "human",
        "source": {
            "corpus": "hpdv2",
            "revision": "abc",
            "key": "k1",
            "licence": "mit",
            "url": "u",
        },
        "nc": False,
    }
    assert second["prompt_info"] is None
    assert second["response_a_image"] is None
    assert second["response_b_frames"] is None
    assert second["prompt_images"] is None


def test_infos_follow_their_rows_over_row_groups(prepared_rows: MakeTable) -> None:
    digests = ["d1", "d2", "d3", "d2", "d1", "d3", "d1"]
    rows = [
        row(n, a_media=[ref("image", digest)] * (n % 2 or 1)) for n, digest in enumerate(digests)
    ]
    settings = WritingSettings(row_group_rows=2)
    table = pq.read_table(io.BytesIO(written(prepared_rows(rows), settings)[1]))
    assert [infos[0]["digest"] for infos in table["response_a_info"].to_pylist()] == digests
    pictures = [picture["bytes"] for picture in table["response_a_image"].to_pylist()]
    assert pictures == [MEDIA[digest] for digest in digests]
