"""The ranking export follows the ten rules of the authors' trainer, over all thirteen subsets."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path

import llamafactory_rules as rules
import pytest
from made_dataset import (
    OTHERS,
    PAPER,
    Row,
    make_row,
    make_rows,
    medium,
    picture,
    video,
    write_dataset,
)
from sample_build import GENERAL, Built
from served import use

from pipelines.dataset.dataset import Dataset
from pipelines.exporting import Exported, export
from tests.hub_server import HubServer
from transforms.beamkit.errors import BuildError
from transforms.writing.exports.format import Options
from transforms.writing.exports.llamafactory_names import NAMES, names_of
from transforms.writing.exports.registry import FORMATS

FORM = FORMATS["llamafactory"]
ROWS = 12


def exported(rows: dict[str, list[Row]], folder: Path, shards: int = 1, **how: int) -> Exported:
    source = write_dataset(folder / "built", rows, shards=shards)
    return export(Dataset.open(str(source)), FORM, str(folder / "out"), None, Options(**how))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    exported({subset: make_rows(subset, range(ROWS)) for subset in PAPER | OTHERS}, folder)
    return folder / "out"


@pytest.mark.parametrize("subset", PAPER | OTHERS)
def test_every_subset_follows_the_rules_and_keeps_criterion_prompt_and_label(
    whole: Path, subset: str
) -> None:
    task, kind = (PAPER | OTHERS)[subset]
    found = rules.read(whole, names_of(subset).key)
    source = sorted(make_rows(subset, range(ROWS)), key=lambda row: row["row_id"])
    assert len(found) == len(source) == ROWS
    for row, given in zip(found, source, strict=True):
        assert row.system == (given.get("criterion") or "")
        assert bool(row.system) == (kind == "instruction")
        won, lost = given["preference"], {"a": "b", "b": "a"}[given["preference"]]
        asked = given["prompt"][0]["content"]
        if task in ("t2t", "ti2t", "tv2t", "ta2t"):
            assert row.chosen == given[f"response_{won}_text"]
            assert row.rejected == given[f"response_{lost}_text"]
            assert row.turns[-1][1].split("\n")[-1] == asked
            assert row.shared
        else:
            assert (row.chosen, row.rejected) == (asked, asked)
            assert row.turns[-1][1].replace("<image>", "").replace("<audio>", "") == ""
            assert not row.shared
            for side, paths in zip((won, lost), row.sides, strict=True):
                _check_side(whole, given, side, paths)


def _check_side(folder: Path, row: Row, side: str, paths: list[str]) -> None:
    """The media of a side are those of its response, after those of the prompt if it edits them."""
    for slot in ("image", "audio", "views", "frames"):
        cells = row.get(f"response_{side}_{slot}")
        if cells is not None:
            wanted = [
                *(row.get("prompt_images") or ()),
                *(cells if isinstance(cells, list) else [cells]),
            ]
            assert [(folder / path).read_bytes() for path in paths] == [
                one["bytes"] for one in wanted
            ]
            return
    assert len(paths) == 8  # of a clip of ten frames
    assert all(path.endswith(".jpeg") for path in paths)


def test_a_built_dataset_follows_the_rules(built: Built, tmp_path: Path) -> None:
    done = export(Dataset.open(str(built.output)), FORM, str(tmp_path))
    for one in done.parts:
        assert one.rows_in == built.record["subsets"][one.part.subset]["rows"] > 0
        assert one.rows_in == one.rows_out + sum(one.dropped.values())
        found = rules.read(tmp_path, names_of(one.part.subset).key)
        assert len(found) == one.rows_out
        assert {row.system for row in found} == {""}
        assert all(rules.decodes(tmp_path, path) for path in set(rules.all_media(found)))
    assert {one.part.subset for one in done.parts} == set(GENERAL)


def test_the_keys_are_those_of_the_train_mix(whole: Path) -> None:
    info = json.loads((whole / "dataset_info.json").read_text())
    assert set(rules.TRAIN_MIX) == {NAMES[subset].key for subset in PAPER}
    assert set(rules.TRAIN_MIX) <= set(info)
    assert {name: info["hpdv2"][name] for name in ("file_name", "formatting", "ranking")} == {
        "file_name": "hpdv2.json", "formatting": "sharegpt", "ranking": True,
    }  # fmt: skip
    assert "images" not in info["skywork_reward"]["columns"]


def test_paths_begin_with_the_published_prefixes_and_are_named_by_digest(whole: Path) -> None:
    for subset, prefix in (
        ("Omni-Open-Image-Preferences", "omni_t2i"), ("Omni-HPDv2", "omni_t2i_hpd"),
        ("EvalMuse", "evalmuse"), ("Omni-RLAIF-V", "omni_ti2t"), ("RLAIF-V", "rlaifv"),
        ("OmniAlign-V-DPO", "omnialign"), ("VideoDPO", "videodpo_image"),
        ("VisionRewardDB-Video", "visionrewardv"),
    ):  # fmt: skip
        for path in rules.all_media(rules.read(whole, names_of(subset).key)):
            assert path.startswith(f"{prefix}/")
            digest = hashlib.sha256((whole / path).read_bytes()).hexdigest()
            assert Path(path).stem == digest


def test_all_media_open(whole: Path) -> None:
    for subset in PAPER | OTHERS:
        paths = set(rules.all_media(rules.read(whole, names_of(subset).key)))
        assert all(rules.decodes(whole, path) for path in paths)


def test_counts_are_written_down(whole: Path) -> None:
    said = json.loads((whole / "export.json").read_text())
    assert said["format"] == "llamafactory"
    assert said["left_out"] == {}
    assert said["subsets"]["HPDv2"]["train"] == {
        "task": "t2i", "in": ROWS, "out": ROWS, "dropped": {}, "notes": {}, "files": ["hpdv2.json"],
    }  # fmt: skip


def test_rows_without_a_form_are_left_out_and_counted(tmp_path: Path) -> None:
    shown = [medium(picture(at), "png") for at in range(4)]
    turn = {"role": "user", "content": "?"}
    rows = {
        "RLAIF-V": [
            make_row("RLAIF-V", 0, preference="tie"),
            make_row("RLAIF-V", 1, prompt_images=shown[:2]),
            make_row("RLAIF-V", 2, prompt_images=shown[:3]),
            make_row("RLAIF-V", 3, prompt_images=shown, response_a_text="=", response_b_text="="),
            make_row("RLAIF-V", 4, prompt_images=None),
            make_row("RLAIF-V", 5, response_a_text=""),
            make_row("RLAIF-V", 6, prompt=[turn, turn]),
            make_row("RLAIF-V", 7, prompt=[]),
            make_row("RLAIF-V", 8, prompt_images=[{"bytes": None, "path": "x.png"}]),
            make_row("RLAIF-V", 9, preference=None),
        ],
        "Omni-HPDv2": [
            make_row("Omni-HPDv2", 0, criterion=" "),
            make_row("Omni-HPDv2", 1, response_a_image=None),
            make_row("Omni-HPDv2", 2, prompt=[turn, {"role": "assistant", "content": "!"}, turn]),
            make_row("Omni-HPDv2", 3),
        ],
        "VisionRewardDB-Video": [
            make_row("VisionRewardDB-Video", 1, response_b_video=medium(b"no video", "mp4")),
        ],
    }
    parts = {one.part.subset: one for one in exported(rows, tmp_path).parts}
    assert dict(parts["RLAIF-V"].dropped) == dict.fromkeys(
        (
            "tie", "two_shared_media", "equal_answers", "no_prompt_medium", "empty_response",
            "turns_do_not_alternate", "no_prompt", "medium_without_bytes", "no_preference",
        ), 1,
    )  # fmt: skip
    assert (parts["RLAIF-V"].rows_in, parts["RLAIF-V"].rows_out) == (10, 1)
    assert dict(parts["Omni-HPDv2"].dropped) == {
        "empty_criterion": 1, "no_image": 1, "several_turns": 1,
    }  # fmt: skip
    assert dict(parts["VisionRewardDB-Video"].dropped) == {"unreadable_video": 1}
    for part in parts.values():
        assert part.rows_in == part.rows_out + sum(part.dropped.values())
    (kept,) = rules.read(tmp_path / "out", "rlaifv")
    assert kept.shared
    assert len(kept.sides[0]) == 3
    files = [path for path in (tmp_path / "out" / "rlaifv").rglob("*") if path.is_file()]
    assert len(files) == 3  # no media of rows that were left out


def test_texts_that_would_be_misread_are_escaped_and_counted(tmp_path: Path) -> None:
    asks_of_video = [{"role": "user", "content": "Is it <video>?"}]
    told = [{"role": "system", "content": "Be <audio>."}, {"role": "user", "content": "Hi"}]
    texts = {"criterion": "Say <image>.", "response_a_text": "An <image> tag"}
    rows = {
        "Omni-RLAIF-V": [make_row("Omni-RLAIF-V", 0, prompt=asks_of_video, **texts)],
        "Skywork-Reward-Preference": [make_row("Skywork-Reward-Preference", 0, prompt=told)],
        "HPDv2": [make_row("HPDv2", 0, prompt=[{"role": "user", "content": "An <image>"}])],
    }
    parts = {one.part.subset: one.notes for one in exported(rows, tmp_path).parts}
    assert parts == {
        "Omni-RLAIF-V": {"placeholder_escaped": 1},
        "Skywork-Reward-Preference": {"placeholder_escaped": 1, "system_turn_folded": 1},
        "HPDv2": {"placeholder_escaped": 1},
    }
    (row,) = rules.read(tmp_path / "out", "omni_ti2t_rlaifv")
    assert row.system == "Say < image >."
    assert row.turns == [("human", "<image>\nIs it < video >?")]
    (row,) = rules.read(tmp_path / "out", "skywork_reward")
    assert row.system == ""
    assert row.turns == [("human", "Be < audio >.\n\nHi")]


def test_answers_that_escaping_makes_equal_are_no_halves(tmp_path: Path) -> None:
    shown = [medium(picture(at), "png") for at in range(3)]
    texts = {"response_a_text": "Use <image>", "response_b_text": "Use < image >"}
    rows = {"RLAIF-V": [make_row("RLAIF-V", 0, prompt_images=shown, **texts)]}
    (part,) = exported(rows, tmp_path).parts
    assert (part.rows_out, dict(part.dropped)) == (0, {"equal_answers": 1})
    assert not (tmp_path / "out" / "rlaifv").exists()


def test_placeholders_of_what_a_prompt_shows_are_not_of_its_text(tmp_path: Path) -> None:
    (subset,) = [name for name, (task, _) in (PAPER | OTHERS).items() if task == "ti2i"]
    said = ("<image>\nmake it <image> red", "<image>")
    rows = {
        subset: [
            make_row(subset, at, prompt=[{"role": "user", "content": text}])
            for at, text in enumerate(said)
        ]
    }
    (part,) = exported(rows, tmp_path).parts
    assert dict(part.notes) == {"placeholder_escaped": 1}
    assert dict(part.dropped) == {"no_prompt": 1}
    (row,) = rules.read(tmp_path / "out", names_of(subset).key)
    assert (row.chosen, row.rejected) == ("make it < image > red",) * 2


def test_clips_of_unequal_length_give_as_many_frames_on_each_side(tmp_path: Path) -> None:
    short = [medium(picture(at), "png") for at in range(3)]
    rows = {
        "VideoDPO": [
            make_row("VideoDPO", 0, response_a_frames=short),
            make_row("VideoDPO", 2, response_a_frames=short[:1]),
            make_row("VideoDPO", 1, response_b_video=medium(video(1, frames=2), "mp4")),
        ]
    }
    exported(rows, tmp_path, frames=5)
    found = rules.read(tmp_path / "out", "videodpo")
    assert Counter(len(row.sides[0]) for row in found) == {1: 1, 2: 1, 3: 1}
    assert all(len(row.sides[0]) == len(row.sides[1]) for row in found)


def test_the_same_dataset_gives_the_same_bytes(tmp_path: Path) -> None:
    rows = {subset: make_rows(subset, range(10)) for subset in ("HPDv2", "VisionRewardDB-Video")}
    for name in ("first", "second"):
        exported(rows, tmp_path / name)
    first, second = (
        {
            str(path.relative_to(tmp_path / name / "out")): path.read_bytes()
            for path in (tmp_path / name / "out").rglob("*")
            if path.is_file()
        }
        for name in ("first", "second")
    )
    assert first == second
    assert len(first) > 30


def test_a_version_on_the_hub_is_exported_as_the_folder_it_was_made_from(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rows = {subset: make_rows(subset, range(4)) for subset in ("HPDv2", "Omni-RLAIF-V")}
    exported(rows, tmp_path)
    with HubServer() as server:
        use(server, monkeypatch, tmp_path / "home")
        server.store.create("ada/pairs")
        commit = server.store.commit_folder("ada/pairs", tmp_path / "built")
        server.store.tag("ada/pairs", "v1.0.0", commit)
        export(Dataset.open("ada/pairs@v1.0.0"), FORM, str(tmp_path / "hub"))
    for name in ("hpdv2.json", "omni_ti2t_rlaifv.json", "dataset_info.json", "export.json"):
        assert (tmp_path / "hub" / name).read_bytes() == (tmp_path / "out" / name).read_bytes()
    assert len(rules.read(tmp_path / "hub", "hpdv2")) == 4


def test_entries_of_others_in_dataset_info_stay(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "dataset_info.json").write_text('{"mine": {"file_name": "mine.json"}}')
    exported({"HPDv2": make_rows("HPDv2", range(2))}, tmp_path)
    exported({"EvalMuse": make_rows("EvalMuse", range(2))}, tmp_path / "two")
    source = Dataset.open(str(tmp_path / "two" / "built"))
    export(source, FORM, str(tmp_path / "out"))
    info = json.loads((tmp_path / "out" / "dataset_info.json").read_text())
    assert list(info) == ["mine", "hpdv2", "evalmuse"]
    said = json.loads((tmp_path / "out" / "export.json").read_text())
    assert list(said["subsets"]) == ["HPDv2", "EvalMuse"]


def test_a_folder_of_another_format_is_refused(tmp_path: Path) -> None:
    exported({"RLAIF-V": make_rows("RLAIF-V", range(2))}, tmp_path)
    source = Dataset.open(str(tmp_path / "built"))
    with pytest.raises(BuildError, match="holds an export in the format llamafactory"):
        export(source, FORMATS["trl"], str(tmp_path / "out"))


def test_a_validation_split_has_a_key_of_its_own(tmp_path: Path) -> None:
    source = write_dataset(tmp_path / "built", {"HPDv2": make_rows("HPDv2", range(6))})
    write_dataset(source, {"HPDv2": make_rows("HPDv2", range(6, 9))}, split="validation")
    (source / "run_record.json").unlink()
    export(Dataset.open(str(source)), FORM, str(tmp_path / "out"))
    assert len(rules.read(tmp_path / "out", "hpdv2")) == 6
    assert len(rules.read(tmp_path / "out", "hpdv2_validation")) == 3


def test_subsets_whose_names_differ_in_signs_only_are_refused(tmp_path: Path) -> None:
    source = write_dataset(tmp_path / "built", {"HPDv2": make_rows("HPDv2", range(2))})
    (source / "run_record.json").unlink()
    (source / "data" / "HPDv2").rename(source / "data" / "A-B")
    write_dataset(source, {"HPDv2": make_rows("HPDv2", range(2))})
    (source / "run_record.json").unlink()
    (source / "data" / "HPDv2").rename(source / "data" / "A_B")
    with pytest.raises(BuildError, match=r"A-B and A_B would go to the same file a_b\.json"):
        export(Dataset.open(str(source)), FORM, str(tmp_path / "out"))
