"""VisionRewardDB-Video, config `regression`: one small Parquet file, and clips that it only names.

Columns from the card. Invented: the paths, and where a mirror has the clips: as files of the last
part of their paths, or for some or all pairs as frames in a zip archive, named after the clip.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from pipelines.sample_corpora.clips import clip, frames
from pipelines.sample_corpora.files import write_parquet, write_zip
from pipelines.sample_corpora.pictures import truncated
from pipelines.sample_corpora.planted import Corpus, Planted
from pipelines.sample_corpora.scheduling import FAULT_SHARE, Mark, counts, scaled, spread, stream
from pipelines.sample_corpora.text import texts

NAME: Final = "visionreward"
FRAMES_NAME: Final = "visionreward_frames"
FULL_SCALE: Final = 1_795
RECORDS_FILE: Final = "regression/train-00000-of-00001.parquet"
CLIPS_FOLDER: Final = "videos"
FRAMES_FILE: Final = "visionrewardv.zip"
FRAMES_OF_CLIP: Final = 6
GROUP_ROWS: Final = 500

SCHEMA: Final = pa.schema(
    [
        ("internal_id", pa.string()),
        ("prompt", pa.string()),
        ("standard_answer", pa.string()),
        ("video1_path", pa.string()),
        ("video2_path", pa.string()),
    ]
)

RECORD_FAULTS: Final[tuple[str, ...]] = (
    "missing_field",
    "empty_prompt",
    "label_unknown",
    "malformed_path",
    "clip_ambiguous",
)
MEDIA_FAULTS: Final[tuple[str, ...]] = ("media_missing", "identical_responses")
TIE: Final[str] = "tie"
TRAPS: Final[tuple[str, ...]] = ("internal_id_twice", "url_in_place_of_path")
_UNKNOWN: Final = ("both", "Video 3", "3", "")

Row = dict[str, Any]


def write(folder: Path, scale: float, seed: int, faults: bool, with_frames: bool) -> Planted:
    """Write the corpus into `folder`; with frames, two pairs of three have no clips."""
    records = scaled(FULL_SCALE, scale, least=36)
    undecodable = "image_undecodable" if with_frames else "video_undecodable"
    media_faults = (*MEDIA_FAULTS, undecodable)
    codes = (*RECORD_FAULTS, *media_faults, TIE, *TRAPS)
    planned = counts(records, dict.fromkeys(codes, FAULT_SHARE) if faults else {})
    marks = spread(records, planned, stream(seed, NAME, "plan"))

    rows = (_row(number, marks.get(number), seed) for number in range(records))
    write_parquet(folder / RECORDS_FILE, SCHEMA, rows, GROUP_ROWS)
    shutil.rmtree(folder / CLIPS_FOLDER, ignore_errors=True)
    (folder / CLIPS_FOLDER).mkdir(parents=True)
    files = [RECORDS_FILE]
    for number in range(records):
        if with_frames and _in_frames(number, marks.get(number)):
            continue
        for name, data in _clips(number, marks.get(number), seed):
            (folder / CLIPS_FOLDER / name).write_bytes(data)
            files.append(f"{CLIPS_FOLDER}/{name}")
    if with_frames:
        write_zip(folder / FRAMES_FILE, _frames(records, marks, seed))
        files.append(FRAMES_FILE)

    bad = {code: planned[code] for code in (*RECORD_FAULTS, *media_faults) if code in planned}
    dropped = {TIE: planned[TIE]} if faults else {}
    traps = {code: planned[code] for code in TRAPS if code in planned}
    good = records - sum(bad.values()) - sum(dropped.values())
    name = FRAMES_NAME if with_frames else NAME
    return Planted(name, records, good, bad, traps, tuple(files), dropped)


CORPUS: Final = Corpus(NAME, FULL_SCALE, partial(write, with_frames=False))

FRAMES: Final = Corpus(
    FRAMES_NAME,
    FULL_SCALE,
    partial(write, with_frames=True),
    of=NAME,
    recipe={
        "files": ["regression/train-*.parquet", f"{CLIPS_FOLDER}/*.mp4", FRAMES_FILE],
        "options": {"frames": FRAMES_FILE},
    },
)


def _in_frames(number: int, mark: Mark | None) -> bool:
    """Whether a pair is kept as frames: two of three, and the one with a picture to be broken."""
    return number % 3 > 0 or (mark is not None and mark.code == "image_undecodable")


def _row(number: int, mark: Mark | None, seed: int) -> Row:
    code, nth = mark or Mark("", 0)
    rng = stream(seed, NAME, "row", number)
    row: Row = {
        "internal_id": f"{number:06d}",
        "prompt": f"{texts(seed).scenes.one(rng)}, {texts(seed).scenes.one(rng)}",
        "standard_answer": ("video1", "video2")[rng.integers(2)],
        "video1_path": f"/data/annotation/batch_{number % 7}/{number:05d}_a.mp4",
        "video2_path": f"../batch_{number % 7}/{number:05d}_b.mp4",
    }
    match code:
        case "missing_field":
            names = ("prompt", "standard_answer", "video1_path", "video2_path")
            row[names[nth % len(names)]] = None
        case "empty_prompt":
            row["prompt"] = " \n"
        case "label_unknown":
            row["standard_answer"] = _UNKNOWN[nth % len(_UNKNOWN)]
        case "tie":
            row["standard_answer"] = "tie"
        case "malformed_path":
            row["video2_path"] = ("", "/data/annotation/", "..")[nth % 3]
        case "clip_ambiguous":
            row["video2_path"] = f"/data/elsewhere/{number:05d}_a.mp4"
        case "media_missing":
            row[f"video{nth % 2 + 1}_path"] = f"/data/annotation/{number:05d}_lost.mp4"
        case "internal_id_twice":
            row["internal_id"] = f"{max(number - 1, 0):06d}"
        case "url_in_place_of_path":
            row["video1_path"] = f"https://example.org/v/{number:05d}%5Fa.mp4?sign=a/b.mp4"
    return row


def _clips(number: int, mark: Mark | None, seed: int) -> Iterator[tuple[str, bytes]]:
    """The clips of a pair as files; a fault lies on either side in turn."""
    code, nth = mark or Mark("", 0)
    for side, letter in enumerate("ab"):
        seen = 0 if code == "identical_responses" else side
        data = clip(stream(seed, NAME, f"clip {seen}", number))
        hurt = nth % 2 == side
        broken = hurt and code == "video_undecodable"
        yield f"{number:05d}_{letter}.mp4", truncated(data) if broken else data


def _frames(records: int, marks: dict[int, Mark], seed: int) -> Iterator[tuple[str, bytes]]:
    """The frames of all pairs without clips; named in either of two ways."""
    for number in range(records):
        mark = marks.get(number)
        if not _in_frames(number, mark):
            continue
        code, nth = mark or Mark("", 0)
        between = "/" if number % 2 else "_frame_"
        for side, letter in enumerate("ab"):
            seen = 0 if code == "identical_responses" else side
            hurt = nth % 2 == side
            made = frames(stream(seed, NAME, f"clip {seen}", number), FRAMES_OF_CLIP)
            for at, data in enumerate(made):
                broken = hurt and at == nth % FRAMES_OF_CLIP and code == "image_undecodable"
                # Without leading zeros: the tenth comes after the ninth all the same.
                name = f"visionrewardv/{number:05d}_{letter}{between}{at + 7}.jpg"
                yield name, truncated(data) if broken else data
