"""`omnireward media gc`: what no dataset refers to, and nothing else, is removed when asked for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pytest
from sample_build import Built
from typer.testing import CliRunner, Result

from pipelines.build_marker import building, running
from pipelines.cli import app
from pipelines.layout import Layout
from pipelines.media_gc import clearing_of, referred_to, remove_unused
from schemas.flight import PREPARED_SCHEMA
from schemas.ids import source_digest
from schemas.media import REF_STRUCT
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.beamkit.manifest import Manifest, Part
from transforms.media.errors import MediaError
from transforms.media.known import write_known
from transforms.media.modality import Product
from transforms.media.store import MediaStore
from transforms.media.store.fates import Limits
from transforms.media.store.sweep import stored

KEY, OLD_KEY = "normal-1.image.0123456789ab", "normal-0.image.0123456789ab"
LIMITS = Limits(60.0, 4000)


Dataset = tuple[Layout, MediaStore]


def prepared(layout: Layout, subset: str, digests: Sequence[str]) -> None:
    """A finished unit `prepare` with a pair for every two digests."""
    refs = [{"slot": "image", "info": {"digest": digest}} for digest in digests]
    columns = {
        "prompt_media": [refs[:1]] * (len(refs) // 2),
        "a_media": [[ref] for ref in refs[::2]],
        "b_media": [[ref, {"slot": "image"}] for ref in refs[1::2]],
    }
    if subset == "Two":
        refs[-1]["info"] = {"digest": digests[-1], "product": source_digest(b"named product")}
    rows = len(refs) // 2
    table = pa.table(
        [pa.array(columns.get(f.name, [None] * rows), f.type) for f in PREPARED_SCHEMA],
        names=PREPARED_SCHEMA.names,  # nulls where a pair has none: only references count here
    )
    path = files.join(layout.parts(subset, "prepare"), "pairs-0.arrow")
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=1)
    files.write_once(path, sink.getvalue().to_pybytes())
    manifest = Manifest(f"{subset}/prepare", "inputs", (Part("pairs", path, rows, 1),))
    files.write_once(layout.manifest(subset, "prepare"), manifest.to_json())


def aged(store: MediaStore) -> None:
    then = time.time() - 2 * 24 * 3600
    for file in stored(store):
        os.utime(file.path, (then, then))


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """A dataset whose store holds more than it uses, all of it two days old."""
    layout = Layout.of(str(tmp_path / "out"))
    store = MediaStore(layout.store)
    used = [store.put(b"source %d" % number) for number in range(6)]
    prepared(layout, "One", used[:4])
    prepared(layout, "Two", used[4:])
    known = {"slot": "image", "container": "a.tar", "info": {"digest": store.put(b"known")}}
    write_known(layout.known_media("Two"), [pa.array([known], REF_STRUCT)])
    store.put(b"not drawn")
    store.keep_product(OLD_KEY, b"source 5", Product({"format": "png"}, b"named product"))
    store.keep_product(KEY, b"source 0", Product({"format": "png"}, b"product in use"))
    store.keep_product(OLD_KEY, b"source 0", Product({"format": "png"}, b"of another policy"))
    store.keep_product(KEY, b"unused source", Product({"format": "png"}, b"unused product"))
    store.keep_refusal(KEY, source_digest(b"bad"), MediaError("image_empty", "no"), LIMITS)
    Path(store.path(used[0]) + ".attempt-0123").write_bytes(b"half")
    Path(store.root, "notes.txt").write_bytes(b"mine")
    aged(store)
    return layout, store


def test_what_is_referred_to_stays(dataset: Dataset) -> None:
    layout, store = dataset
    used = referred_to(layout)
    named = [b"known", b"named product", *(b"source %d" % number for number in range(6))]
    assert used == {source_digest(data) for data in named}
    found = clearing_of(store.root, [layout])
    assert {kind: (tally.files, tally.unused) for kind, tally in found.tallies.items()} == {
        "source": (9, 2),
        "product": (4, 1),
        "fate": (5, 1),
        "temporary": (1, 1),
        "unknown": (1, 0),
    }
    names = [Path(path).name for path in found.paths]
    assert names[:2] == [
        f"{source_digest(b'unused source')}.json",
        source_digest(b"unused product"),
    ]
    assert set(names[2:4]) == {source_digest(b"unused source"), source_digest(b"not drawn")}
    assert names[4].endswith(".attempt-0123")


@pytest.mark.full
def test_the_media_of_a_real_build_are_in_use(built: Built, tmp_path: Path) -> None:
    layout = Layout.of(str(built.output))
    used = referred_to(layout)
    assert len(used) > 50
    store = MediaStore(layout.store)
    assert all(store.has(d) or Path(store.product_path(d)).exists() for d in used)
    copy = tmp_path / "store"
    shutil.copytree(layout.store, copy)
    aged(MediaStore(str(copy)))
    paths = clearing_of(str(copy), [layout]).paths
    assert not used & {Path(path).name for path in paths}


def test_products_of_other_policies_are_unused_where_a_policy_is_named(
    dataset: Dataset,
) -> None:
    layout, store = dataset
    names = {Path(path).name for path in clearing_of(store.root, [layout], [KEY]).paths}
    assert source_digest(b"of another policy") in names
    assert source_digest(b"product in use") not in names
    assert source_digest(b"named product") not in names  # pairs are published with it


def test_what_is_young_stays(dataset: Dataset) -> None:
    layout, store = dataset
    store.keep_product(KEY, b"just stored", Product({"format": "png"}, b"just made"))
    found = clearing_of(store.root, [layout])
    assert {kind: tally.young for kind, tally in found.tallies.items() if tally.young} == {
        "source": 1,
        "product": 1,
        "fate": 1,
    }
    assert source_digest(b"just stored") not in {Path(path).name for path in found.paths}


def called(*arguments: object) -> Result:
    """The command in this process: one of its own takes a second to start."""
    return CliRunner().invoke(app, ["media", "gc", *map(str, arguments)])


def test_the_command_lists_and_removes_only_when_asked(dataset: Dataset) -> None:
    layout, store = dataset
    before = {file.path for file in stored(store)}
    listed = called("--output", layout.output)
    assert listed.exit_code == 0, listed.stderr
    assert "Nothing was removed" in listed.stdout
    assert {file.path for file in stored(store)} == before
    removed = called("--output", layout.output, "--delete")
    assert removed.exit_code == 0, removed.stderr
    gone = before - {file.path for file in stored(store)}
    assert f"Removed {len(gone)} files." in removed.stdout
    assert len(gone) == 5
    for number in range(6):
        store.get(source_digest(b"source %d" % number))
    assert Path(store.root, "notes.txt").exists()
    assert clearing_of(store.root, [layout]).paths == []


def test_a_build_that_begins_meanwhile_loses_nothing(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.media_gc._BATCH", 2)
    layout, store = dataset
    found = clearing_of(store.root, [layout])
    store.put(b"not drawn")  # a build on another folder took it up
    left = store.path(source_digest(b"unused source"))
    removed: list[str] = []
    remove = files.remove

    def then_begins(paths: list[str]) -> None:
        remove(paths)
        removed.extend(paths)
        marker.enter_context(building(layout))

    with ExitStack() as marker:
        monkeypatch.setattr(files, "remove", then_begins)
        with pytest.raises(BuildError, match=r"began there meanwhile .* after 2 of 5 files"):
            remove_unused(found, [layout])
        monkeypatch.setattr(files, "remove", remove)
    assert removed == found.paths[:2]
    assert Path(left).exists()
    assert remove_unused(found, [layout]) == 4
    assert store.has(source_digest(b"not drawn"))
    assert not Path(left).exists()


def test_nothing_is_known_to_be_unused_where_a_dataset_cannot_be_read(
    dataset: Dataset, tmp_path: Path
) -> None:
    layout, store = dataset
    empty = Layout.of(str(tmp_path / "none"), store.root)
    with pytest.raises(BuildError, match="no finished work of a build"):
        clearing_of(store.root, [layout, empty])
    with building(layout):
        assert running(layout) == f"process {os.getpid()}"
        done = called("--output", layout.output, "--delete")
        assert isinstance(done.exception, BuildError)
        assert "a build is running there" in str(done.exception)
    assert running(layout) is None
    (part, *_) = Path(layout.output).glob(".work/*/prepare/pairs-*.arrow")
    part.write_bytes(b"cut short")
    with pytest.raises(BuildError, match="can't be read"):
        clearing_of(store.root, [layout])
    two = called("-o", layout.output, "-o", tmp_path, "--delete")
    assert two.exit_code == 2


def test_a_marker_of_a_build_that_was_killed_holds_nothing_up(tmp_path: Path) -> None:
    layout = Layout.of(str(tmp_path))
    marker = tmp_path / ".work" / "building.json"
    ended = subprocess.Popen(["true"])
    ended.wait()
    told = {"process": ended.pid, "machine": os.uname().nodename, "since": time.time()}
    marker.parent.mkdir()
    marker.write_text(json.dumps(told))
    assert running(layout) is None
    marker.write_text(json.dumps({**told, "machine": "another"}))
    assert running(layout) == f"process {ended.pid} on another"
    marker.write_text(json.dumps({**told, "machine": "another", "since": 0}))
    assert running(layout) is None
    marker.write_text("{")
    assert running(layout) is None
