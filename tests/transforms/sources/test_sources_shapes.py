"""3DRewardDB and 3DGen-Bench: pairs of assets, in every shape that their files may have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from transforms.beamkit.errors import BuildError
from transforms.sources.adapter import RecordAdapter, SourceBatch, SourceFile
from transforms.sources.genbench_3d import DIMENSIONS, GenBench3d, GenBench3dOptions
from transforms.sources.rewarddb_3d import RewardDb3d, RewardDb3dOptions
from transforms.sources.settings import Corpus, PairRule

ALL = PairRule(rule="all")
ENTRY = {"prompt": "a chair", "reward": [3, 5, 1]}


def read(
    at: Path, kind: type[RecordAdapter], files: dict[str, Any], rule: PairRule, **options: Any
) -> SourceBatch:
    """What becomes of files given as values, or as text that stands as it is."""
    sources = []
    for name, value in files.items():
        path = at / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = value if isinstance(value, str) else json.dumps(value)
        path.write_text(text, encoding="utf-8")
        sources.append(SourceFile(name, str(path), path.stat().st_size))
    corpus = Corpus("x", "r", "mit", ("*",), "human", pairs=rule, options=options)
    adapter = kind(corpus, "c", "S")
    (unit,) = adapter.units(sources)
    (batch,) = adapter.read(unit)
    return batch


def rewarded(at: Path, entries: Any, rule: PairRule = ALL, **options: Any) -> SourceBatch:
    return read(at, RewardDb3d, {"prompt_reward.json": entries}, rule, **options)


def media(row: dict[str, Any], side: str) -> list[tuple[str, str, str]]:
    return [(ref["slot"], ref["container"], ref["member"]) for ref in row[f"{side}_media"]]


def reasons(batch: SourceBatch) -> list[str]:
    return [str(reason) for reason in batch.dead["reason"].to_pylist()]


def test_every_two_assets_of_a_prompt_are_a_pair(tmp_path: Path) -> None:
    rows = rewarded(tmp_path, {"7": ENTRY}).drafts.to_pylist()
    assert [(media(row, "first")[0][2], media(row, "second")[0][2]) for row in rows] == [
        ("7/1.png", "7/0.png"),
        ("7/1.png", "7/2.png"),
        ("7/0.png", "7/2.png"),
    ]
    assert media(rows[0], "first") == [("views", "data", "7/1.png")]
    assert [row["margin"] for row in rows] == [2.0, 4.0, 2.0]
    assert (rows[0]["first_score"], rows[0]["preferred"]) == (5.0, "first")
    assert rows[0]["first_model"] == "ashawkey/mvdream-sd2.1-diffusers"
    assert rows[0]["key"].startswith("7/sha256:")
    assert rows[0]["key"].endswith("/1-0")
    assert rows[0]["prompt"] == [{"role": "user", "content": "a chair"}]


@pytest.mark.parametrize(
    ("entries", "options"),
    [
        ({"0": ENTRY}, {}),
        ([ENTRY], {}),
        (json.dumps({"0": ENTRY}, indent=2), {}),
        (
            {"0": {"caption": "a chair", "score": [3, 5, 1]}},
            {"prompt": "caption", "ratings": "score"},
        ),
        ({"0": {"prompt": "a chair", "reward": {"0": 3, "1": 5, "2.png": 1}}}, {}),
        ({"0": {"prompt": "a chair", "reward": {"2": 1, "1": 5, "0": 3}}}, {}),
        ({"0": {"prompt": "a chair", "reward": [2, 1, 3]}}, {"better": "lower"}),
        ({"0": {"prompt": "a chair", "reward": ["3", "5", "1"]}}, {}),
        ([ENTRY | {"folder": 0}], {"folder": "folder"}),
    ],
)
def test_all_shapes_of_the_ratings_say_the_same(
    tmp_path: Path, entries: Any, options: dict[str, Any]
) -> None:
    rows = rewarded(tmp_path, entries, **options).drafts.to_pylist()
    won = [(media(row, "first")[0][2], media(row, "second")[0][2]) for row in rows]
    assert won == [("0/1.png", "0/0.png"), ("0/1.png", "0/2.png"), ("0/0.png", "0/2.png")]


def test_ties_margins_and_unrated_assets_follow_the_rule(tmp_path: Path) -> None:
    tied = {"0": {"prompt": "p", "reward": [3, 3, None, "N/A"]}}
    assert rewarded(tmp_path, tied).dropped == {"tie": 1}
    kept = rewarded(tmp_path, tied, PairRule(rule="all", ties="keep"))
    assert kept.drafts["preferred"].to_pylist() == ["tie"]
    wide = rewarded(tmp_path, {"0": ENTRY}, PairRule(rule="all", min_margin=3))
    assert wide.drafts["margin"].to_pylist() == [4.0]


def test_pictures_may_lie_elsewhere(tmp_path: Path) -> None:
    batch = rewarded(
        tmp_path, {"0": ENTRY}, PairRule(), root="all.zip", view="{folder}/views/{asset}.png"
    )
    assert media(batch.drafts.to_pylist()[0], "first") == [("views", "all.zip", "0/views/1.png")]
    with pytest.raises(ValueError, match=r"view must name \{folder\} and \{asset\}"):
        RewardDb3dOptions(view="{asset}.png")


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("a chair", "not_a_record"),
        (ENTRY | {"prompt": None}, "missing_field"),
        (ENTRY | {"prompt": " "}, "empty_prompt"),
        (ENTRY | {"reward": None}, "missing_field"),
        (ENTRY | {"reward": "3, 5"}, "malformed_scores"),
        (ENTRY | {"reward": [[3], [5]]}, "malformed_scores"),
        (ENTRY | {"reward": {"0": 3, "0.png": 5}}, "malformed_scores"),
        (ENTRY | {"reward": {"../0": 3, "1": 5}}, "malformed_path"),
        (ENTRY | {"reward": [3]}, "too_few_responses"),
        (ENTRY | {"reward": [True, False]}, "too_few_responses"),
    ],
)
def test_a_bad_entry_is_refused_for_its_reason(tmp_path: Path, entry: Any, reason: str) -> None:
    batch = rewarded(tmp_path, {"0": ENTRY, "1": entry})
    assert (reasons(batch), batch.drafts.num_rows) == ([reason], 3)


def test_a_folder_that_leads_out_is_refused(tmp_path: Path) -> None:
    assert reasons(rewarded(tmp_path, {"../..": ENTRY})) == ["malformed_path"]


def test_names_and_columns_that_are_given_twice(tmp_path: Path) -> None:
    one = json.dumps(ENTRY)
    twice = '{"prompt": "a", "prompt": "b", "reward": [1, 2]}'
    batch = rewarded(tmp_path, f'{{"0": {one}, "0": {json.dumps(ENTRY | {"prompt": "b"})}}}')
    assert len(set(batch.drafts["key"].to_pylist())) == 6
    batch = rewarded(tmp_path, f'{{"0": {one}, "1": {twice}}}')
    (letter,) = batch.dead.to_pylist()
    assert (letter["reason"], letter["message"]) == ("not_json", "the key 'prompt' occurs twice")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"0": {"text": "a chair", "reward": [1, 2]}}', "key 'prompt' is missing"),
        ('{"0": {"prompt": "a ch', "not valid JSON"),
        ("7", "its name says .json|expected one JSON object or list"),
        ("[" * 100_000, "not valid JSON"),
    ],
)
def test_another_file_is_an_error_that_says_so(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BuildError, match=message):
        rewarded(tmp_path, text)


def test_pickles_beside_the_pictures_are_not_touched(tmp_path: Path) -> None:
    bomb = b'cbuiltins\nexec\n(S\'open("ran", "w")\'\ntR.'
    batch = read(
        tmp_path,
        RewardDb3d,
        {"prompt_reward.json": {"0": ENTRY}, "data/0/cam_0.pkl": bomb.decode()},
        ALL,
    )
    assert batch.drafts.num_rows == 3
    assert not Path("ran").exists()


def labels(*won: float) -> dict[str, dict[str, float]]:
    """Shares of the first asset, dimension by dimension."""
    return {
        name: {"label_0": share, "label_1": 1 - share}
        for name, share in zip(DIMENSIONS, won, strict=True)
    }


COMPARED = {
    "task": "text2shape",
    "offline_idx": "1",
    "models": ["lgm", "grm"],
    **labels(1, 1, 1, 0.5, 0),
}
PROMPTS = ["a cup", "a chair", " ", 7]


def compared(
    folder: Path, *records: Any, rule: PairRule | None = None, **options: Any
) -> SourceBatch:
    files = {
        "preference_annotation/train.json": {f"r{at}": own for at, own in enumerate(records)},
        "gallery/prompts_510.json": PROMPTS,
    }
    return read(folder, GenBench3d, files, rule or PairRule(), **options)


def test_the_mean_of_five_dimensions_decides(tmp_path: Path) -> None:
    (row,) = compared(tmp_path, COMPARED).drafts.to_pylist()
    assert row["prompt"] == [{"role": "user", "content": "a chair"}]
    assert (row["first_score"], row["second_score"]) == (pytest.approx(0.7), pytest.approx(0.3))
    assert (row["preferred"], row["margin"]) == ("first", pytest.approx(0.4))
    assert (row["first_model"], row["second_model"]) == ("lgm", "grm")
    assert media(row, "second") == [("views", "surrounding_views", "text2shape/grm/1_rgb.png")]
    assert row["key"].startswith("r0/sha256:")


def test_the_better_one_may_stand_second_and_one_dimension_may_decide(tmp_path: Path) -> None:
    (row,) = compared(tmp_path, COMPARED, dimensions=["alignment"]).drafts.to_pylist()
    assert (row["preferred"], row["margin"], row["first_score"]) == ("second", 1.0, 0.0)
    close = compared(tmp_path, COMPARED, rule=PairRule(min_margin=0.5))
    assert close.dropped == {"tie": 1}
    kept = compared(tmp_path, COMPARED, rule=PairRule(min_margin=0.5, ties="keep"))
    assert kept.drafts["preferred"].to_pylist() == ["tie"]


def test_meshes_come_before_views_and_normals_may_be_added(tmp_path: Path) -> None:
    both = ["{task}/{model}/{idx}_rgb.png", "{task}/{model}/{idx}_normal.png"]
    batch = compared(tmp_path, COMPARED, mesh_root="assets.zip", views=both)
    assert media(batch.drafts.to_pylist()[0], "first") == [
        ("mesh", "assets.zip", "text2shape/lgm/1.glb"),
        ("views", "surrounding_views", "text2shape/lgm/1_rgb.png"),
        ("views", "surrounding_views", "text2shape/lgm/1_normal.png"),
    ]
    alone = compared(tmp_path, COMPARED, mesh_root="assets", views=[])
    assert [slot for slot, *_ in media(alone.drafts.to_pylist()[0], "first")] == ["mesh"]


def test_unlabelled_dimensions_take_no_part(tmp_path: Path) -> None:
    none = {"label_0": 0, "label_1": 0}
    (row,) = compared(tmp_path, COMPARED | {"alignment": none}).drafts.to_pylist()
    assert row["first_score"] == pytest.approx(0.875)


def test_pictures_as_prompts_are_left_out_by_rule(tmp_path: Path) -> None:
    batch = compared(tmp_path, COMPARED, COMPARED | {"task": "image2shape"})
    assert (batch.dropped, batch.drafts.num_rows) == ({"image2shape": 1}, 1)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"task": None}, "missing_field"),
        ({"task": "shape2shape"}, "unknown_task"),
        ({"offline_idx": None}, "missing_field"),
        ({"offline_idx": -1}, "malformed_index"),
        ({"offline_idx": True}, "malformed_index"),
        ({"offline_idx": "١"}, "malformed_index"),
        ({"offline_idx": 9}, "index_out_of_range"),
        ({"offline_idx": 2}, "empty_prompt"),
        ({"offline_idx": 3}, "not_text"),
        ({"models": ["lgm"]}, "malformed_models"),
        ({"models": ["lgm", "../x"]}, "malformed_models"),
        ({"models": ["lgm", ".."]}, "malformed_models"),
        ({"geometry": None}, "label_unknown"),
        ({"geometry": {"label_0": 1}}, "label_unknown"),
        ({"geometry": {"label_0": -1, "label_1": 1}}, "label_unknown"),
        ({name: {"label_0": 0, "label_1": 0} for name in DIMENSIONS}, "no_votes"),
    ],
)
def test_a_bad_comparison_is_refused_for_its_reason(
    tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    batch = compared(tmp_path, COMPARED, COMPARED | change)
    assert (reasons(batch), batch.drafts.num_rows) == ([reason], 1)


def test_the_prompts_have_to_be_there(tmp_path: Path) -> None:
    record = {"preference_annotation/train.json": {"r": COMPARED}}
    with pytest.raises(BuildError, match=r"gallery/prompts_510.json is not among the files"):
        read(tmp_path, GenBench3d, record, PairRule())
    with pytest.raises(BuildError, match="expected a list of prompts"):
        read(tmp_path, GenBench3d, record | {"gallery/prompts_510.json": {"0": "x"}}, PairRule())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dimensions": ("colour",)}, "no dimension 'colour'"),
        ({"dimensions": ()}, "no dimension is named"),
        ({"views": ()}, "responses need views or a mesh_root"),
        ({"mesh": "{model}.glb"}, "must name"),
    ],
)
def test_options_are_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GenBench3dOptions(**options)
