"""The VLFeedback samples: native files and types, pictures by id, and each trap as counted."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.sample_corpora import vlfeedback, vlfeedback_parquet

SCALE = 0.006


def _lines(folder: Path) -> list[dict[str, Any]]:
    text = (folder / "vlfeedback_80k.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def _responses(record: dict[str, Any]) -> list[Any]:
    completions = record["completions"]
    if not isinstance(completions, list):
        return []
    return [one["response"] for one in completions if isinstance(one, dict)]


def test_every_trap_of_the_lines_is_there_as_often_as_counted(tmp_path: Path) -> None:
    planted = vlfeedback.write(tmp_path, SCALE, 7, True)
    records = _lines(tmp_path)
    paths = [record["img_path"] for record in records if "img_path" in record]
    names = [path for path in paths if isinstance(path, str) and path.strip()]
    cited = [record for record in records if any("†source】" in str(r) for r in _responses(record))]
    lists = [
        record
        for record in records
        if isinstance(record["completions"], dict)
        and {len(v) for v in record["completions"].values()} == {4}
    ]
    traps = {
        "repeated_id": len(records) - len({record["id"] for record in records}),
        "img_path_of_other_machine": sum(name.startswith("/") for name in names),
        "img_path_bare": sum(not name.startswith("/") for name in names),
        "completions_as_lists": len(lists),
        "non_ascii": sum(not (record["prompt"] or "").isascii() for record in records),
    }
    assert traps == {name: planted.traps[name] for name in traps}
    assert len(cited) == planted.dropped["citation_artefact"] + planted.traps["citation_in_third"]
    assert len(paths) - len(names) == planted.faults["malformed_images"]


def test_pictures_lie_in_the_archive_by_id(tmp_path: Path) -> None:
    planted = vlfeedback.write(tmp_path, SCALE, 7, True)
    with zipfile.ZipFile(tmp_path / "merged_images.zip") as archive:
        members = archive.namelist()
    ids = {record["id"] for record in _lines(tmp_path)}
    assert len(set(members)) == len(members)
    missing = ids - {name.removeprefix("merged_images/").removesuffix(".jpg") for name in members}
    assert len(missing) == planted.faults["media_missing"]
    assert len(members) + len(missing) == len(ids)


def test_the_parquet_schema_is_the_native_one(tmp_path: Path) -> None:
    planted = vlfeedback_parquet.write(tmp_path, SCALE, 7, True)
    rating = pa.struct([("Rating", pa.string()), ("Rationale", pa.string())])
    aspects = ("Helpfulness", "Ethical Considerations", "Visual Faithfulness")
    completions = pa.struct(
        [
            ("annotations", pa.list_(pa.struct([(aspect, rating) for aspect in aspects]))),
            ("model", pa.list_(pa.string())),
            ("response", pa.list_(pa.string())),
        ]
    )
    expected = pa.schema(
        [
            ("id", pa.string()),
            ("prompt", pa.string()),
            ("models", pa.list_(pa.string())),
            ("completions", completions),
            ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        ]
    )
    assert planted.files == tuple(f"data/train-0000{n}-of-00002.parquet" for n in range(2))
    assert all(pq.read_schema(tmp_path / file).equals(expected) for file in planted.files)
    # Rows of one id have pictures of their own.
    rows = [row for file in planted.files for row in pq.read_table(tmp_path / file).to_pylist()]
    ids = Counter(row["id"] for row in rows)
    shared = {row["image"]["bytes"] for row in rows if ids[row["id"]] > 1}
    assert len(shared) == sum(number for number in ids.values() if number > 1)


def test_shards_of_a_larger_run_do_not_stay(tmp_path: Path) -> None:
    leftover = tmp_path / "data" / "train-00000-of-00009.parquet"
    leftover.parent.mkdir()
    leftover.write_bytes(b"old")
    vlfeedback_parquet.write(tmp_path, 0.001, 7, False)
    assert sorted(path.name for path in leftover.parent.iterdir()) == [
        "train-00000-of-00002.parquet", "train-00001-of-00002.parquet",
    ]  # fmt: skip
