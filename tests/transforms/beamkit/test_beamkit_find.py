"""Files below a folder are found whatever the folder is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.far_filesystem import far
from transforms.beamkit import files

__all__ = ["far"]

NAMES = ("plain", "we[i]rd", "a*b", "who?", "[!x]", "[", "a]")


@pytest.mark.parametrize("name", NAMES)
def test_here(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    for beside in (folder / "sub", tmp_path / "weird", tmp_path / "aXb"):
        beside.mkdir(parents=True)
        (beside / "x.bin").write_bytes(b"123")
        (beside / "y.txt").write_bytes(b"1")
    found = [(str(folder / "sub" / "x.bin"), 3)]
    assert files.find(str(folder), "*", "*.bin") == found
    assert files.find(str(folder / "sub"), "*.bin") == found
    assert [path for path, _ in files.find(str(folder), "**")] == [
        str(folder / "sub" / "x.bin"),
        str(folder / "sub" / "y.txt"),
    ]
    assert files.find(str(tmp_path / "none"), "*") == []


@pytest.mark.parametrize("name", NAMES)
def test_elsewhere(far: Path, name: str) -> None:
    for beside in (name, "weird", "aXb"):
        (far / "bucket" / beside).mkdir(parents=True, exist_ok=True)
        (far / "bucket" / beside / "x.bin").write_bytes(b"123")
    folder = f"far://bucket/{name}"
    assert files.find(folder, "*.bin") == [(f"{folder}/x.bin", 3)]


def test_a_path_below_a_folder_may_be_whole() -> None:
    assert files.below("/recipes", "prints") == "/recipes/prints"
    assert files.below("/recipes", "/prints") == "/prints"
    assert files.below("/recipes", "far://bucket/prints") == "far://bucket/prints"
