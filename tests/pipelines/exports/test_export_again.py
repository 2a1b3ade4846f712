"""Exporting anew into a folder that holds an export: what is gone from the dataset goes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_dataset import make_row, make_rows, write_dataset

from pipelines.dataset.dataset import Dataset
from pipelines.exporting import export
from transforms.writing.exports.registry import FORMATS

FORM = FORMATS["llamafactory"]


@pytest.fixture
def with_validation(tmp_path: Path) -> Path:
    """A dataset of two subsets, one of which has two splits."""
    rows = {"HPDv2": make_rows("HPDv2", range(6)), "EvalMuse": make_rows("EvalMuse", range(2))}
    source = write_dataset(tmp_path / "built", rows)
    write_dataset(source, {"HPDv2": make_rows("HPDv2", range(6, 9))}, split="validation")
    (source / "run_record.json").unlink()
    return source


def without_validation(source: Path) -> Dataset:
    (shard,) = (source / "data" / "HPDv2").glob("validation-*")
    shard.unlink()
    return Dataset.open(str(source))


def test_a_split_that_is_gone_is_exported_no_longer(with_validation: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(Dataset.open(str(with_validation)), FORM, str(out))
    (out / "mine.json").write_text("{}")
    assert (out / "hpdv2_validation.json").is_file()
    export(without_validation(with_validation), FORM, str(out), ["HPDv2"])
    assert sorted(path.name for path in out.glob("*.json")) == [
        "dataset_info.json", "evalmuse.json", "export.json", "hpdv2.json", "mine.json",
    ]  # fmt: skip
    info = json.loads((out / "dataset_info.json").read_text())
    assert set(info) == {"evalmuse", "hpdv2"}
    said = json.loads((out / "export.json").read_text())
    assert {name: list(splits) for name, splits in said["subsets"].items()} == {
        "EvalMuse": ["train"], "HPDv2": ["train"],
    }  # fmt: skip


def test_counts_are_of_all_that_the_folder_holds(tmp_path: Path) -> None:
    """Not of the last export alone: `in = out + dropped + without_form` over all its subsets."""
    rows = {
        "RLAIF-V": [*make_rows("RLAIF-V", range(3)), make_row("RLAIF-V", 3, preference="tie")],
        "HPDv2": make_rows("HPDv2", range(5)),
        "Omni-RLAIF-V": make_rows("Omni-RLAIF-V", range(2)),
    }
    dataset = Dataset.open(str(write_dataset(tmp_path / "built", rows)))
    out = tmp_path / "out"
    whole = export(dataset, FORMATS["trl"], str(out))
    before = json.loads((out / "export.json").read_text())
    assert before["rows"] == {"in": 11, "out": 5, "dropped": 1, "without_form": 5}
    assert before["rows"] == whole.rows
    again = export(dataset, FORMATS["trl"], str(out), ["Omni-RLAIF-V"])
    assert again.rows == {"in": 2, "out": 2, "dropped": 0, "without_form": 0}
    after = json.loads((out / "export.json").read_text())
    assert {key: after[key] for key in before if key != "subsets"} == {
        key: before[key] for key in before if key != "subsets"
    }
    assert after["subsets"] == before["subsets"]
    assert after["left_out_rows"] == {"HPDv2": 5}


@pytest.mark.parametrize(
    ("form", "left"),
    [("omnirewardbench", {"EvalMuse-train", "HPDv2-train"}), ("trl", {"train"})],
)
def test_in_parquet_too(with_validation: Path, tmp_path: Path, form: str, left: set[str]) -> None:
    with_text = make_rows("RLAIF-V", range(3))
    write_dataset(with_validation, {"RLAIF-V": with_text})
    write_dataset(with_validation, {"RLAIF-V": with_text}, split="validation")
    (with_validation / "run_record.json").unlink()
    out = tmp_path / "out"
    export(Dataset.open(str(with_validation)), FORMATS[form], str(out))
    before = {path.name.removesuffix("-00000.parquet") for path in out.rglob("*.parquet")}
    assert any("validation" in name for name in before)
    (shard,) = (with_validation / "data" / "RLAIF-V").glob("validation-*")
    shard.unlink()
    export(without_validation(with_validation), FORMATS[form], str(out))
    after = {path.name.removesuffix("-00000.parquet") for path in out.rglob("*.parquet")}
    assert left <= after
    assert not any("validation" in name for name in after)
    assert "validation" not in (out / "README.md").read_text()


def test_a_subset_of_another_task_leaves_nothing_of_the_former_behind(tmp_path: Path) -> None:
    write_dataset(tmp_path / "built", {"RLAIF-V": make_rows("RLAIF-V", range(2))})
    trl, out = FORMATS["trl"], tmp_path / "trl"
    export(Dataset.open(str(tmp_path / "built")), trl, str(out))
    now = [row | {"subset": "RLAIF-V"} for row in make_rows("HPDv2", range(2))]
    source = write_dataset(tmp_path / "now", {"HPDv2": now})
    (source / "data" / "HPDv2").rename(source / "data" / "RLAIF-V")
    (source / "run_record.json").unlink()
    done = export(Dataset.open(str(source)), trl, str(out))
    assert done.left_out == {"RLAIF-V": "trl has no form for text to image"}
    assert not list(out.rglob("*.parquet"))
    assert json.loads((out / "export.json").read_text())["subsets"] == {}


@pytest.mark.parametrize("file", ["../mine.json", "/mine.json", "a/../../mine.json", "c:\\x", ""])
def test_a_list_of_files_that_leads_elsewhere_removes_nothing(tmp_path: Path, file: str) -> None:
    source = str(write_dataset(tmp_path / "built", {"HPDv2": make_rows("HPDv2", range(2))}))
    export(Dataset.open(source), FORM, str(tmp_path / "out"))
    (tmp_path / "mine.json").write_text("{}")
    listed = tmp_path / "out" / "export.json"
    said = json.loads(listed.read_text())
    said["subsets"]["HPDv2"]["validation"] = {"files": [file]}
    listed.write_text(json.dumps(said))
    export(Dataset.open(source), FORM, str(tmp_path / "out"))
    assert (tmp_path / "mine.json").is_file()
