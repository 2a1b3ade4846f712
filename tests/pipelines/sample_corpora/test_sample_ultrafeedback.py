"""The UltraFeedback samples: native files, keys and types, and each trap as often as counted."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.sample_corpora import Planted, ultrafeedback, ultrafeedback_binarized

Record = dict[str, Any]
ASPECTS = ("helpfulness", "honesty", "instruction_following", "truthfulness")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Planted]:
    """Large enough that every variant of a trap occurs."""
    folder = tmp_path_factory.mktemp("ultrafeedback")
    return folder, ultrafeedback.write(folder, 0.008, 7, True)


def _records(folder: Path) -> dict[str, list[Record]]:
    """The readable records by file."""
    found: dict[str, list[Record]] = {}
    for file in sorted(folder.glob("*.jsonl")):
        lines = file.read_text(encoding="utf-8").splitlines()
        found[file.name] = [json.loads(line) for line in lines if line.endswith("}")]
    return found


def _ratings(completion: Record) -> list[object]:
    return [completion["annotations"][aspect]["Rating"] for aspect in ASPECTS]


def _traps(record: Record) -> set[str]:
    completions = record["completions"]
    unrated = [set(_ratings(one)) == {"N/A"} for one in completions]
    ratings = [rating for one in completions for rating in _ratings(one)]
    texts = [rating for rating in ratings if isinstance(rating, str)]
    overall = {one["overall_score"] for one in completions}
    found = {
        "non_ascii": not record["instruction"].isascii(),
        "rating_missing": "N/A" in ratings and not any(unrated),
        "rating_unreadable": any(text not in {"N/A", *"12345"} for text in texts),
        "rating_number": len(texts) < len(ratings),
        "completion_unrated": any(unrated),
        "completion_empty": any(not (one["response"] or "").strip() for one in completions),
        "fewer_completions": len(completions) < 4,
        "scores_disagree": {1.0, 10.0} <= overall
        and min(completions, key=lambda one: one["overall_score"])["fine-grained_score"] > 4,
    }
    return {name for name, holds in found.items() if holds}


def _is_sound(record: Record) -> bool:
    completions = record["completions"]
    return (
        record["instruction"] is not None
        and isinstance(completions, list)
        and len(completions) > 1
        and all(isinstance(one, dict) for one in completions)
        and all(isinstance(one["response"], str | None) for one in completions)
        and sum(set(_ratings(one)) != {"N/A"} for one in completions) > 1
        and sum(bool((one["response"] or "").strip()) for one in completions) > 1
    )


def test_every_trap_is_there_as_often_as_counted(corpus: tuple[Path, Planted]) -> None:
    folder, planted = corpus
    records = [record for file in _records(folder).values() for record in file]
    found = Counter(trap for record in records if _is_sound(record) for trap in _traps(record))
    assert found == planted.traps
    assert set(found) == set(ultrafeedback.NATIVE_TRAPS | ultrafeedback.ODD_TRAPS)


def test_a_file_holds_one_source_and_native_keys(corpus: tuple[Path, Planted]) -> None:
    folder, planted = corpus
    files = _records(folder)
    assert set(files) == set(planted.files)
    assert len(files) == 6
    for name, records in files.items():
        assert {record["source"] for record in records} == {name.removesuffix(".jsonl")}
        first = records[0]
        assert set(first) == {
            "source", "instruction", "models", "completions", "correct_answers",
            "incorrect_answers",
        }  # fmt: skip
        assert [one["model"] for one in first["completions"]] == first["models"]
        for one in first["completions"]:
            assert set(one) == {
                "model", "principle", "custom_system_prompt", "response", "critique",
                "overall_score", "fine-grained_score", "annotations",
            }  # fmt: skip
            assert set(one["annotations"]) == set(ASPECTS)
            assert set(_ratings(one)) <= set("12345")
        assert len({one["custom_system_prompt"] for one in first["completions"]}) == 4
    assert len(files["truthful_qa.jsonl"]) == planted.dropped["source_left_out"]


def test_the_binarized_schema_is_the_native_one(tmp_path: Path) -> None:
    planted = ultrafeedback_binarized.write(tmp_path, 0.004, 7, True)
    turns = pa.list_(pa.struct([("content", pa.string()), ("role", pa.string())]))
    assert planted.files == ("data/train_prefs-00000-of-00001.parquet",)
    assert pq.read_schema(tmp_path / planted.files[0]).equals(
        pa.schema(
            [
                ("prompt", pa.string()), ("prompt_id", pa.string()), ("chosen", turns),
                ("rejected", turns), ("messages", turns), ("score_chosen", pa.float64()),
                ("score_rejected", pa.float64()),
            ]
        )
    )  # fmt: skip
    ids = Counter(pq.read_table(tmp_path / planted.files[0])["prompt_id"].to_pylist())
    assert [number for number in ids.values() if number > 1] == [planted.traps["repeated_prompt"]]
