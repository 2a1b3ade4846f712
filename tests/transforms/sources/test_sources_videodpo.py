"""VideoDPO in its three layouts: what a record gives, and the reason why it gives nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.transforms.sources.adapter_case import AdapterCase
from transforms.beamkit.errors import BuildError
from transforms.sources.adapter import RecordAdapter, SourceBatch, SourceFile
from transforms.sources.settings import Corpus, PairRule
from transforms.sources.videodpo import VideoDpo
from transforms.sources.videodpo_original import VideoDpoOriginal


class TestFrames(AdapterCase):
    corpus = "videodpo"


class TestOriginal(AdapterCase):
    corpus = "videodpo_original"


class TestWebDataset(AdapterCase):
    corpus = "videodpo_webdataset"


def frames_of(number: int, *sides: str, each: int = 2) -> list[str]:
    return [f"{side}/{number:06d}/{at}.jpg" for side in sides for at in range(each)]


def compared(images: Any, said: str = "Video 1 is better.", **more: Any) -> dict[str, Any]:
    talk = [{"from": "human", "value": "Which?"}, {"from": "gpt", "value": said}]
    return {"images": images, "prompt": "a cat", "conversations": talk} | more


def read_frames(folder: Path, *records: Any, **options: Any) -> SourceBatch:
    (folder / "train_data.json").write_text(json.dumps(records), encoding="utf-8")
    corpus = Corpus("videodpo", "r", "mit", ("*",), "metric", options=options)
    return only_batch(VideoDpo(corpus, "c", "S"), folder)


def only_batch(adapter: RecordAdapter, folder: Path) -> SourceBatch:
    files = [
        SourceFile(path.relative_to(folder).as_posix(), str(path), path.stat().st_size)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    (batch,) = [batch for unit in adapter.units(files) for batch in adapter.read(unit)]
    return batch


def sides(row: dict[str, Any]) -> list[list[tuple[str, str, str]]]:
    return [
        [(ref["slot"], ref["container"], ref["member"]) for ref in row[f"{side}_media"]]
        for side in ("first", "second")
    ]


def reasons(batch: SourceBatch) -> list[str]:
    return [row["reason"] for row in batch.dead.to_pylist()]


def test_a_clip_is_its_frames_in_order(tmp_path: Path) -> None:
    images = frames_of(7, "losevideos", "videodpo_image/winvideos")
    batch = read_frames(tmp_path, compared(images, "Video 2 is better."))
    (row,) = batch.drafts.to_pylist()
    assert sides(row) == [
        [("frames", f"{folder}.zip", f"000007/{at}.jpg") for at in range(2)]
        for folder in ("losevideos", "winvideos")
    ]
    assert row["preferred"] == "second"
    assert row["prompt"] == [{"role": "user", "content": "a cat"}]
    assert (row["first_frames_fps"], row["second_frames_fps"]) == (None, None)


def test_containers_and_rate_are_options(tmp_path: Path) -> None:
    containers = {"winvideos": "win", "losevideos": "lose"}
    record = compared(frames_of(7, "winvideos", "losevideos"))
    batch = read_frames(tmp_path, record, containers=containers, frames_fps=10.0)
    (row,) = batch.drafts.to_pylist()
    assert [side[0][1] for side in sides(row)] == ["win", "lose"]
    assert (row["first_frames_fps"], row["second_frames_fps"]) == (10.0, 10.0)


def test_a_swapped_twin_counts_once(tmp_path: Path) -> None:
    original = compared(frames_of(7, "winvideos", "losevideos"), id="7")
    twin = compared(frames_of(7, "losevideos", "winvideos"), "Video 2 is better.", id="7_rev")
    batch = read_frames(tmp_path, twin, original)
    (row,) = batch.drafts.to_pylist()
    assert row["preferred"] == "first"
    assert batch.dropped == {"reversed_twin": 1}


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (compared([*frames_of(1, "winvideos", "losevideos"), "x.jpg"]), "malformed_images"),
        (compared(frames_of(1, "winvideos", "clips")), "malformed_images"),
        (compared(["winvideos", "losevideos"]), "malformed_images"),
        (compared(frames_of(1, "winvideos", "losevideos", each=1)[::-1]), "label_contradictory"),
        (
            compared(frames_of(1, "winvideos", "losevideos"), "Video 2 is better."),
            "label_contradictory",
        ),
        (compared([*frames_of(1, "winvideos", "losevideos", "winvideos")]), "malformed_images"),
        (compared({"first": "winvideos/1.jpg"}), "malformed_images"),
        (compared(["\ud800/0.jpg", "losevideos/0.jpg"]), "malformed_images"),
    ],
)
def test_frames_that_make_no_pair_are_refused(
    tmp_path: Path, record: dict[str, Any], reason: str
) -> None:
    batch = read_frames(tmp_path, record)
    assert (reasons(batch), batch.drafts.num_rows) == ([reason], 0)


def entry(folder: str, number: int, caption: Any = ("a cat",), **basic: Any) -> dict[str, Any]:
    path = f"/home/x/{folder}/{number:06d}.mp4"
    captions = list(caption) if isinstance(caption, tuple) else caption
    return {"basic": {"clip_path": path, **basic}, "misc": {"frame_caption": captions}}


CLIPS = [
    entry("winvideos", 0, globalidx=0),
    entry("losevideos", 0, globalidx=0),
    entry("winvideos", 1, globalidx=2, score=0.75),
    entry("losevideos", 1, vidproidx="000001", score=0.5),
]
PAIR = {"video1": 0, "video2": 1, "label": 0, "frame_caption": "a cat"}


def read_original(
    folder: Path, record: Any, clips: Any = CLIPS, rule: PairRule | None = None, **options: Any
) -> SourceBatch:
    (folder / "metadata.json").write_text(json.dumps(clips), encoding="utf-8")
    (folder / "pair.json").write_text(json.dumps([PAIR, record]), encoding="utf-8")
    corpus = Corpus(
        "videodpo_original", "r", "mit", ("*",), "metric", pairs=rule or PairRule(), options=options
    )
    return only_batch(VideoDpoOriginal(corpus, "c", "S"), folder)


def test_positions_name_clips_in_two_folders(tmp_path: Path) -> None:
    record = {"video1": 2, "video2": 3, "frame_caption": ["a cat"], "score": 0.375}
    plain, scored = read_original(tmp_path, record).drafts.to_pylist()
    assert sides(plain) == [
        [("video", "winvideos", "000000.mp4")],
        [("video", "losevideos", "000000.mp4")],
    ]
    assert (plain["preferred"], plain["margin"], plain["first_score"]) == ("first", None, None)
    assert plain["prompt"] == [{"role": "user", "content": "a cat"}]
    assert plain["key"].startswith("0-1/sha256:")
    # The product of the scores is a weight: the margin is their difference.
    assert (scored["first_score"], scored["second_score"], scored["margin"]) == (0.75, 0.5, 0.25)


def test_a_stated_difference_is_the_margin_and_obeys_the_rule(tmp_path: Path) -> None:
    close = PAIR | {"diff_score": 0.125}
    rows = read_original(tmp_path, close).drafts.to_pylist()
    assert [(row["margin"], row["preferred"]) for row in rows] == [
        (None, "first"),
        (0.125, "first"),
    ]
    batch = read_original(tmp_path, close, rule=PairRule(min_margin=0.25))
    assert (batch.drafts.num_rows, batch.dropped) == (1, {"tie": 1})
    batch = read_original(tmp_path, close, rule=PairRule(min_margin=0.25, ties="keep"))
    assert batch.drafts["preferred"].to_pylist() == ["first", "tie"]


def test_clips_in_shards_are_named_by_their_last_two_parts(tmp_path: Path) -> None:
    rows = read_original(tmp_path, PAIR, shards="*.tar").drafts.to_pylist()
    assert sides(rows[0]) == [
        [("video", "*.tar", "winvideos/000000.mp4")],
        [("video", "*.tar", "losevideos/000000.mp4")],
    ]


def test_a_key_does_not_depend_on_where_the_authors_kept_their_clips(tmp_path: Path) -> None:
    elsewhere = json.loads(json.dumps(CLIPS).replace("/home/x", "/mnt/y"))
    keys = [read_original(tmp_path, PAIR, clips).drafts["key"] for clips in (CLIPS, elsewhere)]
    assert keys[0].equals(keys[1])


def test_each_folder_of_a_mirror_has_its_own_metadata(tmp_path: Path) -> None:
    for part in ("a", "b"):
        (tmp_path / part).mkdir()
        read_original(tmp_path / part, PAIR | {"part": part})
    (tmp_path / "c").mkdir()
    adapter = VideoDpoOriginal(Corpus("x", "r", "mit", ("*",), "metric"), "c", "S")
    files = [
        SourceFile(f"{part}/{name}", str(tmp_path / part / name), 1)
        for part in ("a", "b")
        for name in ("metadata.json", "pair.json")
    ]
    rows = [
        row
        for unit in adapter.units(files)
        for batch in adapter.read(unit)
        for row in batch.drafts.to_pylist()
    ]
    assert {row["first_media"][0]["container"] for row in rows} == {"a/winvideos", "b/winvideos"}
    with pytest.raises(BuildError, match=r"numbers the entries of b/metadata\.json"):
        adapter.units([file for file in files if file.name != "b/metadata.json"])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"video1": None}, "missing_field"),
        ({"video2": "1"}, "malformed_index"),
        ({"video2": 1.0}, "malformed_index"),
        ({"video2": True}, "malformed_index"),
        ({"video2": {}}, "malformed_index"),
        ({"video2": len(CLIPS)}, "index_out_of_range"),
        ({"video2": -1}, "index_out_of_range"),
        ({"video1": 1, "video2": 0}, "label_contradictory"),
        ({"video2": 0}, "label_contradictory"),
        ({"label": 1}, "label_contradictory"),
        ({"label": [0]}, "label_contradictory"),
        ({"diff_score": -0.5}, "label_contradictory"),
        ({"frame_caption": "a dog"}, "prompts_differ"),
        ({"frame_caption": ["a cat", "a dog"]}, "prompts_differ"),
        ({"frame_caption": {"a": 1}}, "malformed_caption"),
        ({"frame_caption": [None]}, "malformed_caption"),
    ],
)
def test_a_pair_that_says_nothing_sure_is_refused(
    tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    batch = read_original(tmp_path, PAIR | change)
    assert (reasons(batch), batch.drafts.num_rows) == ([reason], 1)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (None, "malformed_metadata"),
        ([], "malformed_metadata"),
        ({"basic": [], "misc": {}}, "malformed_metadata"),
        ({"basic": {"clip_path": 7}, "misc": {}}, "malformed_metadata"),
        (entry("winvideos", 0), "clip_disagrees"),
        (entry("losevideos", 1), "clip_disagrees"),
        (entry("losevideos", 0, globalidx=5), "clip_disagrees"),
        (entry("losevideos", 0, vidproidx=[0]), "clip_disagrees"),
        (entry("losevideos", 0, caption="a dog"), "prompts_differ"),
        (entry("losevideos", 0, caption=5), "malformed_caption"),
    ],
)
def test_a_clip_that_its_metadata_denies_is_refused(
    tmp_path: Path, wrong: Any, reason: str
) -> None:
    batch = read_original(tmp_path, PAIR, clips=[CLIPS[0], wrong])
    assert (set(reasons(batch)), batch.drafts.num_rows) == ({reason}, 0)


@pytest.mark.parametrize(("caption", "reason"), [(None, "missing_field"), ("  ", "empty_prompt")])
def test_a_pair_without_any_caption_is_refused(tmp_path: Path, caption: Any, reason: str) -> None:
    clips = [entry("winvideos", 0, caption=caption), entry("losevideos", 0, caption=caption)]
    batch = read_original(tmp_path, PAIR | {"frame_caption": caption}, clips=clips)
    assert reason in reasons(batch)


def test_metadata_of_another_kind_is_named(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"metadata\.json: key 'basic' is missing"):
        read_original(tmp_path, PAIR, clips=[{"path": "x.mp4"}])


def test_a_clip_that_is_a_web_page_does_not_stop_the_build(tmp_path: Path) -> None:
    (tmp_path / "winvideos").mkdir()
    (tmp_path / "winvideos" / "000000.mp4").write_text("<!DOCTYPE html><html></html>")
    assert read_original(tmp_path, PAIR).drafts.num_rows == 2
