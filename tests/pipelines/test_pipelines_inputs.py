"""Digests of input files are remembered only while nothing can have changed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from pipelines import inputs
from tests.far_filesystem import far
from transforms.beamkit import files
from transforms.sources.adapter import SourceFile

__all__ = ["far"]

PATH = "far://mirror/rows.jsonl"


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def put(far: Path, data: bytes, changed: int) -> None:
    file = far / "mirror" / "rows.jsonl"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(data)
    os.utime(file, (changed, changed))


def looked(far: Path, cache: Path) -> str:
    size = (far / "mirror" / "rows.jsonl").stat().st_size
    return inputs.digests([SourceFile("rows.jsonl", PATH, size)], str(cache))[PATH]


def test_a_far_file_that_changes_with_its_size_kept_is_read_again(
    far: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "digests.json"
    put(far, b"one", 1_000)
    assert looked(far, cache) == digest_of(b"one")
    put(far, b"two", 2_000)
    assert looked(far, cache) == digest_of(b"two")
    # What did not change is not read.
    monkeypatch.setattr(inputs, "_sha256", None)
    assert looked(far, cache) == digest_of(b"two")


def test_without_a_time_of_change_nothing_is_remembered(far: Path, tmp_path: Path) -> None:
    cache = tmp_path / "digests.json"
    put(far, b"one", 0)
    assert files.changed(PATH) is None
    assert looked(far, cache) == digest_of(b"one")
    put(far, b"two", 0)
    assert looked(far, cache) == digest_of(b"two")
    assert not cache.exists()


@pytest.mark.parametrize("size", [0, 1, 262_144, 262_145, 1_000_000])
def test_local_files_are_hashed_to_their_end(tmp_path: Path, size: int) -> None:
    data = (b"some bytes" * (size // 10 + 1))[:size]
    (tmp_path / "rows").write_bytes(data)
    source = SourceFile("rows", str(tmp_path / "rows"), size)
    found = inputs.digests([source], str(tmp_path / "digests.json"))
    assert found[source.path] == digest_of(data)
