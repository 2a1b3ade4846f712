"""JSON lists that are cut or are none, Parquet with damaged pages, records of the wrong shape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.ids import content_key
from schemas.media import MediaRef
from transforms.beamkit.errors import BuildError
from transforms.sources.adapter import Place, RecordAdapter, SourceBatch, SourceFile
from transforms.sources.draft import Draft, Reject, Response, Turn
from transforms.sources.formats.check import check_file, suffix_of
from transforms.sources.hpdv2 import Hpdv2
from transforms.sources.records import Unreadable, read_records, table_records
from transforms.sources.rlaif_v import RlaifV
from transforms.sources.settings import Corpus
from transforms.sources.skywork import Skywork
from transforms.sources.work_unit import WorkUnit


def adapter(kind: type[RecordAdapter], **options: Any) -> RecordAdapter:
    return kind(Corpus("x", "r", "mit", ("*",), "model", options=options), "corpus", "Subset")


def read(kind: type[RecordAdapter], path: Path) -> list[SourceBatch]:
    one = adapter(kind)
    units = one.units([SourceFile(path.name, str(path), path.stat().st_size)])
    return [batch for unit in units for batch in one.read(unit)]


def items(path: Path, data: bytes) -> list[Any]:
    path.write_bytes(data)
    unit = WorkUnit(str(path), "f.json", "json", 0, len(data), len(data))
    return [(place.row, record) for place, record in read_records(unit, (), None)]


def test_a_list_is_read_with_positions_and_plain_numbers(tmp_path: Path) -> None:
    found = items(tmp_path / "f.json", b' [{"a": 1}, {"a": 1.5}, null] ')
    assert found == [(0, {"a": 1}), (1, {"a": 1.5}), (2, None)]
    assert [type(item["a"]) for _, item in found[:2]] == [int, float]
    assert items(tmp_path / "f.json", b"[]") == []


@pytest.mark.parametrize("records", [0, 1, 1_500])
def test_a_list_cut_short_says_after_how_many_records(tmp_path: Path, records: int) -> None:
    data = b"[" + b"".join(b'{"a": "x"},' for _ in range(records)) + b'{"a": "cu'
    with pytest.raises(BuildError, match=rf"after {records:,} records .*download it again"):
        items(tmp_path / "f.json", data)


@pytest.mark.parametrize("data", [b'{"data": [{"a": 1}]}', b'{"a": 1}\n'])
def test_an_object_in_place_of_a_list_is_no_empty_corpus(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(BuildError, match="expected a JSON list of records, found json object"):
        items(tmp_path / "f.json", data)


def test_damaged_parquet_pages_are_named_by_row_group(tmp_path: Path) -> None:
    path = tmp_path / "f.parquet"
    turns = [
        [{"role": "user", "content": content_key(f"{row}")}, {"role": "assistant", "content": "A"}]
        for row in range(500)
    ]
    table = pa.table({"chosen": turns, "rejected": turns})
    pq.write_table(table, path, compression="gzip", use_dictionary=False)
    data = bytearray(path.read_bytes())
    column = pq.ParquetFile(path).metadata.row_group(0).column(1)
    middle = column.data_page_offset + column.total_compressed_size // 2
    data[middle : middle + 200] = bytes(200)
    path.write_bytes(data)
    with pytest.raises(BuildError, match=r"f\.parquet: row group 0 is damaged: .*download it"):
        read(Skywork, path)


def not_utf8(rows: list[bytes]) -> pa.Array:
    """A column of text with these bytes."""
    return pa.array(rows, pa.binary()).cast(pa.string(), safe=False)


def test_a_cell_that_is_no_utf_8_costs_its_own_row(tmp_path: Path) -> None:
    path = tmp_path / "f.parquet"
    columns = {
        "image": [{"bytes": b"x", "path": "a.jpg"}] * 3,
        "question": not_utf8([b"Q", b"caf\xe9", b"Q"]),
        "chosen": ["a", "b", "c"],
        "rejected": ["x", "y", "z"],
    }
    pq.write_table(pa.table(columns), path, row_group_size=3)
    (batch,) = read(RlaifV, path)
    assert batch.records == 3
    assert batch.drafts["first_text"].to_pylist() == ["a", "c"]
    (letter,) = batch.dead.to_pylist()
    assert letter["reason"] == "not_utf8"
    assert letter["where"] == "f.parquet group 0 row 1"
    assert "can't decode byte 0xe9 in position 3" in letter["message"]
    assert json.loads(letter["seen"]) == {
        "question": "b'caf\\xe9'", "chosen": "b'b'", "rejected": "b'y'",
    }  # fmt: skip


@pytest.mark.parametrize(
    "kind",
    [
        pa.string(),
        pa.large_string(),
        pa.list_(pa.string()),
        pa.large_list(pa.large_string()),
        pa.struct([("content", pa.string()), ("n", pa.int64())]),
        pa.list_(pa.struct([("role", pa.string()), ("content", pa.list_(pa.string()))])),
        pa.map_(pa.string(), pa.string()),
        pa.dictionary(pa.int32(), pa.string()),
    ],
    ids=str,
)
def test_text_that_is_no_utf_8_is_found_however_deep_it_lies(kind: pa.DataType) -> None:
    def filled(inner: pa.DataType, text: bytes) -> pa.Array:
        if pa.types.is_map(inner):
            return pa.MapArray.from_arrays([0, 1], not_utf8([b"k"]), not_utf8([text]))
        if pa.types.is_dictionary(inner):
            return pa.DictionaryArray.from_arrays(pa.array([0], pa.int32()), not_utf8([text]))
        if pa.types.is_list(inner) or pa.types.is_large_list(inner):
            values = filled(inner.value_type, text)
            made = pa.ListArray if pa.types.is_list(inner) else pa.LargeListArray
            return made.from_arrays([0, 1], values)
        if pa.types.is_struct(inner):
            arrays = [filled(field.type, text) for field in inner]
            return pa.StructArray.from_arrays(arrays, fields=list(inner))
        return pa.array([1]) if inner == pa.int64() else not_utf8([text]).cast(inner, safe=False)

    texts = (b"ok", b"\xff", b"ok")
    table = pa.concat_tables([pa.table({"a": filled(kind, text)}) for text in texts])
    unit = WorkUnit("f.parquet", "f.parquet", "parquet", 4, 5, 0)
    (_, first), (place, row), (_, last) = table_records(unit, 7, table)
    assert first == last
    assert place == Place("f.parquet", 8, 4)
    assert isinstance(row, Unreadable)
    assert row.reason == "not_utf8"
    assert rb"b'\\xff'" in row.line


def test_a_footer_that_lies_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "f.parquet"
    path.write_bytes(b"PAR1" + bytes(50) + b"\xff\xff\x00\x00PAR1")
    check_file(str(path), path.stat().st_size)
    with pytest.raises(BuildError, match=r"f\.parquet: not a readable Parquet file"):
        adapter(Skywork).units([SourceFile("f.parquet", str(path), path.stat().st_size)])


def test_suffixes() -> None:
    names = ["a.tar.gz", "B.TAR.GZ", "a.tgz", "a.b.parquet", "x/a.jsonl", "a.zip.part-00", "a"]
    assert [suffix_of(name) for name in names] == [
        ".tar.gz", ".tar.gz", ".tgz", ".parquet", ".jsonl", ".part-00", "",
    ]  # fmt: skip


def test_a_list_of_pairs_of_pictures_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "train.json"
    records = [
        {"prompt": "a", "image_path": ["1.jpg", "2.jpg"], "human_preference": [0, 1]},
        {"prompt": "b", "file_path": ["3.jpg", "4.jpg"], "human_preference": [1, 0]},
        {"prompt": "c", "file_path": ["3.jpg"], "human_preference": [1, 0]},
        ["not a record"],
    ]
    path.write_text(json.dumps(records))
    (batch,) = read(Hpdv2, path)
    assert batch.records == 4
    assert batch.drafts["preferred"].to_pylist() == ["second", "first"]
    assert batch.drafts["where"].to_pylist() == ["train.json row 0", "train.json row 1"]
    assert [(d["reason"], d["where"]) for d in batch.dead.to_pylist()] == [
        ("malformed_images", "train.json row 2"),
        ("not_a_record", "train.json row 3"),
    ]
    path.write_text(json.dumps([{"prompt": "a", "human_preference": [0, 1]}]))
    with pytest.raises(BuildError, match="key 'image_path' or 'file_path' is missing"):
        read(Hpdv2, path)


def test_the_archive_of_pictures_can_be_named() -> None:
    record = {"prompt": "a", "image_path": ["1.jpg", "2.jpg"], "human_preference": [0, 1]}
    one = adapter(Hpdv2, archive="test.tar.gz")
    assert list(one.pairs(record, Place("test.json", 4))) == [
        Draft(
            key=one.key(record),
            prompt=(Turn("user", "a"),),
            first=Response(media=(MediaRef("image", "test.tar.gz", "1.jpg"),)),
            second=Response(media=(MediaRef("image", "test.tar.gz", "2.jpg"),)),
            preferred="second",
            where="test.json row 4",
        )
    ]


def test_an_rlaif_v_draft_is_exactly_this() -> None:
    one = adapter(RlaifV)
    record = {"question": "Q ", "chosen": " A", "rejected": "B", "idx": 0, "origin_split": None}
    assert list(one.pairs(record, Place("p.parquet", 3, 1))) == [
        Draft(
            key=one.key(record),
            prompt=(Turn("user", "Q "),),
            prompt_media=(MediaRef("prompt_images", "p.parquet", "image/1/3"),),
            first=Response(text=" A"),
            second=Response(text="B"),
            preferred="first",
            where="p.parquet group 1 row 3",
        )
    ]
    assert one.key(record).startswith("0/sha256:")
    assert one.key({**record, "chosen": "C"}) != one.key(record)


@pytest.mark.parametrize(
    ("chosen", "reason"),
    [
        ("a text", "not_turns"),
        (["a text"], "missing_field"),
        ([{"role": "user", "content": 5}], "not_text"),
        ([None], "missing_field"),
        ([], "missing_field"),
    ],
)
def test_turns_of_the_wrong_shape_are_dead_letters_not_crashes(chosen: Any, reason: str) -> None:
    fine = [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]
    with pytest.raises(Reject) as error:
        list(adapter(Skywork).pairs({"chosen": chosen, "rejected": fine}, Place("f", 0)))
    assert error.value.reason == reason
