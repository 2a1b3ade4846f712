"""Where commands read and write: on this machine, or on a filesystem that Beam knows."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from sample_build import Sample

from tests.far_filesystem import far
from transforms.beamkit import files

__all__ = ["far"]

Call = Callable[..., "subprocess.CompletedProcess[str]"]

SUBSET = "RLAIF-V"
FAR = "far://bucket/out"


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """What a command complains of: one line, with no traceback."""
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("error: ")
    return line


@pytest.fixture
def in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, which must be empty in the end."""
    folder = tmp_path / "cwd"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_a_dataset_elsewhere_is_built_and_looked_at_there(
    omnireward: Call, far: Path, in_tmp: Path, sample: Sample
) -> None:
    build = ("build", "--recipe", sample.recipe_file, "--subset", SUBSET, "--limit", 20)
    done = omnireward(*build, "--output", f"{FAR}/", "--store", "far://media/store")
    assert done.returncode == 0, done.stderr
    assert "far://bucket/out/data" in done.stdout
    record = json.loads((far / "bucket/out/run_record.json").read_text())
    assert record["subsets"][SUBSET]["rows"] == 20
    assert list((far / "media/store").rglob("*"))
    assert not (far / "bucket/out/.work/media").exists()
    again = omnireward(*build, "--output", FAR, "--store", "far://media/store")
    assert f"{SUBSET}: up to date" in again.stdout
    listed = omnireward("subsets", "--recipe", sample.recipe_file, "--output", FAR)
    assert "built" in listed.stdout
    checked = omnireward("validate", "--output", FAR)
    assert checked.returncode in (0, 4), checked.stderr
    assert (far / "bucket/out/quality/gate.json").exists()
    card = omnireward("card", "--output", FAR, "--to", in_tmp / "cards")
    assert card.returncode == 0, card.stderr
    swept = omnireward("media", "gc", "--output", FAR, "--store", "far://media/store")
    assert swept.returncode == 0, swept.stderr
    assert [path.name for path in in_tmp.iterdir()] == ["cards"]


@pytest.mark.parametrize(
    "command",
    [
        ("build", "--output"),
        ("build", "--store"),
        ("relabel", "--estimate", "--output"),
        ("validate", "--output"),
        ("doctor", "--offline", "--output"),
        ("import", ".", "--output"),
        ("export", "trl", "--to"),
        ("media", "gc", "--output"),
        ("benchmark", "list", "--output"),
    ],
)
def test_a_scheme_that_no_filesystem_knows(
    omnireward: Call, in_tmp: Path, command: tuple[str, ...]
) -> None:
    done = omnireward(*command, "nowhere://bucket/out")
    assert done.returncode == 2
    assert "nowhere://bucket/out: no filesystem knows nowhere://; there is " in one_line(done)
    assert not list(in_tmp.iterdir())


def test_what_brings_a_filesystem_that_is_lacking(
    omnireward: Call, in_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_lacks", lambda module: module == "azure.storage.blob")
    done = omnireward("build", "--output", "azfs://account/out")
    assert done.returncode == 2
    assert "pip install 'apache-beam[azure]'" in one_line(done)
    assert not list(in_tmp.iterdir())


@pytest.mark.parametrize("address", ["gs:/bucket/out", "far:/bucket/out"])
def test_an_address_with_one_slash(omnireward: Call, in_tmp: Path, address: str) -> None:
    done = omnireward("build", "--output", address)
    assert done.returncode == 2
    assert address.replace(":/", "://") in one_line(done)


def test_the_hub_is_no_folder_to_build_into(omnireward: Call, in_tmp: Path) -> None:
    done = omnireward("build", "--output", "hf://datasets/a/b")
    assert done.returncode == 2
    assert "nothing is written to the Hub this way" in one_line(done)


@pytest.mark.parametrize(
    "command",
    [
        ("show", "--output"),
        ("show", "--save-media"),
        ("dead-letters", "--output"),
        ("contamination", "--output"),
        ("view", "--output"),
        ("report", "--output"),
        ("report", "--to"),
        ("card", "--to"),
        ("publish", "--version", "1.0.0", "--output"),
        ("retry-failed", "--output"),
        ("audit", "run", "--output"),
        ("audit", "sample", "--output"),
        ("audit", "sample", "--to"),
        ("audit", "score", "answers.json", "--output"),
        ("sample-corpora",),
        ("import",),
        ("benchmark", "add", "x", "--path"),
        ("diff", "a", "b", "--html"),
        ("media", "check", "a", "--save"),
    ],
)
def test_commands_that_need_this_machine_say_so(
    omnireward: Call, far: Path, in_tmp: Path, command: tuple[str, ...]
) -> None:
    done = omnireward(*command, FAR)
    assert done.returncode == 2
    assert f"{FAR}: this command needs a file or folder of this machine" in one_line(done)
    assert not list(in_tmp.iterdir())
