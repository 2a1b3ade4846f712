"""Datasets written row by row as a build lays them out, for tests that need known content.

Rows have real ids, real media and the schema of published shards; nothing is built, so that a
dataset takes milliseconds and may hold what a build would not let through.
"""

from __future__ import annotations

import hashlib
import io
import json
import wave
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from schemas.ids import row_id
from schemas.pair import PAIR_SCHEMA
from transforms.writing.prepared import shard_of

Row = dict[str, Any]

#: Subset, task and kind of the thirteen published subsets.
PAPER: dict[str, tuple[str, str]] = {
    "Skywork-Reward-Preference": ("t2t", "general"),
    "Omni-Skywork-Reward-Preference": ("t2t", "instruction"),
    "Omni-UltraFeedback": ("t2t", "instruction"),
    "RLAIF-V": ("ti2t", "general"),
    "OmniAlign-V-DPO": ("ti2t", "general"),
    "Omni-RLAIF-V": ("ti2t", "instruction"),
    "Omni-VLFeedback": ("ti2t", "instruction"),
    "HPDv2": ("t2i", "general"),
    "EvalMuse": ("t2i", "general"),
    "Omni-HPDv2": ("t2i", "instruction"),
    "Omni-Open-Image-Preferences": ("t2i", "instruction"),
    "VideoDPO": ("t2v", "general"),
    "VisionRewardDB-Video": ("t2v", "general"),
}
#: And of a subset for each of the other tasks.
OTHERS: dict[str, tuple[str, str]] = {
    "Clips": ("tv2t", "general"),
    "Sounds": ("ta2t", "instruction"),
    "Made-Sounds": ("t2a", "general"),
    "Shapes": ("t23d", "general"),
    "Edits": ("ti2i", "instruction"),
}


@lru_cache(maxsize=256)
def picture(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), np.uint8)
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    return data.getvalue()


@lru_cache(maxsize=64)
def sound(seed: int) -> bytes:
    data = io.BytesIO()
    with wave.open(data, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8_000)
        out.writeframes(np.random.default_rng(seed).integers(-99, 99, 800, np.int16).tobytes())
    return data.getvalue()


@lru_cache(maxsize=64)
def video(seed: int, frames: int = 10) -> bytes:
    """A clip of grey frames, each brighter than the one before."""
    import av

    data = io.BytesIO()
    with av.open(data, "w", format="mp4") as out:
        stream = out.add_stream("mpeg4", rate=8)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        for number in range(frames):
            grey = np.full((32, 32, 3), 20 * number + seed % 7, np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(grey, "rgb24")))
        out.mux(stream.encode())
    return data.getvalue()


def medium(data: bytes, ending: str) -> dict[str, Any]:
    return {"bytes": data, "path": f"{hashlib.sha256(data).hexdigest()}.{ending}"}


def info(cell: Mapping[str, Any], **facts: Any) -> dict[str, Any]:
    name, _, ending = cell["path"].partition(".")
    return {"digest": name, "format": ending, "bytes": len(cell["bytes"]), **facts}


def _media(task: str, seed: int) -> tuple[Row, Row, Row]:
    """Media of the prompt and of each response, by column."""
    first, second = 2 * seed + 1_000, 2 * seed + 1_001
    match task:
        case "ti2t":
            return {"prompt_images": [medium(picture(seed), "png")]}, {}, {}
        case "tv2t":
            return {"prompt_frames": [medium(picture(seed + n), "png") for n in range(5)]}, {}, {}
        case "ta2t":
            return {"prompt_audios": [medium(sound(seed), "wav")]}, {}, {}
        case "t2i":
            return {}, *({"image": medium(picture(one), "png")} for one in (first, second))
        case "t2v" if seed % 2:
            return {}, *({"video": medium(video(one % 8), "mp4")} for one in (first, second))
        case "t2v":
            clips = ([medium(picture(one * 10 + n), "png") for n in range(6)] for one in
                     (first, second))  # fmt: skip
            return {}, *({"frames": clip} for clip in clips)
        case "t2a":
            return {}, *({"audio": medium(sound(one), "wav")} for one in (first, second))
        case "t23d":
            return {}, *({"views": [medium(picture(one), "png")]} for one in (first, second))
        case "ti2i":
            shown = {"prompt_images": [medium(picture(seed), "png")]}
            return shown, *({"image": medium(picture(one), "png")} for one in (first, second))
    return {}, {}, {}


def make_row(subset: str, number: int, **changes: Any) -> Row:
    """A row of a subset; `changes` replaces columns, and the row's id follows its criterion."""
    task, kind = (PAPER | OTHERS)[subset]
    prompt_media, *sides = _media(task, number)
    pair = hashlib.sha256(f"{task}/{number}".encode()).hexdigest()[:32]
    row: Row = {
        "pair_id": pair,
        "task": task,
        "subset": subset,
        "kind": kind,
        "prompt_group": pair,
        "media_group": pair,
        "prompt": [{"role": "user", "content": f"Question {number}?"}],
        **prompt_media,
        "preference": "ab"[number % 2],
        "source_preference": "ab"[number % 2],
        "annotator": "human",
        "source": {"corpus": "made", "revision": "1", "key": str(number), "licence": "mit"},
        "nc": False,
    }
    shown = [cell for cells in prompt_media.values() for cell in cells]
    row["prompt_info"] = [info(cell) for cell in shown] or None
    for side, media in zip("ab", sides, strict=True):
        row |= {f"response_{side}_{slot}": cells for slot, cells in media.items()}
        if not media:
            row[f"response_{side}_text"] = f"Answer {side} to {number}."
        cells = [
            one
            for value in media.values()
            for one in (value if isinstance(value, list) else [value])
        ]
        row[f"response_{side}_info"] = [info(cell) for cell in cells] or None
    if kind == "instruction":
        row |= {"criterion": f"The response should be {number}.", "criterion_origin": "llm"}
    row |= changes
    return {"row_id": row_id(subset, row["pair_id"], row.get("criterion")), **row}


def make_rows(subset: str, numbers: Iterable[int]) -> list[Row]:
    return [make_row(subset, number) for number in numbers]


def write_dataset(
    folder: Path,
    subsets: Mapping[str, list[Row]],
    shards: int = 1,
    split: str = "train",
    group_rows: int = 50,
) -> Path:
    """Write a dataset as a build lays it out, with its record; gives the folder."""
    record: dict[str, Any] = {"name": "made", "subsets": {}}
    for subset, rows in subsets.items():
        table = pa.Table.from_pylist(rows, schema=PAIR_SCHEMA).sort_by("row_id")
        target = folder / "data" / subset
        target.mkdir(parents=True, exist_ok=True)
        at = shard_of(table["pair_id"], shards)
        entry: dict[str, Any] = {"rows": len(rows), "shards": {}}
        for number in range(shards):
            path = target / f"{split}-{number:05d}-of-{shards:05d}.parquet"
            pq.write_table(table.filter(pa.array(at == number)), path, row_group_size=group_rows)
            data = path.read_bytes()
            entry["shards"][path.name] = {
                "rows": int((at == number).sum()),
                "bytes": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
            }
        record["subsets"][subset] = entry | {"task": rows[0]["task"] if rows else "t2t"}
    (folder / "run_record.json").write_text(json.dumps(record))
    return folder
