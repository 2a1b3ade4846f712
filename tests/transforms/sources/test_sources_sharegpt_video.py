"""ShareGPTVideo: what a record gives, which frames are a clip's, and why it gives nothing."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from pipelines.sample_corpora.files import TarGz, write_tar, write_zip
from transforms.beamkit.errors import BuildError
from transforms.sources.adapter import SourceBatch, SourceFile
from transforms.sources.frame_folders import FrameFolders
from transforms.sources.settings import Corpus, PairRule
from transforms.sources.sharegpt_video import (
    ShareGptVideo,
    ShareGptVideoOptions,
    clip_of,
    spaced,
)

CLIP = "v_XNTy5ZTMqVU-Scene-011"
ROW = {
    "id": f"{CLIP}_1",
    "video": CLIP,
    "prompt": "<video>\nWho speaks?",
    "answer": "An anchor.",
    "chosen": "An anchor speaks.",
    "rejected": "A dog.",
    "chosen_score": 5,
    "rejected_score": 2,
}
RECORDS = "video_instruction/train/dpo/sft_dpo_17k.jsonl"
#: As they lie in the archive: not in the order in which they were taken.
NAMES = [f"{CLIP}/c01_{number:04d}.jpeg" for number in (22, 1, 4)]


def archive(path: Path, names: Sequence[str], prefix: str = "./train_300k/") -> None:
    with TarGz.writing(path) as target:
        for name in names:
            target.add(prefix + name, b"x")


def read(
    folder: Path,
    *rows: Any,
    rule: PairRule | None = None,
    names: Sequence[str] = NAMES,
    **options: Any,
) -> SourceBatch:
    path = folder / RECORDS
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    if names:
        archive(folder / "train_300k/chunk_0.tar.gz", names)
    corpus = Corpus("x", "r", "mit", ("*",), "model", pairs=rule or PairRule(), options=options)
    adapter = ShareGptVideo(corpus, "c", "S")
    (unit,) = adapter.units([SourceFile(RECORDS, str(path), path.stat().st_size)])
    (batch,) = adapter.read(unit)
    return batch


def members(batch: SourceBatch) -> list[list[str]]:
    return [[ref["member"] for ref in row["prompt_media"]] for row in batch.drafts.to_pylist()]


def test_a_record_is_a_question_on_frames_and_two_answers(tmp_path: Path) -> None:
    (row,) = read(tmp_path, ROW).drafts.to_pylist()
    assert row["prompt"] == [{"role": "user", "content": "Who speaks?"}]
    assert (row["first_text"], row["second_text"]) == ("An anchor speaks.", "A dog.")
    assert (row["preferred"], row["margin"]) == ("first", 3.0)
    assert (row["first_score"], row["second_score"]) == (5.0, 2.0)
    assert row["key"].startswith(f"{CLIP}_1/sha256:")
    assert {(ref["slot"], ref["container"]) for ref in row["prompt_media"]} == {
        ("prompt_frames", "train_300k/chunk_*.tar.gz")
    }
    # In the order in which they were taken, and by whole names.
    assert [ref["member"] for ref in row["prompt_media"]] == [
        f"/train_300k/{CLIP}/c01_{number:04d}.jpeg" for number in (1, 4, 22)
    ]


def test_frames_may_lie_in_a_folder_a_zip_or_a_plain_tar(tmp_path: Path) -> None:
    wanted = [f"{CLIP}/c01_{number:04d}.jpeg" for number in (1, 4, 22)]
    for name in NAMES:
        (tmp_path / "unpacked" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "unpacked" / name).touch()
    write_zip(tmp_path / "all.zip", ((name, b"") for name in NAMES))
    write_tar(tmp_path / "all.tar", ((name, b"") for name in NAMES))
    assert members(read(tmp_path, ROW, names=(), frames="unpacked")) == [wanted]
    for container in ("all.zip", "all.tar"):
        found = members(read(tmp_path, ROW, names=(), frames=container))
        assert found == [[f"/{name}" for name in wanted]]


@pytest.mark.parametrize(
    "video", [CLIP, f"{CLIP}.mp4", f"train_300k/{CLIP}", f"/data/clips/{CLIP}.MOV", f"{CLIP}/"]
)
def test_a_clip_is_named_by_the_end_of_its_path(tmp_path: Path, video: str) -> None:
    assert clip_of(video) == CLIP
    assert len(members(read(tmp_path, ROW | {"video": video}))[0]) == 3


def test_long_clips_can_be_thinned_out(tmp_path: Path) -> None:
    assert spaced("abcdefghij", 4) == ["a", "c", "f", "h"]
    assert spaced("abc", 4) == ["a", "b", "c"]
    assert [name[-9:-5] for name in members(read(tmp_path, ROW, max_frames=2))[0]] == [
        "0001", "0004",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="max_frames"):
        ShareGptVideoOptions(max_frames=0)


def test_scores_alike_are_a_tie_and_missing_ones_none(tmp_path: Path) -> None:
    tied = ROW | {"chosen_score": "2"}
    assert read(tmp_path, tied).dropped == {"tie": 1}
    (row,) = read(tmp_path, tied, rule=PairRule(ties="keep")).drafts.to_pylist()
    assert (row["preferred"], row["margin"]) == ("tie", 0.0)
    close = read(tmp_path, ROW, rule=PairRule(min_margin=3.5))
    assert close.dropped == {"tie": 1}
    (row,) = read(tmp_path, ROW | {"chosen_score": None}).drafts.to_pylist()
    assert (row["preferred"], row["margin"]) == ("first", None)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"prompt": None}, "missing_field"),
        ({"prompt": " <video>\n"}, "empty_prompt"),
        ({"video": None}, "missing_field"),
        ({"video": ".."}, "malformed_path"),
        ({"video": ""}, "malformed_path"),
        ({"video": "\ud800"}, "media_missing"),
        ({"video": "v_other-Scene-001"}, "media_missing"),
        ({"chosen": " "}, "empty_response"),
        ({"chosen": {"from": "gpt", "value": None}}, "missing_field"),
        ({"rejected": ["A dog."]}, "not_text"),
        ({"chosen_score": 9}, "score_out_of_range"),
        ({"chosen_score": 1}, "label_contradictory"),
    ],
)
def test_a_bad_record_is_refused_for_its_reason(
    tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    batch = read(tmp_path, ROW, ROW | change)
    assert batch.dead["reason"].to_pylist() == [reason]
    assert batch.drafts.num_rows == 1


def test_answers_may_be_turns(tmp_path: Path) -> None:
    turns = {name: {"from": "gpt", "value": ROW[name]} for name in ("chosen", "rejected")}
    (row,) = read(tmp_path, ROW | turns).drafts.to_pylist()
    assert row["first_text"] == "An anchor speaks."


def test_two_folders_of_one_name_are_taken_for_neither(tmp_path: Path) -> None:
    archive(tmp_path / "train_300k/chunk_1.tar.gz", [f"{CLIP}/c01_0001.jpeg"])
    batch = read(tmp_path, ROW)
    (letter,) = batch.dead.to_pylist()
    assert letter["reason"] == "clip_ambiguous"
    assert "chunk_0.tar.gz" in letter["message"]
    assert "chunk_1.tar.gz" in letter["message"]


def test_only_pictures_right_below_the_clip_s_folder_are_frames(tmp_path: Path) -> None:
    others = [f"{CLIP}/notes.txt", f"{CLIP}/small/c01_0001.jpeg", f"{CLIP}.jpeg"]
    assert len(members(read(tmp_path, ROW, names=[*NAMES, *others]))[0]) == 3


def test_the_tenth_frame_comes_after_the_ninth_and_a_camera_after_another(tmp_path: Path) -> None:
    names = ["c02_1.jpg", "c01_10.jpg", "c01_9.jpg", "c01_0011.jpg"]
    (found,) = members(read(tmp_path, ROW, names=[f"{CLIP}/{name}" for name in names]))
    assert [name.rsplit("/", 1)[1] for name in found] == [
        "c01_9.jpg", "c01_10.jpg", "c01_0011.jpg", "c02_1.jpg",
    ]  # fmt: skip


def test_digits_that_are_no_decimals_order_no_frames(tmp_path: Path) -> None:
    names = ["1²2.jpeg", "1²10.jpeg", "²3.jpeg", "٣.jpeg"]
    (found,) = members(read(tmp_path, ROW, names=[f"{CLIP}/{name}" for name in names]))
    assert [name.rsplit("/", 1)[1] for name in found] == [
        "1²2.jpeg", "1²10.jpeg", "٣.jpeg", "²3.jpeg",
    ]  # fmt: skip


def test_links_and_names_that_leave_the_archive_are_no_frames(tmp_path: Path) -> None:
    buffer = BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as target:
        for name in (f"{CLIP}/c01_1.jpg", f"../{CLIP}/c01_2.jpg", f"/{CLIP}/c01_3.jpg"):
            info = tarfile.TarInfo(name)
            info.size = 1
            target.addfile(info, BytesIO(b"x"))
        link = tarfile.TarInfo(f"{CLIP}/c01_4.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        target.addfile(link)
    (tmp_path / "all.tar").write_bytes(buffer.getvalue())
    found = FrameFolders(str(tmp_path), "all.tar", {CLIP})
    assert found.of(CLIP) == [f"/{CLIP}/c01_1.jpg"]


@pytest.mark.parametrize("cut", [40, -30])
def test_a_damaged_archive_is_an_error_that_names_it(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "chunk_0.tar.gz"
    archive(path, NAMES)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(BuildError, match=r"chunk_0\.tar\.gz: the archive is truncated or damaged"):
        FrameFolders(str(tmp_path), "chunk_*.tar.gz", {CLIP})


@pytest.mark.parametrize("container", ["chunk_*.tar.gz", "frames"])
def test_frames_that_are_not_there_are_an_error(tmp_path: Path, container: str) -> None:
    with pytest.raises(BuildError, match=r"no archive matches|there are no frames"):
        FrameFolders(str(tmp_path), container, {CLIP})
