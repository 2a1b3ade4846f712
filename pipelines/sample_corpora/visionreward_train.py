"""VisionRewardDB-Video, config `train`: single clips with ratings in 21 dimensions.

Columns, names with spaces and ranges from the card. Invented: how many clips a prompt has, the
urls, and that a mirror has the clips as files of the last part of their urls.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from pipelines.sample_corpora.clips import clip
from pipelines.sample_corpora.files import write_parquet
from pipelines.sample_corpora.pictures import truncated
from pipelines.sample_corpora.planted import Corpus, Planted
from pipelines.sample_corpora.scheduling import Mark, counts, scaled, spread, stream
from pipelines.sample_corpora.text import texts

NAME: Final = "visionreward_train"
CLIPS_OF_PROMPT: Final = 3
PROMPTS: Final = 13_581
FULL_SCALE: Final = PROMPTS * CLIPS_OF_PROMPT
RECORDS_FILE: Final = "train/train-00000-of-00001.parquet"
CLIPS_FOLDER: Final = "videos"
GROUP_ROWS: Final = 5_000

#: Dimension -> lowest and highest rating.
RANGES: Final[dict[str, tuple[int, int]]] = {
    **dict.fromkeys(("alignment", "color", "lighting aes", "object motion dynamic"), (1, 5)),
    **dict.fromkeys(("camera motion dynamic", "clear", "image quality stability"), (1, 5)),
    **dict.fromkeys(("detail refinement", "physics law", "unsafe type", "safety"), (1, 5)),
    **dict.fromkeys(("composition", "focus", "camera movement", "camera stability"), (1, 3)),
    **dict.fromkeys(("lighting accurate", "letters"), (1, 4)),
    **dict.fromkeys(("shape throughout", "movement smoothness", "movement reality"), (0, 4)),
    "shape at beginning": (0, 3),
}
SCHEMA: Final = pa.schema(
    [
        ("video_path", pa.string()),
        ("internal_id", pa.string()),
        ("prompt", pa.string()),
        ("url", pa.string()),
        ("annotation", pa.struct([(name, pa.int64()) for name in RANGES])),
        ("meta_result", pa.list_(pa.int64())),
        ("meta_mask", pa.list_(pa.int64())),
    ]
)

#: One record each, of a clip that would neither be the best nor the worst.
RECORD_FAULTS: Final[tuple[str, ...]] = (
    "missing_field",
    "empty_prompt",
    "malformed_path",
    "malformed_annotation",
    "rating_missing",
    "rating_out_of_range",
)
#: The one record of a prompt that has no other clip.
GROUP_FAULT: Final[str] = "too_few_responses"
PAIR_FAULTS: Final[tuple[str, ...]] = ("media_missing", "video_undecodable", "identical_responses")
TIE: Final[str] = "tie"
TRAPS: Final[tuple[str, ...]] = ("clip_rated_again", "unused_broken_clip", "escaped_url")
_SHARE: Final = 0.004
_BEST, _MIDDLE, _WORST = range(CLIPS_OF_PROMPT)

Row = dict[str, Any]


def write(folder: Path, scale: float, seed: int, faults: bool) -> Planted:
    """Write the corpus into `folder`; clips are made one by one."""
    prompts = scaled(PROMPTS, scale, least=24)
    codes = (*RECORD_FAULTS, GROUP_FAULT, *PAIR_FAULTS, TIE, *TRAPS)
    planned = counts(prompts, dict.fromkeys(codes, _SHARE) if faults else {})
    marks = spread(prompts, planned, stream(seed, NAME, "plan"))

    rows = [row for number in range(prompts) for row in _rows(number, marks.get(number), seed)]
    write_parquet(folder / RECORDS_FILE, SCHEMA, rows, GROUP_ROWS)
    shutil.rmtree(folder / CLIPS_FOLDER, ignore_errors=True)
    (folder / CLIPS_FOLDER).mkdir(parents=True)
    files = [RECORDS_FILE]
    for number in range(prompts):
        for name, data in _clips(number, marks.get(number), seed).items():
            (folder / CLIPS_FOLDER / name).write_bytes(data)
            files.append(f"{CLIPS_FOLDER}/{name}")

    bad = {code: planned[code] for code in (*RECORD_FAULTS, GROUP_FAULT) if code in planned}
    tied = {TIE: planned[TIE]} if faults else {}
    dropped = {code: number * CLIPS_OF_PROMPT for code, number in tied.items()}
    return Planted(
        NAME,
        len(rows),
        len(rows) - sum(bad.values()) - sum(dropped.values()),
        bad,
        {code: planned[code] for code in TRAPS if code in planned},
        tuple(files),
        dropped,
        pairs=prompts - sum(tied.values()) - bad.get(GROUP_FAULT, 0),
        pair_faults={code: planned[code] for code in PAIR_FAULTS if code in planned},
    )


CORPUS: Final = Corpus(
    NAME,
    FULL_SCALE,
    write,
    of="visionreward",
    recipe={
        "adapter": "visionreward_train",
        "files": ["train/train-*.parquet", f"{CLIPS_FOLDER}/*.mp4"],
        "pairs": {"rule": "best-worst", "min_margin": 0.1, "ties": "drop"},
        "options": {"clips": CLIPS_FOLDER, "named_by": "url"},
    },
)


def _rows(number: int, mark: Mark | None, seed: int) -> list[Row]:
    """The records of a prompt, in no order of their ratings."""
    code, nth = mark or Mark("", 0)
    rng = stream(seed, NAME, "prompt", number)
    prompt = f"{texts(seed).scenes.one(rng)}, take {number}"
    rows: list[Row] = [
        {
            "video_path": f"clips/{number:05d}/{at}.mp4",
            "internal_id": f"{number:05d}-{at}",
            "prompt": prompt,
            "url": f"https://example.org/clips/{_name(number, at)}?expires=1700000000",
            "annotation": _ratings(rng, _MIDDLE if code == "tie" else at, flat=code == "tie"),
            "meta_result": rng.integers(0, 2, 8).tolist(),
            "meta_mask": [1] * 8,
        }
        for at in range(1 if code == GROUP_FAULT else CLIPS_OF_PROMPT)
    ]
    _spoil(rows, code, nth)
    return [rows[at] for at in rng.permutation(len(rows)).tolist()]


def _name(number: int, at: int) -> str:
    return f"take {number:05d} {at}.mp4"


def _ratings(rng: np.random.Generator, at: int, *, flat: bool) -> dict[str, int]:
    """The best clip rates high in all, the worst low; others between. No two means are close."""
    ratings = {}
    for name, (low, high) in RANGES.items():
        step = 0 if flat else int(rng.integers(2))
        ratings[name] = {_BEST: high - step % 2, _WORST: low + step % 2}.get(at, (low + high) // 2)
    return ratings


def _spoil(rows: list[Row], code: str, nth: int) -> None:
    """Plant the fault or trap that a prompt carries; faults of records in its middle clip."""
    middle = rows[min(_MIDDLE, len(rows) - 1)]
    dimension = tuple(RANGES)[nth % len(RANGES)]
    match code:
        case "missing_field":
            middle[("url", "prompt")[nth % 2]] = None
        case "empty_prompt":
            middle["prompt"] = " "
        case "malformed_path":
            middle["url"] = ("https://example.org/clips/", "", "https://[half/a.mp4")[nth % 3]
        case "malformed_annotation":
            middle["annotation"] = None
        case "rating_missing":
            middle["annotation"][dimension] = None
        case "rating_out_of_range":
            middle["annotation"][dimension] = (RANGES[dimension][1] + 1, -1)[nth % 2]
        case "clip_rated_again":
            middle["url"] = rows[_BEST]["url"]
        case "escaped_url":
            for row in rows:
                row["url"] = row["url"].replace(" ", "%20")


def _clips(number: int, mark: Mark | None, seed: int) -> dict[str, bytes]:
    """The clips of a prompt by name; a fault lies at its best or worst in turn."""
    code, nth = mark or Mark("", 0)
    made = {
        at: clip(stream(seed, NAME, f"clip {at}", number))
        for at in range(1 if code == GROUP_FAULT else CLIPS_OF_PROMPT)
    }
    hurt = (_BEST, _WORST)[nth % 2]
    match code:
        case "media_missing":
            del made[hurt]
        case "video_undecodable":
            made[hurt] = truncated(made[hurt])
        case "identical_responses":
            made[_WORST] = made[_BEST]
        case "unused_broken_clip":
            made[_MIDDLE] = truncated(made[_MIDDLE])
    return {_name(number, at): data for at, data in made.items()}
