"""The facts frame: counts, lengths and sizes of published rows, and nothing else of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.pair import PAIR_SCHEMA
from transforms.quality.facts import facts, facts_columns

SECRET = "SECRET" * 50


def info(**known: Any) -> dict[str, Any]:
    return {"digest": "d", "format": "png", "bytes": 100, "width": 64, "height": 32, **known}


def picture(name: str) -> dict[str, Any]:
    return {"bytes": SECRET.encode(), "path": name}


def facts_of(folder: Path, *rows: dict[str, Any], name: str = "train-0.parquet") -> Any:
    pq.write_table(pa.Table.from_pylist(list(rows), schema=PAIR_SCHEMA), folder / name)
    return facts([str(folder / name)])


ROW: dict[str, Any] = {
    "row_id": "r",
    "pair_id": "p",
    "task": "t2i",
    "prompt": [{"role": "user", "content": "Zürich"}, {"role": "user", "content": "ab"}],
    "response_a_image": picture("a.png"),
    "response_b_image": picture("b.png"),
    "response_a_info": [info(digest="a")],
    "response_b_info": [info(digest="b", format="jpeg", width=10, bytes=7)],
    "preference": "a",
    "source_preference": "b",
    "flipped": True,
    "nc": False,
    "criterion": SECRET,
    "source": {"corpus": "c", "revision": "v", "licence": "mit", "key": SECRET},
}


def test_facts_of_a_row_of_pictures(tmp_path: Path) -> None:
    frame = facts_of(tmp_path, ROW, name="validation-0.parquet")
    (row,) = frame.to_dicts()
    expected = {
        "split": "validation", "corpus": "c", "revision": "v", "licence": "mit",
        "prompt_turns": 2, "prompt_chars": 8, "response_a_chars": None, "criterion_chars": 300,
        "response_a_image_count": 1, "response_b_media_count": 1, "prompt_media_count": 0,
        "media_count": 2, "info_count": 2, "foreign_media": 0,
        "response_width_min": 10, "response_width_max": 64, "response_bytes_min": 7,
        "response_duration_s_min": None, "response_formats": "jpeg,png",
        "response_digests_missing": 0, "prompt_width_min": None, "prompt_formats": "",
        "tie": 0, "a_preferred": 1, "flipped": 1, "reversed": 1, "nc": 0, "flip_differs": 0,
        "same_media": 0,
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    assert tuple(frame.columns) == facts_columns()


def test_no_text_and_no_bytes_are_in_the_frame(tmp_path: Path) -> None:
    texts = {
        "prompt": [{"role": SECRET, "content": SECRET}],
        "response_a_text": SECRET,
        "preference": SECRET,  # what should be one of a few is cut
        "response_a_model": SECRET,
    }
    (row,) = facts_of(tmp_path, {**ROW, **texts}).to_dicts()
    assert row.pop("preference") == SECRET[:80]
    assert not any("SECRET" in str(value) for value in row.values())


@pytest.mark.parametrize(
    ("changed", "seen"),
    [
        ({"task": "t2v"}, {"foreign_media": 2}),
        ({"task": "t9"}, {"foreign_media": None}),
        ({"prompt_images": [picture("x"), picture("y")]}, {"prompt_images_count": 2,
            "foreign_media": 2, "media_count": 4, "info_count": 2}),
        ({"response_a_image": None}, {"response_a_media_count": 0, "media_count": 1}),
        ({"response_b_info": [info(digest="a")]}, {"same_media": 1}),
        ({"response_b_info": [info(digest=None)]}, {"response_digests_missing": 1}),
        ({"preference": "tie"}, {"tie": 1, "a_preferred": None, "flip_differs": 1,
            "reversed": None}),
        ({"source_preference": "tie", "flipped": False}, {"flip_differs": 0, "reversed": None}),
        ({"flipped": False}, {"flip_differs": 1, "reversed": 0}),
        ({"flipped": None}, {"flip_differs": None, "reversed": None}),
        ({"prompt": None}, {"prompt_turns": 0, "prompt_chars": None}),
    ],
)  # fmt: skip
def test_what_a_change_does_to_the_facts(
    tmp_path: Path, changed: dict[str, Any], seen: dict[str, Any]
) -> None:
    (row,) = facts_of(tmp_path, {**ROW, **changed}).to_dicts()
    assert {name: row[name] for name in seen} == seen


def test_no_rows_and_several_shards(tmp_path: Path) -> None:
    assert facts_of(tmp_path, name="train-1.parquet").height == 0
    frame = facts_of(tmp_path, ROW, ROW)
    shards = [str(tmp_path / name) for name in ("train-0.parquet", "train-1.parquet")]
    assert facts(shards).equals(frame)
    assert facts([]).schema == frame.schema


def test_a_file_of_another_schema_is_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"row_id": ["r"]}), tmp_path / "train-0.parquet")
    with pytest.raises(pa.ArrowInvalid, match=r"train-0.parquet: no column 'pair_id'"):
        facts([str(tmp_path / "train-0.parquet")])
