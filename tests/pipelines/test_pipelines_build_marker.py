"""One build at a time in a folder: a second one is refused, a killed one holds nobody up."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from sample_build import Built, Sample, build_with

from pipelines.build_marker import building, refuse_second, running
from pipelines.layout import Layout
from pipelines.recipe import load_recipe
from pipelines.resources import default_recipe
from pipelines.retry import retry
from pipelines.run import RunRequest, run
from pipelines.watching import Watcher
from transforms.beamkit.errors import BuildError

QUIET = Watcher(Console(quiet=True), quiet=True)
HERE = os.uname().nodename


@pytest.fixture(scope="module")
def other() -> Iterator[int]:
    """Another process of this machine that lives; what it was asked to build is not looked at."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process.pid
        process.kill()


def mark(layout: Layout, process: int, **told: Any) -> Path:
    """The marker of a build by a process."""
    marker = Path(layout.output) / ".work" / "building.json"
    marker.parent.mkdir(exist_ok=True)
    said = {"process": process, "machine": HERE, "since": time.time(), **told}
    marker.write_text(json.dumps(said))
    return marker


def test_a_second_build_is_refused_before_it_does_anything(tmp_path: Path, other: int) -> None:
    layout = Layout.of(str(tmp_path))
    marker = mark(layout, other)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    file = default_recipe()
    recipe = load_recipe(file)
    request = RunRequest(recipe, file.parent, layout, ("HPDv2",), fresh=True)
    told = rf"a build is running there \(process {other}\); wait until it ends, or name another"
    with pytest.raises(BuildError, match=told):
        run(request, QUIET)
    with pytest.raises(BuildError, match=told):
        retry(request, {}, ["HPDv2"], QUIET)
    with pytest.raises(BuildError, match=told), building(layout):
        raise AssertionError
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    assert json.loads(marker.read_text())["process"] == other


@pytest.mark.parametrize(
    "told",
    [
        {"began": "0"},  # its number was given to another process since
        {"machine": "another"},  # killed there, and come back here under another name
        {"process": os.getpid(), "began": "0"},
        {"process": os.getpid()},
    ],
)
def test_what_a_killed_build_left_refuses_nothing(
    tmp_path: Path, other: int, told: dict[str, Any]
) -> None:
    layout = Layout.of(str(tmp_path))
    mark(layout, **{"process": other, **told})
    refuse_second(layout)
    with building(layout):
        assert running(layout) == f"process {os.getpid()}"
    assert running(layout) is None


def test_a_number_given_out_again_is_no_running_build(tmp_path: Path, other: int) -> None:
    layout = Layout.of(str(tmp_path))
    mark(layout, other, began="0")
    assert running(layout) is None
    mark(layout, other)
    assert running(layout) == f"process {other}"


def test_the_folder_is_marked_until_the_record_is_written(
    built: Built, sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the last subset and the record, files and record do not fit together."""
    output = tmp_path / "copy"
    shutil.copytree(built.output, output)
    layout = Layout.of(str(output))
    seen: list[str | None] = []
    monkeypatch.setattr("pipelines.run.write_record", lambda *_: seen.append(running(layout)))
    build_with(sample.whole(), sample.folder, output)
    assert seen == [f"process {os.getpid()}"]
    assert running(layout) is None
