"""The RLAIF-V sample: pictures in cells, and exactly the planted faults and traps."""

from __future__ import annotations

import io
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from pipelines.sample_corpora import rlaif_v

if TYPE_CHECKING:
    from tests.pipelines.sample_corpora.conftest import Written

Row = dict[str, Any]


def _rows(written: Written) -> list[Row]:
    folder = written.folder / "rlaif_v"
    return [
        row
        for file in written.planted["rlaif_v"].files
        for row in pq.read_table(folder / file).to_pylist()
    ]


def _form(data: bytes) -> str | None:
    try:
        image = Image.open(io.BytesIO(data))
        image.load()
    except OSError:
        return None
    return image.format


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _faults(row: Row) -> list[str]:
    data = row["image"]["bytes"]
    found = {
        "media_missing": data is None,
        "image_undecodable": data is not None and _form(data) is None,
        "empty_response": not (row["chosen"].strip() and row["rejected"].strip()),
        "identical_responses": row["chosen"] == row["rejected"],
        "missing_field": row["question"] is None,
    }
    return [code for code, holds in found.items() if holds]


def _traps(row: Row) -> list[str]:
    data, path = row["image"]["bytes"], row["image"]["path"]
    found = {
        "non_ascii": not (row["question"] + row["chosen"] + row["rejected"]).isascii(),
        "origin_split_unreadable": not _is_json(row["origin_split"]),
        "png_image": _form(data) == "PNG" and path.endswith(".png"),
        "wrong_suffix": _form(data) == "PNG" and path.endswith(".jpg"),
    }
    return [name for name, holds in found.items() if holds]


def _all_traps(rows: list[Row]) -> Counter[str]:
    good = [row for row in rows if not _faults(row)]
    shown = Counter(row["image"]["bytes"] for row in good)
    traps = Counter(name for row in good for name in _traps(row))
    traps["reused_image"] = sum(number for number in shown.values() if number > 1)
    return traps


def test_the_schema_is_the_native_one(faulty: Written) -> None:
    text = pa.string()
    expected = pa.schema(
        {
            "ds_name": text,
            "image": pa.struct([("bytes", pa.binary()), ("path", text)]),
            "question": text,
            "chosen": text,
            "rejected": text,
            "origin_dataset": text,
            "origin_split": text,
            "idx": text,
            "image_path": text,
        }
    )
    files = faulty.planted["rlaif_v"].files
    assert files == ("RLAIF-V-Dataset_000.parquet", "RLAIF-V-Dataset_001.parquet")
    for file in files:
        assert pq.read_schema(faulty.folder / "rlaif_v" / file).equals(expected)


def test_every_fault_is_planted_once_and_counted(faulty: Written) -> None:
    rows, planted = _rows(faulty), faulty.planted["rlaif_v"]
    found = [_faults(row) for row in rows]
    assert max(map(len, found)) == 1
    assert Counter(code for codes in found for code in codes) == planted.faults
    assert set(planted.faults) == set(rlaif_v.FAULTS)
    assert len(rows) == planted.records
    assert sum(not codes for codes in found) == planted.good


def test_every_trap_is_counted_among_good_rows(faulty: Written) -> None:
    assert _all_traps(_rows(faulty)) == faulty.planted["rlaif_v"].traps


def test_about_a_third_of_the_rows_share_a_picture(faulty: Written) -> None:
    planted = faulty.planted["rlaif_v"]
    assert 0.25 < planted.traps["reused_image"] / planted.records < 0.45


def test_good_rows_are_distinct_in_content_and_index(faulty: Written) -> None:
    rows = _rows(faulty)
    good = [row for row in rows if not _faults(row)]
    texts = {(row["question"], row["chosen"], row["rejected"]) for row in good}
    assert len(texts) == len(good)
    assert [row["idx"] for row in rows] == [str(number) for number in range(len(rows))]


def test_pictures_are_named_as_the_bytes_they_share(faulty: Written) -> None:
    good = [row for row in _rows(faulty) if not _faults(row)]
    named = {(row["image"]["path"], row["image"]["bytes"]) for row in good}
    assert len(named) == len({path for path, _ in named}) == len({data for _, data in named})
    assert all(row["image_path"].endswith("/" + row["image"]["path"]) for row in good)


def test_every_variant_of_a_fault_has_that_fault_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rlaif_v, "FAULTS", dict.fromkeys(rlaif_v.FAULTS, 0.05))
    planted = rlaif_v.write(tmp_path, 160 / rlaif_v.FULL_SCALE, 7, True)
    assert planted.faults == dict.fromkeys(rlaif_v.FAULTS, 8)
    rows = [row for file in planted.files for row in pq.read_table(tmp_path / file).to_pylist()]
    found = [_faults(row) for row in rows]
    assert max(map(len, found)) == 1
    assert Counter(code for codes in found for code in codes) == planted.faults
    broken = [
        row["image"]["bytes"][:2]
        for row, codes in zip(rows, found, strict=True)
        if codes == ["image_undecodable"]
    ]
    assert broken[:3] == [b"\xff\xd8", b"\xa7\xff", b"<!"]


def test_without_faults_only_native_variants_remain(clean: Written) -> None:
    planted = clean.planted["rlaif_v"]
    assert (planted.faults, planted.good) == ({}, planted.records)
    assert set(planted.traps) == {"non_ascii", "reused_image"}
    assert _all_traps(_rows(clean)) == planted.traps


def test_shards_and_row_groups_follow_their_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rlaif_v, "SHARD_ROWS", 100)
    monkeypatch.setattr(rlaif_v, "GROUP_ROWS", 40)
    planted = rlaif_v.write(tmp_path, 250 / rlaif_v.FULL_SCALE, 7, True)
    groups = [pq.read_metadata(tmp_path / file) for file in planted.files]
    assert [metadata.num_rows for metadata in groups] == [83, 83, 84]
    assert [metadata.num_row_groups for metadata in groups] == [3, 3, 3]
    assert max(metadata.row_group(0).num_rows for metadata in groups) == 40
