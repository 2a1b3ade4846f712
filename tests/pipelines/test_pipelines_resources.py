"""Nothing is written beside the recipe that comes with an installed package."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from sample_build import Sample

from pipelines import resources

Call = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def installed(sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an installed package with its recipe; the user stands in an empty folder."""
    package = tmp_path / "site-packages" / "pipelines"
    (package / "_shipped").mkdir(parents=True)
    shutil.copy(sample.recipe_file, package / "_shipped" / "beam_config.yaml")
    monkeypatch.setattr(resources, "_HERE", package)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return package / "_shipped"


@pytest.mark.parametrize(
    ("command", "what"),
    [(("sources", "lock"), "no lock"), (("benchmark", "add", "mine"), "no fingerprint")],
)
def test_what_would_be_laid_beside_it_is_refused(
    omnireward: Call, installed: Path, command: tuple[str, ...], what: str
) -> None:
    done = omnireward(*command)
    assert done.returncode == 3
    (line,) = done.stderr.strip().splitlines()
    assert f"came with the installation, so {what} is laid beside it" in line
    assert f"cp {installed / 'beam_config.yaml'} ." in line
    assert [path.name for path in installed.iterdir()] == ["beam_config.yaml"]


def test_another_folder_may_be_named(omnireward: Call, installed: Path, tmp_path: Path) -> None:
    rows = tmp_path / "bench.jsonl"
    rows.write_text('{"prompt": "Which harbour is that?", "response": "The old one."}\n' * 2)
    columns = ("--prompt", "prompt", "--response", "response")
    done = omnireward("benchmark", "add", "mine", "--path", rows, *columns, "--output", "prints")
    assert done.returncode == 0, done.stderr
    assert [path.name for path in Path("prints").iterdir()] == ["mine.fingerprint.parquet"]
    listed = omnireward("benchmark", "list")
    assert listed.returncode == 0, listed.stderr
    assert [path.name for path in installed.iterdir()] == ["beam_config.yaml"]
