"""The review sheet tells nothing of labels, and its answers come back as scores."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from html_audit import audit, ids_are_unique
from hypothesis import given
from hypothesis import strategies as st
from planted_dataset import hex_id, hostile_label, medium, row, wav, write_dataset, write_table

from pipelines.gallery.answers import read_answers
from pipelines.gallery.reading import open_built, some_rows
from pipelines.gallery.review import review_sheet, shares
from transforms.beamkit.errors import BuildError

_OTHER_LABELS = {
    "preference": "tie",
    "source_preference": "b",
    "margin": 3.75,
    "response_a_score": 9.25,
    "response_b_score": 1.25,
    "response_a_model": "model-of-a",
    "response_b_model": "model-of-b",
    "annotator": "measured",
    "criterion_origin": "published",
    "flipped": True,
    "agreement": 0.625,
    "n_votes": 8,
}


def _rows(**labels: Any) -> dict[str, list[dict[str, Any]]]:
    texts = [row(k, criterion=f"criterion {k}", **labels) for k in range(6)]
    sound = medium(wav(), "a.wav")
    sounds = [
        row(k, subset="Sounds", response_a_audio=sound, response_b_audio=sound, **labels)
        for k in range(6, 9)
    ]
    return {"Plain": texts, "Sounds": sounds}


def test_a_sheet_is_blind(tmp_path: Path) -> None:
    """Whatever the labels are, the sheet is the same, byte for byte."""
    sheets = []
    for name, labels in (("one", {}), ("other", _OTHER_LABELS)):
        output = write_dataset(tmp_path / name, _rows(**labels))
        write_table(output, "labels", "Plain", [hostile_label(k) for k in range(6)])
        sheets.append(review_sheet(output, 8))
    assert sheets[0] == sheets[1]
    assert "preferred" not in audit(sheets[0]).text


def test_a_sheet_has_what_is_to_be_judged(tmp_path: Path) -> None:
    output = write_dataset(tmp_path / "set", _rows())
    found = audit(review_sheet(output, 9))
    assert {f"criterion {k}" for k in range(6)} <= set(found.texts)
    rows = [told["data-row"] for _, told in found.tags if "data-row" in told]
    assert sorted(rows) == [hex_id(k) for k in range(9)]
    assert rows != sorted(rows)
    assert sum(tag == "audio" for tag, _ in found.tags) == 6
    assert ids_are_unique(found)


def test_policy_allows_the_own_script_alone(hostile: Path) -> None:
    found = audit(review_sheet(hostile, 4))
    (script,) = found.scripts
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = next(
        told["content"] for tag, told in found.tags if "Content-Security-Policy" in told.values()
    )
    assert f"script-src 'sha256-{digest}';" in policy
    assert "default-src 'none'" in policy
    assert "window.hit" not in script


def test_subsets_are_chosen_and_checked(tmp_path: Path) -> None:
    output = write_dataset(tmp_path / "set", _rows())
    rows = [
        told for _, told in audit(review_sheet(output, 50, ["Sounds"])).tags if "data-row" in told
    ]
    assert len(rows) == 3
    with pytest.raises(BuildError, match="no subset 'Sound' here; there is Plain, Sounds"):
        review_sheet(output, 5, ["Sound"])


@pytest.mark.parametrize("group_rows", [1, 2, 1000])
def test_as_many_pairs_are_drawn_as_were_asked_for(tmp_path: Path, group_rows: int) -> None:
    """However few rows the row groups hold: large media leave room for one or two."""
    rows = {"Plain": [row(number) for number in range(12)]}
    output = write_dataset(tmp_path / "set", rows, group_rows=group_rows)
    shards = open_built(output).shards
    drawn = [some_rows(shards, 9, "seed") for _ in range(2)]
    ids = [one["row_id"] for one in drawn[0]]
    assert len(set(ids)) == 9
    assert drawn[0] == drawn[1]
    assert len(some_rows(shards, 50, "seed")) == 12
    sheet = review_sheet(output, 10)
    assert sum(one["row_id"] in sheet for one in rows["Plain"]) == 10


@given(st.integers(0, 60), st.lists(st.integers(0, 20), min_size=1, max_size=6))
def test_rows_are_spread_evenly(number: int, sizes: list[int]) -> None:
    given_rows = shares(number, sizes)
    assert sum(given_rows) == min(number, sum(sizes))
    assert all(mine <= size for mine, size in zip(given_rows, sizes, strict=True))
    full = [mine for mine, size in zip(given_rows, sizes, strict=True) if mine < size]
    assert not full or max(given_rows) - min(full) <= 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "no JSON"),
        ("[]", "no answers of a review sheet"),
        ('{"answers": ["a"]}', "no answers of a review sheet"),
        ("[" * 100_000, "no JSON"),
    ],
)
def test_files_that_are_no_answers(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "answers.json"
    path.write_text(text)
    with pytest.raises(BuildError, match=message):
        read_answers(path)


def test_answers_round_trip(tmp_path: Path, omnireward: Callable[..., Any]) -> None:
    """A sheet's answers, scored by the command, are in the report."""
    from pipelines.gallery.report import report

    output = write_dataset(tmp_path / "set", _rows())
    found = audit(review_sheet(output, 9))
    (body,) = [told for tag, told in found.tags if tag == "body"]
    rows = [told["data-row"] for _, told in found.tags if "data-row" in told]
    said = {name: "ab"[int(name, 16) % 2] for name in rows}  # as in the dataset
    said[hex_id(0)], said[hex_id(8)] = "b", "skip"
    answers = tmp_path / "answers.json"
    answers.write_text(
        json.dumps({"sheet": body["data-sheet"], "run": body["data-run"], "answers": said})
    )
    done = omnireward("audit", "score", answers, "--output", output)
    assert done.returncode == 0, done.stderr
    assert "agrees with the dataset in 88% of 8 pairs, 1 skipped" in " ".join(done.stdout.split())
    told = json.loads((output / "quality" / "review.json").read_text())
    assert told["same_build"] is True
    (whole,) = [score for score in told["scores"] if score["group"] == "all"]
    assert (whole["rows"], whole["skipped"], whole["agreed"]) == (8, 1, 0.875)
    text = audit(report(output)).text
    assert "A person judged 8 pairs blind and skipped 1" in text


def test_answers_about_another_dataset_are_refused(
    tmp_path: Path, omnireward: Callable[..., Any]
) -> None:
    output = write_dataset(tmp_path / "set", _rows())
    answers = tmp_path / "answers.json"
    answers.write_text(json.dumps({"answers": {hex_id(77): "a"}}))
    done = omnireward("audit", "score", answers, "--output", output)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert not (output / "quality" / "review.json").exists()
