"""Cards of a real build of the sample corpora, and the command that writes them."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.dataset as pads
import pytest
import yaml
from sample_build import Built
from typer.testing import CliRunner

from pipelines.cards import render_card
from pipelines.cards.fields import columns_of, example_of
from pipelines.cli import app
from pipelines.commands.card import card
from pipelines.recipe import load_recipe
from schemas.pair import MEDIA_FEATURES, PAIR_SCHEMA
from transforms.beamkit.errors import BuildError

Call = Callable[..., "subprocess.CompletedProcess[str]"]


def examples(text: str) -> list[dict[str, Any]]:
    """The example rows of a card."""
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)\n```", text, re.DOTALL)]


def without_bytes(row: dict[str, Any]) -> dict[str, Any]:
    """A row with the media's bytes taken out."""

    def bare(value: Any) -> Any:
        if isinstance(value, list):
            return [bare(one) for one in value]
        return {**value, "bytes": None} if isinstance(value, dict) else value

    return {
        name: bare(value)
        if name.removeprefix("response_a_").removeprefix("response_b_") in MEDIA_FEATURES
        else value
        for name, value in row.items()
    }


def check(output: Path, cards: dict[str, bytes]) -> None:
    """The example of each card is a row of its subset; counts and globs are those of the files."""
    told = yaml.safe_load(cards["README.md"].decode().split("---\n", 2)[1])
    configs = {one["config_name"]: one["data_files"] for one in told["configs"]}
    assert examples(cards["README.md"].decode())
    for path, data in cards.items():
        if not path.startswith("cards/"):
            continue
        name = Path(path).stem
        files = [file for one in configs[name] for file in output.glob(one["path"])]
        assert files == list((output / "data" / name).iterdir())
        text = data.decode()
        (example,) = examples(text)
        wanted = pads.field("row_id") == example["row_id"]
        others = [name for name in PAIR_SCHEMA.names if name not in columns_of(example["task"])]
        for column in pads.dataset(files).to_table(columns=others).columns:
            assert not any(column.to_pylist()), "a column that Croissant does not name is filled"
        (row,) = pads.dataset(files).to_table(filter=wanted).to_pylist()
        assert example == json.loads(json.dumps(example_of(without_bytes(row))))
        rows = sum(file.count_rows() for file in pads.dataset(files).get_fragments())
        assert f"| rows | {rows:,} |" in text


def test_cards_of_the_sample_build(built: Built) -> None:
    cards = render_card(built.output, None, "ada/sample", "1.0.0")
    check(built.output, cards)
    assert "labels" not in cards["README.md"].decode().split("---\n", 2)[1]
    assert "no instruction subset" in cards["README.md"].decode()


def test_the_command_writes_them(built: Built, tmp_path: Path) -> None:
    arguments = ("card", "--output", built.output, "--version", "1.0.0", "--repo", "ada/sample",
                 "--to", tmp_path / "cards")  # fmt: skip
    done = CliRunner().invoke(app, [*map(str, arguments)])
    assert done.exit_code == 0, done.output
    assert "wrote 8 files" in done.output
    cards = render_card(built.output, None, "ada/sample", "1.0.0")
    written = {
        str(path.relative_to(tmp_path / "cards")): path.read_bytes()
        for path in (tmp_path / "cards").rglob("*")
        if path.is_file()
    }
    assert written == cards


@pytest.mark.parametrize(
    ("given", "message"),
    [({"version": "1"}, "three numbers"), ({"repo": "x"}, "write it as ORG/NAME")],
)
def test_a_wrong_name_is_wrong_usage(
    given: dict[str, str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        card(tmp_path, **{"version": "1.0.0", "repo": "a/b", **given})
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_a_folder_without_a_dataset_is_a_wrong_input(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="no dataset here; build it with: omnireward build"):
        card(str(tmp_path), version="1.0.0", repo="a/b")


#: One subset of each task, and one with measured criteria.
EVERY_TASK = (
    "Skywork-Reward-Preference", "RLAIF-V", "ShareGPTVideo-DPO", "Align-Anything-TA2T", "HPDv2",
    "VideoDPO", "Audio-Alpaca", "3DGen-Bench", "EditReward-Data", "Measured-T2I",
)  # fmt: skip


@pytest.mark.full
def test_cards_of_every_task_load_as_croissant(omnireward: Call, tmp_path: Path) -> None:
    import mlcroissant

    corpora, output = tmp_path / "corpora", tmp_path / "out"
    commands = (
        ("sample-corpora", corpora, "--scale", "0.002", "--quiet"),
        ("build", "--recipe", corpora / "beam_config.yaml", "--output", output, "--quiet",
         *(part for name in EVERY_TASK for part in ("--subset", name))),
    )  # fmt: skip
    for command in commands:
        done = omnireward(*command)
        assert done.returncode == 0, done.stderr
    recipe = load_recipe(corpora / "beam_config.yaml")
    cards = render_card(output, recipe, "ada/sample", "1.0.0", released="2026-01-02")
    check(output, cards)
    file = tmp_path / "croissant.json"
    file.write_bytes(cards["croissant.json"])
    dataset = mlcroissant.Dataset(str(file), mapping={"repo": str(output)})
    issues = dataset.metadata.ctx.issues
    assert not issues.errors
    assert not issues.warnings
    for name in EVERY_TASK:
        row = next(iter(dataset.records(name)))
        assert row[f"{name}/subset"] == name.encode()
