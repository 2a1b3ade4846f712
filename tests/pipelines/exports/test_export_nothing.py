"""Exports of subsets and rows that a format has no form for: no empty files, and all counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from made_dataset import make_row, make_rows, write_dataset
from typer.testing import CliRunner, Result

from pipelines.cli import app
from pipelines.dataset.dataset import Dataset
from pipelines.exporting import export
from transforms.beamkit.errors import BuildError
from transforms.writing.exports.registry import FORMATS

SKYWORK, VIDEOS = "Skywork-Reward-Preference", "VideoDPO"


def frames_only(count: int = 2) -> list[dict[str, object]]:
    """Rows whose clips are frames: those of even number."""
    return make_rows(VIDEOS, range(0, 2 * count, 2))


def call(source: Path, to: Path, form: str, *more: str) -> Result:
    return CliRunner().invoke(
        app, ["export", form, "-o", str(source), "--to", str(to), *more], env={"COLUMNS": "300"}
    )


def test_no_file_and_no_config_is_written_for_a_part_without_a_row(tmp_path: Path) -> None:
    rows = {SKYWORK: make_rows(SKYWORK, range(3)), VIDEOS: frames_only()}
    source, out = write_dataset(tmp_path / "built", rows), tmp_path / "out"
    done = export(Dataset.open(str(source)), FORMATS["omnirewardbench"], str(out))
    assert [path.parent.name for path in out.rglob("*.parquet")] == ["text_to_text"]
    head = yaml.safe_load((out / "README.md").read_text().split("---\n")[1])
    assert [one["config_name"] for one in head["configs"]] == ["text_to_text"]
    said = json.loads((out / "export.json").read_text())["subsets"][VIDEOS]["train"]
    assert (said["in"], said["out"], said["files"]) == (2, 0, [])
    assert done.remarks == (
        f"{VIDEOS}: clips that are there as frames only have no form in omnirewardbench (2 rows)",
    )
    assert done.remarks[0] in (out / "README.md").read_text().replace("\n", " ")


@pytest.mark.parametrize("form", ["llamafactory", "trl", "omnirewardbench"])
def test_rows_that_are_gone_leave_no_file_of_a_former_export(tmp_path: Path, form: str) -> None:
    source = write_dataset(tmp_path / "built", {SKYWORK: make_rows(SKYWORK, range(2))})
    out = tmp_path / "out"
    export(Dataset.open(str(source)), FORMATS[form], str(out))
    lost = [make_row(SKYWORK, at, preference=None) for at in range(2)]
    source = write_dataset(tmp_path / "now", {SKYWORK: lost})
    (part,) = export(Dataset.open(str(source)), FORMATS[form], str(out)).parts
    assert (part.rows_in, part.rows_out, part.files) == (2, 0, [])
    described = {"dataset_info.json"} if form == "llamafactory" else {"README.md"}
    left = {path.name for path in out.rglob("*") if path.is_file()}
    assert left == {"export.json", *described}
    if form == "llamafactory":
        assert json.loads((out / "dataset_info.json").read_text()) == {}


def test_subsets_without_a_form_alone_are_an_error_that_names_the_tasks(tmp_path: Path) -> None:
    source = write_dataset(tmp_path / "built", {"HPDv2": make_rows("HPDv2", range(2))})
    with pytest.raises(BuildError) as error:
        export(Dataset.open(str(source)), FORMATS["trl"], str(tmp_path / "out"))
    assert str(error.value) == (
        "trl has no form for HPDv2 (text to image); it takes text to text, text and image to "
        "text, text and video to text"
    )
    assert not (tmp_path / "out").exists()
    assert isinstance(call(source, tmp_path / "out", "trl").exception, BuildError)


def test_an_export_of_no_row_at_all_is_no_success(tmp_path: Path) -> None:
    source = write_dataset(tmp_path / "built", {VIDEOS: frames_only()})
    done = call(source, tmp_path / "out", "omnirewardbench")
    assert done.exit_code == 4
    assert "0 rows of 2" in done.stdout
    assert "no row was exported" in done.stderr


def test_rows_of_tasks_without_a_form_are_counted(tmp_path: Path) -> None:
    rows = {
        SKYWORK: [make_row(SKYWORK, 0), make_row(SKYWORK, 1, preference="tie")],
        "HPDv2": make_rows("HPDv2", range(5)),
        VIDEOS: make_rows(VIDEOS, range(1, 13, 2)),
    }
    source, out = write_dataset(tmp_path / "built", rows), tmp_path / "out"
    done = call(source, out, "trl")
    assert done.exit_code == 0, done.output
    assert "1 row of 13; left out: tie 1" in done.stdout
    assert (
        "11 rows of tasks that trl has no form for: text to image (HPDv2 5), text to video "
        "(VideoDPO 6)" in done.stdout
    )
    said = json.loads((out / "export.json").read_text())
    assert said["rows"] == {"in": 13, "out": 1, "dropped": 1, "without_form": 11}
    assert said["left_out_rows"] == {"HPDv2": 5, VIDEOS: 6}


def test_absolute_paths_are_told(tmp_path: Path) -> None:
    source = write_dataset(tmp_path / "built", {"Edits": make_rows("Edits", range(2))})
    sentence = (
        "Edits: paths of pictures are absolute, as the trainer joins no folder to them; "
        "if you move the folder, export again"
    )
    done = call(source, tmp_path / "out", "llamafactory")
    assert sentence in done.stdout
    said = json.loads((tmp_path / "out" / "export.json").read_text())
    assert said["remarks"] == [sentence]
    assert call(source, tmp_path / "bench", "omnirewardbench").stdout.count("are absolute") == 0
