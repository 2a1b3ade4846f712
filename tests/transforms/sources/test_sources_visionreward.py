"""VisionRewardDB-Video in its layouts: what records give, and the reasons why they give nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.sample_corpora.files import write_zip
from pipelines.sample_corpora.visionreward_train import RANGES
from tests.transforms.sources.adapter_case import AdapterCase
from transforms.beamkit.errors import BuildError
from transforms.sources.adapter import RecordAdapter, SourceBatch, SourceFile
from transforms.sources.settings import Corpus, PairRule
from transforms.sources.visionreward import VisionReward, VisionRewardOptions
from transforms.sources.visionreward_train import (
    DIMENSIONS,
    VisionRewardTrain,
    VisionRewardTrainOptions,
)


class TestRegression(AdapterCase):
    corpus = "visionreward"


class TestRegressionInFrames(AdapterCase):
    corpus = "visionreward_frames"


class TestTrain(AdapterCase):
    corpus = "visionreward_train"


ROW = {
    "internal_id": "7",
    "prompt": "a cat",
    "standard_answer": "video1",
    "video1_path": "/data/x/a.mp4",
    "video2_path": "../y/b.mp4",
}
RATED = {name: high for name, (_, high) in DIMENSIONS.items()}
POOR = {name: low for name, (low, _) in DIMENSIONS.items()}


def read(
    folder: Path,
    rows: list[dict[str, Any]],
    kind: type[RecordAdapter] = VisionReward,
    rule: PairRule | None = None,
    **options: Any,
) -> SourceBatch:
    path = folder / "train-0.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    corpus = Corpus("x", "r", "mit", ("*",), "human", pairs=rule or PairRule(), options=options)
    adapter = kind(corpus, "c", "S")
    units = adapter.units([SourceFile(path.name, str(path), path.stat().st_size)])
    (batch,) = [batch for unit in units for batch in adapter.read(unit)]
    return batch


def media(row: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [
        (ref["slot"], ref["container"], ref["member"])
        for side in ("first", "second")
        for ref in row[f"{side}_media"]
    ]


def reasons(batch: SourceBatch) -> list[str]:
    return [row["reason"] for row in batch.dead.to_pylist()]


def test_clips_are_named_by_the_end_of_their_paths(tmp_path: Path) -> None:
    (row,) = read(tmp_path, [ROW]).drafts.to_pylist()
    assert media(row) == [("video", "videos", "a.mp4"), ("video", "videos", "b.mp4")]
    assert (row["preferred"], row["prompt"]) == ("first", [{"role": "user", "content": "a cat"}])
    assert row["key"].startswith("7/sha256:")
    (row,) = read(tmp_path, [ROW], clips="all.zip", path_parts=2).drafts.to_pylist()
    assert media(row) == [("video", "all.zip", "x/a.mp4"), ("video", "all.zip", "y/b.mp4")]
    (row,) = read(tmp_path, [ROW], path_parts=0).drafts.to_pylist()
    assert media(row) == [("video", "videos", "data/x/a.mp4"), ("video", "videos", "y/b.mp4")]


def test_one_name_for_two_clips_is_never_taken_for_either(tmp_path: Path) -> None:
    other = ROW | {"internal_id": "8", "video1_path": "/data/z/a.mp4", "video2_path": "/c.mp4"}
    batch = read(tmp_path, [ROW, other, ROW | {"video1_path": "/d.mp4", "prompt": "a dog"}])
    assert reasons(batch) == ["clip_ambiguous", "clip_ambiguous"]
    assert batch.drafts.num_rows == 1
    assert read(tmp_path, [ROW, other], path_parts=2).drafts.num_rows == 2


@pytest.mark.parametrize(
    ("answer", "preferred"), [("video1", "first"), ("video2", "second"), ("tie", "tie")]
)
def test_the_answer_names_the_better_clip(tmp_path: Path, answer: str, preferred: str) -> None:
    row = ROW | {"standard_answer": answer}
    batch = read(tmp_path, [row], rule=PairRule(ties="keep"))
    assert batch.drafts["preferred"].to_pylist() == [preferred]
    assert read(tmp_path, [row]).dropped == ({"tie": 1} if answer == "tie" else {})


def test_other_spellings_of_answers_are_the_recipes_to_explain(tmp_path: Path) -> None:
    rows = [ROW | {"standard_answer": answer, "prompt": f"p{answer}"} for answer in (1, 2, 0, 3)]
    batch = read(tmp_path, rows, answers={1: "first", "2": "second"})
    assert batch.drafts["preferred"].to_pylist() == ["first", "second"]
    assert reasons(batch) == ["label_unknown", "label_unknown"]
    with pytest.raises(ValueError, match="answers mean first, second, tie, not better"):
        VisionRewardOptions(answers={"video1": "better"})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="path_parts"):
        VisionRewardOptions(path_parts=-1)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"prompt": None}, "missing_field"),
        ({"prompt": " "}, "empty_prompt"),
        ({"standard_answer": None}, "missing_field"),
        ({"standard_answer": "Video1"}, "label_unknown"),
        ({"standard_answer": ""}, "label_unknown"),
        ({"video2_path": None}, "missing_field"),
        ({"video2_path": ""}, "malformed_path"),
        ({"video2_path": "/data/"}, "malformed_path"),
        ({"video2_path": "a/.."}, "malformed_path"),
        ({"video2_path": ".mp4"}, "malformed_path"),
    ],
)
def test_a_bad_pair_is_refused_for_its_reason(
    tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    good = ROW | {"video1_path": "c.mp4", "video2_path": "d.mp4"}
    batch = read(tmp_path, [good, ROW | change])
    assert (reasons(batch), batch.drafts.num_rows) == ([reason], 1)


def test_frames_stand_in_for_pairs_without_clips(tmp_path: Path) -> None:
    for name in ("videos/a.mp4", "videos/b.mp4", "shots/a/2.jpg", "shots/c/10.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for name in ("c/9.jpg", "c/notes.txt", "d_frame_2.png", "d_frame_1.png", "d_x_1.png"):
        (tmp_path / "shots" / name).touch()

    def pair(first: str, second: str) -> dict[str, Any]:
        return ROW | {"video1_path": f"x/{first}.mp4", "video2_path": f"x/{second}.mp4"}

    rows = [pair("a", "b"), pair("c", "d"), pair("a", "c"), pair("b", "d")]
    batch = read(tmp_path, rows, frames="shots", frames_fps=8.0)
    found = batch.drafts.to_pylist()
    assert [media(row) for row in found] == [
        [("video", "videos", "a.mp4"), ("video", "videos", "b.mp4")],
        [("frames", "shots", name) for name in (
            "c/9.jpg", "c/10.jpg", "d_frame_1.png", "d_frame_2.png",
        )],
        # Both sides alike: the first clip is there, the second only in frames.
        [("frames", "shots", name) for name in ("a/2.jpg", "c/9.jpg", "c/10.jpg")],
    ]  # fmt: skip
    assert [row["first_frames_fps"] for row in found] == [None, 8.0, 8.0]
    (dead,) = batch.dead.to_pylist()
    assert dead["reason"] == "media_missing"
    assert dead["message"] == "not in videos: d.mp4; no frames in shots: b.mp4"


def test_frames_in_a_zip_are_named_in_full(tmp_path: Path) -> None:
    names = ["top/a/1.jpg", "top/b_1.jpg", "old/a/1.jpg"]
    write_zip(tmp_path / "shots.zip", ((name, b"") for name in names[:2]))
    (row,) = read(tmp_path, [ROW], frames="shots.zip").drafts.to_pylist()
    assert media(row) == [("frames", "shots.zip", f"/{name}") for name in names[:2]]
    write_zip(tmp_path / "shots.zip", ((name, b"") for name in names))
    assert reasons(read(tmp_path, [ROW], frames="shots.zip")) == ["clip_ambiguous"]


def test_clips_in_a_zip_are_found_by_the_end_of_their_names(tmp_path: Path) -> None:
    write_zip(tmp_path / "all.zip", ((f"deep/{name}.mp4", b"") for name in "ab"))
    write_zip(tmp_path / "shots.zip", [("c_1.jpg", b"")])
    (row,) = read(tmp_path, [ROW], clips="all.zip", frames="shots.zip").drafts.to_pylist()
    assert media(row) == [("video", "all.zip", "a.mp4"), ("video", "all.zip", "b.mp4")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"frames": "shots"}, "there are no frames"),
        ({"frames": "shots.zip"}, "there are no frames"),
        ({"frames": "shots.tar"}, "only a folder or a zip archive"),
        ({"frames": "shots", "clips": "*.tar"}, "only a folder or a zip archive"),
        ({"frames": "train-0.zip"}, "truncated or damaged"),
    ],
)
def test_frames_that_cannot_be_looked_through_are_an_error(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    (tmp_path / "train-0.zip").write_bytes(b"PK")
    with pytest.raises(BuildError, match=message):
        read(tmp_path, [ROW], **options)


def rated(name: str, ratings: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    return {
        "internal_id": name,
        "prompt": "a cat",
        "url": f"https://example.org/clips/{name}.mp4?x=1",
        "video_path": f"/data/{name}/clip.mp4",
        "annotation": ratings,
    } | more


def read_train(folder: Path, *rows: dict[str, Any], **options: Any) -> SourceBatch:
    return read(folder, list(rows), VisionRewardTrain, **options)


def test_dimensions_are_those_of_the_card() -> None:
    assert len(DIMENSIONS) == 21
    assert {"camera movement", "lighting aes", "shape at beginning", "unsafe type"} < set(
        DIMENSIONS
    )
    assert dict(RANGES) == DIMENSIONS


def test_clips_of_a_prompt_are_paired_by_the_mean_of_their_shares(tmp_path: Path) -> None:
    middle = RATED | {"alignment": 3, "composition": 2}  # half of their ranges
    batch = read_train(tmp_path, rated("b", POOR), rated("a b", RATED), rated("c", middle))
    (row,) = batch.drafts.to_pylist()
    assert media(row) == [("video", "videos", "a b.mp4"), ("video", "videos", "b.mp4")]
    assert (row["first_score"], row["second_score"], row["margin"]) == (1.0, 0.0, 1.0)
    assert row["preferred"] == "first"
    rows = read_train(
        tmp_path, rated("a", RATED), rated("c", middle), rule=PairRule(rule="all")
    ).drafts.to_pylist()
    assert [row["margin"] for row in rows] == [pytest.approx(1 / 21, abs=1e-6)]


def test_one_dimension_can_decide(tmp_path: Path) -> None:
    rows = [rated("a", RATED | {"camera movement": 1}), rated("b", POOR | {"camera movement": 2})]
    batch = read_train(tmp_path, *rows, dimensions=["camera movement"])
    (row,) = batch.drafts.to_pylist()
    assert media(row)[0][2] == "b.mp4"
    assert (row["first_score"], row["second_score"]) == (0.5, 0.0)
    # A rating that is not asked for may be out of its range.
    assert not reasons(read_train(tmp_path, *rows, dimensions=["clear"], rule=PairRule("all")))
    with pytest.raises(ValueError, match="no dimension 'colour'"):
        VisionRewardTrainOptions(dimensions=("colour",))
    with pytest.raises(ValueError, match="path_parts"):
        VisionRewardTrainOptions(path_parts=-1)


def test_a_clip_rated_twice_has_the_mean_of_its_scores(tmp_path: Path) -> None:
    again = rated("a", POOR, internal_id="later")
    low = rated("b", POOR | {"alignment": 2})
    batch = read_train(tmp_path, rated("a", RATED), again, low)
    (row,) = batch.drafts.to_pylist()
    assert row["first_score"] == 0.5
    assert media(row)[0][2] == "a.mp4"
    assert batch.notes == {"clip_rated_again": 1}
    assert reasons(read_train(tmp_path, rated("a", RATED), again)) == ["too_few_responses"] * 2


def test_clips_can_be_named_by_path(tmp_path: Path) -> None:
    rows = [rated("a", RATED, url=None), rated("b", POOR, url=None)]
    batch = read_train(tmp_path, *rows, named_by="video_path")
    assert reasons(batch) == ["clip_ambiguous"] * 2
    batch = read_train(tmp_path, *rows, named_by="video_path", path_parts=2)
    (row,) = batch.drafts.to_pylist()
    assert media(row) == [("video", "videos", "a/clip.mp4"), ("video", "videos", "b/clip.mp4")]


def test_a_url_loses_its_escapes_and_query(tmp_path: Path) -> None:
    url = "https://example.org/clips/a%20%26b.mp4?from=c/d.mp4#t=1"
    batch = read_train(tmp_path, rated("a", RATED, url=url), rated("b", POOR))
    (row,) = batch.drafts.to_pylist()
    assert media(row)[0][2] == "a &b.mp4"


def test_a_margin_below_the_rule_is_a_tie(tmp_path: Path) -> None:
    rows = [rated("a", RATED), rated("b", RATED | {"alignment": 4})]
    assert read_train(tmp_path, *rows, rule=PairRule(min_margin=0.1)).dropped == {"tie": 2}


def test_keys_do_not_depend_on_order(tmp_path: Path) -> None:
    rows = [rated("a", RATED), rated("b", POOR), rated("c", RATED | {"clear": 1})]
    rule = PairRule(rule="all")
    keys = [
        sorted(read_train(tmp_path, *order, rule=rule).drafts["key"].to_pylist())
        for order in (rows, rows[::-1])
    ]
    assert keys[0] == keys[1]
    assert len(set(keys[0])) == 3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"prompt": None}, "missing_field"),
        ({"prompt": ""}, "empty_prompt"),
        ({"url": None}, "missing_field"),
        ({"url": "https://example.org/clips/"}, "malformed_path"),
        ({"url": "https://[half/a.mp4"}, "malformed_path"),
        ({"url": "https://example.org/%2e%2e"}, "malformed_path"),
        ({"annotation": None}, "malformed_annotation"),
        ({"annotation": RATED | {"unsafe type": None}}, "rating_missing"),
        ({"annotation": RATED | {"shape throughout": 5}}, "rating_out_of_range"),
        ({"annotation": RATED | {"clear": 0}}, "rating_out_of_range"),
    ],
)
def test_a_bad_rating_is_refused_for_its_reason(
    tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    bad = rated("c", RATED) | change
    batch = read_train(tmp_path, rated("a", RATED), rated("b", POOR), bad)
    assert (reasons(batch), batch.drafts.num_rows) == ([reason], 1)
