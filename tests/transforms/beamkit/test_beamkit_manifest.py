"""The commit of a unit: only a whole manifest with all its files counts as finished."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import apache_beam as beam
import pytest

from tests.far_filesystem import far
from transforms.beamkit import files
from transforms.beamkit.commit import CommitManifest
from transforms.beamkit.manifest import Manifest, Part, finished, read_manifest, write_manifest

__all__ = ["far"]


def _written(folder: Path) -> tuple[Path, Manifest]:
    (folder / "b.arrow").write_bytes(b"12")
    (folder / "a.arrow").write_bytes(b"1")
    parts = tuple(Part("pairs", str(folder / name), 1, 1, "d") for name in ("b.arrow", "a.arrow"))
    manifest = Manifest("prepare/S", "digest", parts, {"sources": {"in": 2, "out": 2}})
    path = folder / "manifest.json"
    path.write_bytes(manifest.to_json())
    return path, manifest


def test_a_finished_unit_is_known_by_its_inputs_and_files(tmp_path: Path) -> None:
    path, manifest = _written(tmp_path)
    assert finished(str(path), "digest") == manifest
    assert finished(str(path), "another digest") is None
    assert [Path(part.path).name for part in manifest.of_role("pairs")] == ["a.arrow", "b.arrow"]
    assert manifest.of_role("dead") == []
    (tmp_path / "b.arrow").unlink()
    assert finished(str(path), "digest") is None
    assert read_manifest(str(path)) == manifest


def test_a_manifest_cut_anywhere_counts_as_none(tmp_path: Path) -> None:
    path, manifest = _written(tmp_path)
    whole = manifest.to_json()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        assert read_manifest(str(path)) is None, size
    assert read_manifest(str(tmp_path / "none.json")) is None


@pytest.mark.parametrize(
    "data",
    [
        b"null",
        b"5",
        b'"text"',
        b"[]",
        b"{}",
        b'{"parts": null}',
        b'{"parts": [1], "unit": "u", "inputs": "i", "counts": {}}',
        b'{"parts": [], "unit": "u", "inputs": "i", "of another version": 1}',
        b"\xff\xfe",
    ],
)
def test_what_is_no_manifest_counts_as_none(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "manifest.json"
    path.write_bytes(data)
    assert finished(str(path), "i") is None


def test_the_commit_lists_parts_in_order_and_sums_counts(tmp_path: Path) -> None:
    path = tmp_path / "work" / "manifest.json"
    parts = [Part(role, str(tmp_path / f"{n}"), n, n) for n in (3, 1, 2) for role in ("p", "d")]
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        counts = pipeline | "C" >> beam.Create([("s", "in", 2), ("s", "in", 3), ("s", "out", 5)])
        given = pipeline | "P" >> beam.Create(parts)
        _ = given | CommitManifest(str(path), "unit", "inputs", counts)
    manifest = read_manifest(str(path))
    assert manifest is not None
    assert [(part.role, part.rows) for part in manifest.parts] == [
        (role, n) for role in "dp" for n in (1, 2, 3)
    ]
    assert manifest.counts == {"s": {"in": 5, "out": 5}}
    assert (manifest.unit, manifest.inputs) == ("unit", "inputs")
    assert [file.name for file in path.parent.iterdir()] == ["manifest.json"]


def test_a_unit_without_parts_is_committed_too(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        counts = pipeline | "C" >> beam.Create([("s", "in", 0)])
        given = pipeline | "P" >> beam.Create([])
        _ = given | CommitManifest(str(path), "unit", "inputs", counts)
    assert finished(str(path), "inputs") == Manifest("unit", "inputs", (), {"s": {"in": 0}})


def _in_dataset(folder: str) -> tuple[str, Manifest]:
    """A manifest of a dataset's folder with a file of work and a published one."""
    parts = tuple(
        Part(role, f"{folder}/{name}", 1, 1)
        for role, name in (("roster", ".work/S/select/r.arrow"), ("shard", "data/S/x.parquet"))
    )
    manifest = Manifest("select/S", "digest", parts)
    for part in parts:
        files.write_once(part.path, b"1")
    path = f"{folder}/.work/S/select.json"
    write_manifest(path, manifest)
    return path, manifest


def test_a_folder_that_is_moved_keeps_its_finished_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path, manifest = _in_dataset("out")
    told = json.loads(Path(path).read_bytes())["parts"]
    assert [part["path"] for part in told] == [".work/S/select/r.arrow", "data/S/x.parquet"]
    assert finished(path, "digest") == manifest
    Path("out").rename("[moved]")
    moved = tmp_path / "[moved]"
    found = finished(f"{moved}/.work/S/select.json", "digest")
    assert found is not None
    assert [part.path for part in found.parts] == [
        f"{moved}/.work/S/select/r.arrow",
        f"{moved}/data/S/x.parquet",
    ]
    monkeypatch.chdir(moved / "data")
    found = finished("../.work/S/select.json", "digest")
    assert found is not None
    assert found.parts[1].path == "../data/S/x.parquet"
    monkeypatch.chdir(moved)
    found = finished(".work/S/select.json", "digest")
    assert found is not None
    assert found.parts[1].path == "data/S/x.parquet"
    Path("data/S/x.parquet").unlink()
    assert finished(".work/S/select.json", "digest") is None


def test_whole_paths_of_old_manifests_are_read_in_the_spelling_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, manifest = _in_dataset(str(tmp_path / "out"))
    Path(path).write_bytes(manifest.to_json())
    assert finished(path, "digest") == manifest
    monkeypatch.chdir(tmp_path)
    found = finished("out/.work/S/select.json", "digest")
    assert found is not None
    assert found.parts[1].path == "out/data/S/x.parquet"
    (tmp_path / "out").rename(tmp_path / "moved")
    assert finished("moved/.work/S/select.json", "digest") is None


def test_a_folder_elsewhere_that_is_copied_keeps_its_finished_work(far: Path) -> None:
    path, manifest = _in_dataset("far://bucket/out")
    assert finished(path, "digest") == manifest
    shutil.move(far / "bucket" / "out", far / "bucket" / "moved")
    found = finished("far://bucket/moved/.work/S/select.json", "digest")
    assert found is not None
    assert found.parts[1].path == "far://bucket/moved/data/S/x.parquet"


def test_a_file_outside_of_the_folder_is_named_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("beside").write_bytes(b"1")
    write_manifest("out/.work/S/select.json", Manifest("u", "i", (Part("p", "beside", 1, 1),)))
    found = finished("out/.work/S/select.json", "i")
    assert found is not None
    assert found.parts[0].path == str(tmp_path / "beside")
