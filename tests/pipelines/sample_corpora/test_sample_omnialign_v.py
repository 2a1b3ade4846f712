"""The OmniAlign-V-DPO sample: names in the tar against paths in the rows, in both layouts."""

from __future__ import annotations

import json
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pipelines.sample_corpora import CORPORA, Planted, omnialign_v

SCALE = 0.002


def written(folder: Path, name: str) -> tuple[Planted, list[dict[str, Any]], list[str]]:
    planted = CORPORA[name].write(folder, SCALE, 7, True)
    lines = [
        line
        for topic in omnialign_v.TOPICS
        for line in (folder / f"{topic}.jsonl").read_text().splitlines()
    ]
    assert len(lines) == planted.records
    rows = [json.loads(line) for line in lines if line.endswith("}")]
    with tarfile.open(folder / "images.tar") as archive:
        return planted, rows, archive.getnames()


@pytest.mark.parametrize(
    ("name", "strip", "chosen"),
    [("omnialign_v", "", "chosen"), ("omnialign_v_older", "images/", "answer")],
)
def test_traps_are_there_as_counted(tmp_path: Path, name: str, strip: str, chosen: str) -> None:
    planted, rows, members = written(tmp_path, name)
    assert len(rows) == planted.records - planted.faults["not_json"]
    assert all(chosen in row for row in rows)
    assert all(("id" in row) == (name == "omnialign_v_older") for row in rows)
    paths = [str(row["image"]) for row in rows if isinstance(row["image"], str)]
    wanted = Counter(path.removeprefix("./").removeprefix(strip) for path in paths)
    found = {
        "decoy": sum(f"old/{member}" in members for member in members),
        "dot_path": sum(path.startswith("./") for path in paths),
        "shared_image": sum(number - 1 for number in wanted.values()),
        "carriage_returns": sum("\r" in str(row["prompt"]) for row in rows),
    }
    assert found == {trap: planted.traps[trap] for trap in found}
    # A missing picture has a namesake in another folder, which nobody may take for it.
    missing = wanted.keys() - set(members)
    assert len(missing) == planted.faults["media_missing"]
    assert all(f"old/{path}" in members for path in missing)
    assert len(set(members)) == len(members)


def test_rows_of_a_topic_lie_in_its_file_in_the_published_shares(tmp_path: Path) -> None:
    written(tmp_path, "omnialign_v")
    for topic, rows in omnialign_v.TOPICS.items():
        lines = (tmp_path / f"{topic}.jsonl").read_text().splitlines()
        assert abs(len(lines) - rows * SCALE) <= 1
        spelled = Counter(line.count("<image>") for line in lines)
        assert spelled[0] > 0
        assert spelled[1] > 0
