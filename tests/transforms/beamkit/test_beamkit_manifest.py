"""The commit of a unit: only a whole manifest with all its files counts as finished."""

from __future__ import annotations

from pathlib import Path

import apache_beam as beam
import pytest

from transforms.beamkit.commit import CommitManifest
from transforms.beamkit.manifest import Manifest, Part, finished, read_manifest


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
