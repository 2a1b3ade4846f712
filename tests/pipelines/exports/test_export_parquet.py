"""The exports that are Parquet: TRL's preference format, and the columns of Omni-RewardBench."""

from __future__ import annotations

import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from made_dataset import OTHERS, PAPER, Row, make_row, make_rows, medium, picture, write_dataset
from PIL import Image
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.dataset.dataset import Dataset
from pipelines.exporting import Exported, export
from transforms.writing.exports import parquet_files
from transforms.writing.exports.format import Options
from transforms.writing.exports.registry import FORMATS

TRL, BENCH = FORMATS["trl"], FORMATS["omnirewardbench"]
SKYWORK, OMNI, RLAIF = "Skywork-Reward-Preference", "Omni-RLAIF-V", "RLAIF-V"


def exported(form: Any, rows: dict[str, list[Row]], folder: Path, **how: Any) -> Exported:
    source = write_dataset(folder / "built", rows)
    return export(Dataset.open(str(source)), form, str(folder / "out"), None, Options(**how))


def rows_of(folder: Path, pattern: str) -> list[dict[str, Any]]:
    return [row for path in sorted(folder.glob(pattern)) for row in pq.read_table(path).to_pylist()]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parquet")
    rows = {subset: make_rows(subset, range(6)) for subset in PAPER | OTHERS}
    source = Dataset.open(str(write_dataset(folder / "built", rows)))
    for form in (TRL, BENCH):
        export(source, form, str(folder / form.name))
    return folder


IMAGE = {"type": "image", "text": None}


def text(said: str) -> dict[str, str]:
    return {"type": "text", "text": said}


def in_form(task: str, turns: list[dict[str, Any]], pictures: int) -> list[dict[str, Any]]:
    """Turns as they are exported: in parts where there are pictures, before the first user turn."""
    if task == "t2t":
        return turns
    first = next((at for at, turn in enumerate(turns) if turn["role"] == "user"), None)
    return [
        {**turn, "content": [*[IMAGE] * (pictures if at == first else 0), text(turn["content"])]}
        for at, turn in enumerate(turns)
    ]


@pytest.mark.parametrize("subset", [SKYWORK, "Omni-UltraFeedback", RLAIF, OMNI, "Clips"])
def test_trl_rows_are_conversations_with_the_criterion_as_system_turn(
    whole: Path, subset: str
) -> None:
    found = rows_of(whole / "trl", f"data/{subset}/train-*.parquet")
    given = sorted(make_rows(subset, range(6)), key=lambda row: row["row_id"])
    assert len(found) == 6
    for row, source in zip(found, given, strict=True):
        criterion = source.get("criterion")
        system = [{"role": "system", "content": criterion}] if criterion else []
        pictures = source.get("prompt_images") or source.get("prompt_frames") or []
        task = (PAPER | OTHERS)[subset][0]
        assert row["prompt"] == in_form(task, [*system, *source["prompt"]], len(pictures))
        won, lost = source["preference"], {"a": "b", "b": "a"}[source["preference"]]
        for name, side in (("chosen", won), ("rejected", lost)):
            answer = {"role": "assistant", "content": source[f"response_{side}_text"]}
            assert row[name] == in_form(task, [answer], 0)
        if task == "t2t":
            assert set(row) == {"prompt", "chosen", "rejected"}
        else:
            assert [one["bytes"] for one in row["images"]] == [one["bytes"] for one in pictures]


def test_trl_leaves_out_whole_subsets_that_it_has_no_form_for(whole: Path) -> None:
    said = json.loads((whole / "trl" / "export.json").read_text())
    assert said["left_out"]["HPDv2"] == "trl has no form for text to image"
    assert set(said["subsets"]) | set(said["left_out"]) == set(PAPER | OTHERS)
    assert not set(said["subsets"]) & set(said["left_out"])


def test_trl_with_the_prompt_inside_has_it_on_both_sides(tmp_path: Path) -> None:
    turns = [
        {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"},
        {"role": "user", "content": "Hm?"},
    ]  # fmt: skip
    rows = {"Omni-UltraFeedback": [make_row("Omni-UltraFeedback", 0, prompt=turns)]}
    exported(TRL, rows, tmp_path, implicit_prompt=True)
    (row,) = rows_of(tmp_path / "out", "data/*/*.parquet")
    assert set(row) == {"chosen", "rejected"}
    assert row["chosen"][:-1] == row["rejected"][:-1]
    assert [turn["role"] for turn in row["chosen"]] == [
        "system", "user", "assistant", "user", "assistant",
    ]  # fmt: skip


def test_trl_keeps_a_system_turn_unless_the_criterion_needs_its_place(tmp_path: Path) -> None:
    told = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    rows = {
        SKYWORK: [make_row(SKYWORK, 0, prompt=told)],
        "Omni-UltraFeedback": [make_row("Omni-UltraFeedback", 0, prompt=told, criterion="C")],
    }
    done = exported(TRL, rows, tmp_path)
    (general,), (instruction,) = (
        rows_of(tmp_path / "out", f"data/{subset}/*.parquet") for subset in rows
    )
    assert general["prompt"] == told
    assert instruction["prompt"] == [
        {"role": "system", "content": "C"}, {"role": "user", "content": "Be brief.\n\nHi"},
    ]  # fmt: skip
    assert [dict(one.notes) for one in done.parts] == [{}, {"system_turn_folded": 1}]


def test_trl_puts_pictures_where_they_stand_and_escapes_what_is_only_said(tmp_path: Path) -> None:
    shown = [medium(picture(at), "png") for at in range(2)]
    said = [{"role": "user", "content": "<image>\nIs it like <image>? An <image> tag, <audio>"}]
    rows = {
        OMNI: [
            make_row(
                OMNI, 0, prompt=said, prompt_images=shown, criterion="Says <image>",
                preference="a", response_a_text="An <image>", response_b_text="A <video>",
            )
        ]
    }  # fmt: skip
    (part,) = exported(TRL, rows, tmp_path).parts
    assert dict(part.notes) == {"placeholder_escaped": 1}
    (row,) = rows_of(tmp_path / "out", "data/*/*.parquet")
    asked = [IMAGE, text("Is it like "), IMAGE, text("? An < image > tag, < audio >")]
    assert row["prompt"] == [
        {"role": "system", "content": [text("Says < image >")]},
        {"role": "user", "content": asked},
    ]
    assert row["chosen"] == [{"role": "assistant", "content": [text("An < image >")]}]
    assert row["rejected"] == [{"role": "assistant", "content": [text("A < video >")]}]
    assert [one["bytes"] for one in row["images"]] == [one["bytes"] for one in shown]


def test_trl_escapes_in_rows_without_pictures_too(tmp_path: Path) -> None:
    said = [{"role": "user", "content": "What is <image>?"}]
    rows = {SKYWORK: [make_row(SKYWORK, 0, prompt=said, preference="a", response_a_text="<video>")]}
    (part,) = exported(TRL, rows, tmp_path).parts
    assert dict(part.notes) == {"placeholder_escaped": 1}
    (row,) = rows_of(tmp_path / "out", "data/*/*.parquet")
    assert row["prompt"] == [{"role": "user", "content": "What is < image >?"}]
    assert row["chosen"] == [{"role": "assistant", "content": "< video >"}]


def test_trl_drops_ties_and_counts_them(tmp_path: Path) -> None:
    labels = ("a", "tie", "b") * 3
    rows = {SKYWORK: [make_row(SKYWORK, at, preference=one) for at, one in enumerate(labels)]}
    (part,) = exported(TRL, rows, tmp_path).parts
    assert (part.rows_in, part.rows_out, dict(part.dropped)) == (9, 6, {"tie": 3})


def test_large_parts_are_cut_into_files_and_a_smaller_export_leaves_none_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_files, "_GROUP_ROWS", 4)
    monkeypatch.setattr(parquet_files, "_FILE_BYTES", 1)
    (part,) = exported(TRL, {RLAIF: make_rows(RLAIF, range(10))}, tmp_path).parts
    assert part.files == [f"data/{RLAIF}/train-{at:05d}.parquet" for at in range(3)]
    before = rows_of(tmp_path / "out", "data/*/*.parquet")
    assert len(before) == 10
    exported(TRL, {RLAIF: make_rows(RLAIF, range(3))}, tmp_path)
    assert [path.name for path in tmp_path.glob("out/data/*/*")] == ["train-00000.parquet"]


def test_the_same_dataset_gives_the_same_bytes(tmp_path: Path) -> None:
    kept = []
    for name in ("first", "second"):
        rows = {RLAIF: make_rows(RLAIF, range(5)), "HPDv2": make_rows("HPDv2", range(5))}
        source = Dataset.open(str(write_dataset(tmp_path / name, rows)))
        for form in (TRL, BENCH):
            export(source, form, str(tmp_path / name / form.name))
        kept.append(
            {
                str(path.relative_to(tmp_path / name)): path.read_bytes()
                for form in (TRL, BENCH)
                for path in (tmp_path / name / form.name).rglob("*")
                if path.is_file()
            }
        )
    assert kept[0] == kept[1]


def test_datasets_loads_both_by_name_with_pictures(whole: Path, tmp_path: Path) -> None:
    from datasets import load_dataset

    cache = str(tmp_path)
    pairs = load_dataset(str(whole / "trl"), OMNI, split="train", cache_dir=cache)
    assert pairs.column_names == ["prompt", "chosen", "rejected", "images"]
    assert pairs[0]["images"][0].size == (8, 8)
    bench = load_dataset(str(whole / "omnirewardbench"), "text_to_image", split="test",
                         cache_dir=cache)  # fmt: skip
    assert len(bench) == 24
    assert bench[0]["response1"].size == (8, 8)


_BENCH = {
    "t2t": ("text_to_text", set()),
    "ti2t": ("text_image_to_text", {"image", "image_path"}),
    "ta2t": ("text_audio_to_text", {"audio", "audio_path"}),
    "t2i": ("text_to_image", {"response1_path", "response2_path"}),
    "t2v": ("text_to_video", {"response1_path", "response2_path"}),
    "t2a": ("text_to_audio", {"response1_path", "response2_path"}),
    "t23d": ("text_to_3D", {"response1_path", "response2_path"}),
    "ti2i": ("text_image_to_image", {"image", "image_path", "response1_path", "response2_path"}),
}


@pytest.mark.parametrize("task", _BENCH)
def test_bench_rows_have_the_columns_of_their_task(whole: Path, task: str) -> None:
    config, own = _BENCH[task]
    folder = whole / "omnirewardbench"
    found = rows_of(folder, f"{config}/*.parquet")
    given = {
        row["row_id"]: row
        for subset, (name, _) in (PAPER | OTHERS).items()
        if name == task
        for row in make_rows(subset, range(6))
    }
    assert found
    for row in found:
        source = given[row["id"]]
        assert set(row) == own | {
            "id", "prompt", "response1", "response2", "model1", "model2", "criteria",
            "criteria_preference",
        }  # fmt: skip
        assert row["prompt"] == source["prompt"][0]["content"]
        assert row["criteria"] == source.get("criterion")
        won = {"a": "response1", "b": "response2"}[source["preference"]]
        assert row["criteria_preference"] == won
        for name in own:
            assert (folder / row[name]).is_file() if name.endswith("_path") else row[name]
        if task in ("t2t", "ti2t", "ta2t"):
            assert row["response1"] == source["response_a_text"]
        if task == "t2i":
            assert row["response2"]["bytes"] == source["response_b_image"]["bytes"]
            Image.open(io.BytesIO((folder / row["response2_path"]).read_bytes())).load()
        if task == "t2v":
            assert row["response1"] == row["response1_path"]


def test_bench_keeps_ties_and_leaves_out_what_has_no_column(tmp_path: Path) -> None:
    turn = {"role": "user", "content": "?"}
    two = [medium(picture(at), "png") for at in range(2)]
    rows = {
        RLAIF: [
            make_row(RLAIF, 0, preference="tie"),
            make_row(RLAIF, 1, prompt=[turn, {"role": "assistant", "content": "!"}, turn]),
            make_row(RLAIF, 2, prompt_images=two),
            make_row(RLAIF, 3, preference=None),
        ],
        "Clips": make_rows("Clips", range(2)),
    }
    done = exported(BENCH, rows, tmp_path)
    assert {one.part.subset: dict(one.dropped) for one in done.parts} == {
        RLAIF: {"several_turns": 1, "several_prompt_images": 1, "no_preference": 1},
        "Clips": {"no_prompt_videos": 2},
    }
    (row,) = rows_of(tmp_path / "out", "text_image_to_text/*.parquet")
    assert row["criteria_preference"] == "tie"


def test_bench_positions_are_those_of_the_dataset(whole: Path) -> None:
    found = rows_of(whole / "omnirewardbench", "text_to_text/*.parquet")
    assert Counter(row["criteria_preference"] for row in found) == {"response1": 9, "response2": 9}


def test_the_command_prints_counts_and_refuses_unknown_formats(tmp_path: Path) -> None:
    source = write_dataset(tmp_path / "built", {SKYWORK: make_rows(SKYWORK, range(4))})
    call, to = CliRunner().invoke, str(tmp_path / "out")
    done = call(app, ["export", "llamafactory", "-o", str(source), "--to", to])
    assert done.exit_code == 0, done.output
    assert "out: 4 rows of 4" in done.stdout.replace("\n", "")
    done = call(
        app, ["export", "--format", "llamafactory", "-o", str(source), "--to", to, "--json"]
    )
    assert json.loads(done.stdout)["subsets"][SKYWORK]["train"]["out"] == 4
    for wrong in (["verl"], [], ["trl", "--format", "llamafactory"]):
        done = call(app, ["export", *wrong, "-o", str(source), "--to", to])
        assert done.exit_code == 2
        assert "llamafactory, trl, omnirewardbench" in done.output
    done = call(app, ["export", "trl", "-o", str(source), "--to", str(source / "run_record.json")])
    assert done.exit_code == 3
