"""Names with brackets are told as they are: a terminal's markup is ours, not that of names."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from made_dataset import make_row
from rich.console import Console
from sample_build import Built

from pipelines.diff.result import DatasetDiff, SubsetDiff
from pipelines.diff.view import diff_view
from pipelines.display import left_out_table, pair_view
from schemas.pair import PAIR_SCHEMA

Call = Callable[..., "subprocess.CompletedProcess[str]"]

#: As a path it has a folder ``[``; as markup it would end a style, and begin another.
NAME = "[/a] [b]"


@pytest.fixture(scope="module")
def folder(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that holds a built dataset of such a name."""
    top = tmp_path_factory.mktemp("markup")
    shutil.copytree(built.output, top / NAME, ignore=shutil.ignore_patterns("media"))
    return top


def shown(what: object) -> str:
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(what)
    return console.export_text()


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("card",), f"Look at {NAME}/.work/cards/README.md"),
        (("report", "--pairs", 0), f"wrote {NAME}/quality/report.html"),
        (("audit", "run", "--sample", 0), "of a part: not written"),
        (("audit", "sample", "--rows", 1, "--to", f"{NAME}/s.html"), f"wrote {NAME}/s.html"),
        (("show", "-n", 1, "-s", "HPDv2", "--save-media", f"{NAME}/m"), f"wrote {NAME}/m/"),
        (("export", "trl", "--to", f"{NAME}/trl"), f"{NAME}/trl: "),
    ],
)
def test_paths_are_told_as_they_are(
    omnireward: Call, folder: Path, command: tuple[object, ...], told: str
) -> None:
    done = omnireward(*command, "--output", NAME, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert told in done.stdout


def test_a_recipe_too(omnireward: Call, folder: Path) -> None:
    done = omnireward(
        "sample-corpora", f"{NAME}/c", "--corpus", "skywork", "--scale", 0.0001,
        "--no-copies", "--no-published", cwd=folder,
    )  # fmt: skip
    assert f"Sample corpora in {NAME}/c" in done.stdout
    recipe = f"{NAME}/c/beam_config.yaml"
    assert f"omnireward build --recipe {recipe}" in done.stdout
    done = omnireward("recipe", "check", "--recipe", recipe, cwd=folder)
    assert done.stdout.startswith(f"{recipe}: good.")


def test_names_in_tables_and_frames() -> None:
    models = {"response_a_model": "chat[/INST]", "response_b_model": "x[bold]"}
    row = dict.fromkeys(PAIR_SCHEMA.names) | make_row("Skywork-Reward-Preference", 1, **models)
    text = shown(pair_view(row))
    assert "chat[/INST]" in text
    assert "x[bold]" in text
    assert "under [/x] [y]" in shown(left_out_table({"A": "its corpus is under [/x] [y]"}))
    other = SubsetDiff("A", files_before=1, files_after=1, rows_before=1, added=1)
    assert f"{NAME} → {NAME}" in shown(diff_view(DatasetDiff(NAME, NAME, (other,))))
