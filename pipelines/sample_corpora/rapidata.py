"""Rapidata: pictures or clips of two models, and what a crowd said, as shares or as text.

Columns from the dataset cards and a public loader. Invented: what the texts of votes hold (in the
ways in which the makers' programming interface gives results), and the names of the files.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from pipelines.sample_corpora.clips import clip
from pipelines.sample_corpora.files import write_parquet
from pipelines.sample_corpora.pictures import picture, truncated, web_page
from pipelines.sample_corpora.planted import Corpus, Planted
from pipelines.sample_corpora.scheduling import FAULT_SHARE, Mark, counts, scaled, spread, stream
from pipelines.sample_corpora.text import BLANKS, texts

IMAGES: Final = "rapidata_images"
VIDEO: Final = "rapidata_video"
IMAGES_FULL_SCALE: Final = 17_192
#: Of all its parts, by a re-release; what the first one has is not known.
VIDEO_FULL_SCALE: Final = 6_930
SHARDS: Final = 3
GROUP_ROWS: Final = 200
VIDEO_FILE: Final = "data/train-00000-of-00001.parquet"
CLIPS_FOLDER: Final = "videos"
VOTERS: Final = 10
QUESTIONS: Final = ("Preference", "Coherence", "Alignment")

_IMAGE: Final = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_TEXT: Final = pa.string()
IMAGES_SCHEMA: Final = pa.schema(
    [
        ("id", _TEXT),
        ("prompt", _TEXT),
        ("image1", _IMAGE),
        ("image2", _IMAGE),
        *((name, _TEXT) for name in ("images", "model1", "model2", "evolution", "category")),
        *((name, _TEXT) for name in ("subcategory", "preference_responses")),
        ("aggregated_results", _TEXT),
        ("detailed_results", _TEXT),
    ]
)
VIDEO_SCHEMA: Final = pa.schema(
    [
        *((name, _TEXT) for name in ("prompt", "video1", "video2", "file_name1", "file_name2")),
        *((name, _TEXT) for name in ("model1", "model2")),
        *(
            (f"weighted_results{side}_{question}", pa.float64())
            for question in QUESTIONS
            for side in (1, 2)
        ),
        *((f"detailedResults_{question}", _TEXT) for question in QUESTIONS),
    ]
)

IMAGE_RECORD_FAULTS: Final[tuple[str, ...]] = (
    "missing_field",
    "empty_prompt",
    "malformed_votes",
    "label_unknown",
    "no_votes",
    "too_few_votes",
)
VIDEO_RECORD_FAULTS: Final[tuple[str, ...]] = (
    "missing_field",
    "empty_prompt",
    "malformed_votes",
    "no_votes",
    "malformed_path",
)
MEDIA_FAULTS: Final[tuple[str, ...]] = ("media_missing", "identical_responses")
TIE: Final[str] = "tie"
IMAGE_TRAPS: Final[tuple[str, ...]] = ("python_value", "named_by_model", "other_order")

_MODELS: Final = ("sora", "hunyuan", "flux", "sd3", "pika-2.2")
_NOT_VOTES: Final = ("7 of 10", '{"a": 7, "b"', "[7, 3]", '{"image1": "many", "image2": 3}')

Row = dict[str, Any]


def write_images(folder: Path, scale: float, seed: int, faults: bool) -> Planted:
    """Write the corpus of pictures into `folder`."""
    records = scaled(IMAGES_FULL_SCALE, scale, least=40)
    media = (*MEDIA_FAULTS, "image_undecodable")
    codes = (*IMAGE_RECORD_FAULTS, *media, *IMAGE_TRAPS)
    planned = counts(records, dict.fromkeys(codes, FAULT_SHARE) | {TIE: 0.05}) if faults else {}
    marks = spread(records, planned, stream(seed, IMAGES, "plan"))
    files = tuple(f"data/train-{at:05d}-of-{SHARDS:05d}.parquet" for at in range(SHARDS))
    for shard, file in enumerate(files):
        numbers = range(shard * records // SHARDS, (shard + 1) * records // SHARDS)
        rows = (_image_row(number, marks.get(number) or Mark("", 0), seed) for number in numbers)
        write_parquet(folder / file, IMAGES_SCHEMA, rows, GROUP_ROWS)
    faulty = (*IMAGE_RECORD_FAULTS, *media)
    return _planted(IMAGES, records, planned, faulty, IMAGE_TRAPS, files)


def write_video(folder: Path, scale: float, seed: int, faults: bool) -> Planted:
    """Write the corpus of clips into `folder`."""
    records = scaled(VIDEO_FULL_SCALE, scale, least=30)
    media = (*MEDIA_FAULTS, "video_undecodable")
    codes = (*VIDEO_RECORD_FAULTS, *media)
    planned = counts(records, dict.fromkeys(codes, FAULT_SHARE) | {TIE: 0.05}) if faults else {}
    marks = spread(records, planned, stream(seed, VIDEO, "plan"))
    shutil.rmtree(folder / CLIPS_FOLDER, ignore_errors=True)
    rows, files = [], [VIDEO_FILE]
    for number in range(records):
        mark = marks.get(number) or Mark("", 0)
        rows.append(_video_row(number, mark, seed))
        files += _clips(folder, number, mark, seed)
    write_parquet(folder / VIDEO_FILE, VIDEO_SCHEMA, rows, GROUP_ROWS)
    faulty = (*VIDEO_RECORD_FAULTS, *media)
    return _planted(VIDEO, records, planned, faulty, (), tuple(files))


IMAGES_CORPUS: Final = Corpus(IMAGES, IMAGES_FULL_SCALE, write_images)
VIDEO_CORPUS: Final = Corpus(VIDEO, VIDEO_FULL_SCALE, write_video)


def _planted(
    name: str,
    records: int,
    planned: dict[str, int],
    faulty: tuple[str, ...],
    odd: tuple[str, ...],
    files: tuple[str, ...],
) -> Planted:
    bad = {code: planned[code] for code in faulty if code in planned}
    dropped = {code: planned[code] for code in (TIE,) if code in planned}
    traps = {code: planned[code] for code in odd if code in planned}
    good = records - sum(bad.values()) - sum(dropped.values())
    return Planted(name, records, good, bad, traps, files, dropped)


def _models(number: int) -> list[str]:
    """The two models of a record: its number decides, so that names are the same for any seed."""
    first, step = number % len(_MODELS), 1 + number // len(_MODELS) % (len(_MODELS) - 1)
    return [_MODELS[first], _MODELS[(first + step) % len(_MODELS)]]


def _image_row(number: int, mark: Mark, seed: int) -> Row:
    code, nth = mark
    rng = stream(seed, IMAGES, "row", number)
    models = _models(number)
    names = [f"{model}_{number:05d}.jpg" for model in models]
    for_first = 5 if code == TIE else (VOTERS - 2, 2)[rng.integers(2)]
    votes = [for_first, VOTERS - for_first]
    called = models if code == "named_by_model" else names
    told = dict(zip(called, votes, strict=True))
    if code == "other_order":
        told = dict(reversed(told.items()))
    said = [name for name, number_ in zip(names, votes, strict=True) for _ in range(number_)]
    row: Row = {
        "id": f"{number:05d}-quality",
        "prompt": f"{texts(seed).scenes.one(rng)}, {texts(seed).scenes.one(rng)}",
        "images": json.dumps(names),
        "model1": models[0],
        "model2": models[1],
        "evolution": "quality",
        "category": "Manga",
        "subcategory": "detailed",
        "preference_responses": json.dumps(said),
        "aggregated_results": repr(told) if code == "python_value" else json.dumps(told),
        "detailed_results": json.dumps(
            [{"votedFor": name, "userDetails": {"country": "CH"}} for name in said]
        ),
    }
    for at, name in enumerate(names):
        seen = 0 if code == "identical_responses" else at
        data = picture(stream(seed, IMAGES, f"picture {seen}", number), 64)
        hurt = nth % 2 == at
        if code == "image_undecodable" and hurt:
            data = (truncated(data), web_page(number))[nth // 2 % 2]
        lost = code == "media_missing" and hurt
        row[f"image{at + 1}"] = {"bytes": None if lost else data, "path": name}
    match code:
        case "missing_field":
            row[("prompt", "aggregated_results")[nth % 2]] = None
        case "empty_prompt":
            row["prompt"] = BLANKS[nth % len(BLANKS)]
        case "malformed_votes":
            row["aggregated_results"] = _NOT_VOTES[nth % len(_NOT_VOTES)]
        case "label_unknown":
            row["aggregated_results"] = json.dumps({names[0]: 7, "somebody_else.jpg": 3})
        case "no_votes":
            row["aggregated_results"] = json.dumps(dict.fromkeys(names, 0))
        case "too_few_votes":
            row["aggregated_results"] = json.dumps({names[0]: 2, names[1]: 1})
    return row


def _file_names(number: int) -> list[str]:
    """Where the clips of a record lie below their folder."""
    if number % 9 == 4:  # of such records the first clip is named by a URL
        return [f"{number:04d}_url.mp4", f"{_models(number)[1]}/{number:04d}.mp4"]
    return [f"{model}/{number:04d}.mp4" for model in _models(number)]


def _video_row(number: int, mark: Mark, seed: int) -> Row:
    code, nth = mark
    rng = stream(seed, VIDEO, "row", number)
    models = _models(number)
    names = _file_names(number)
    share = 0.5 if code == TIE else (0.7, 0.2)[rng.integers(2)]
    row: Row = {
        "prompt": f"{texts(seed).scenes.one(rng)}, {texts(seed).scenes.one(rng)}",
        "model1": models[0],
        "model2": models[1],
    }
    for side, name in enumerate(names, start=1):
        row[f"video{side}"] = f"https://example.org/previews/{name}.gif"
        escaped = f"https://example.org/v/{name.replace('_', '%5F')}?sign=a/b.mp4"
        row[f"file_name{side}"] = escaped if "_url" in name else name
    for question in QUESTIONS:
        row[f"weighted_results1_{question}"] = share
        row[f"weighted_results2_{question}"] = 1 - share
        row[f"detailedResults_{question}"] = json.dumps([{"votedFor": names[0]}])
    match code:
        case "missing_field":
            columns = ("prompt", "file_name1", "weighted_results2_Preference")
            row[columns[nth % len(columns)]] = None
        case "empty_prompt":
            row["prompt"] = BLANKS[nth % len(BLANKS)]
        case "malformed_votes":
            row["weighted_results1_Preference"] = -0.25
        case "no_votes":
            row |= {f"weighted_results{side}_Preference": 0.0 for side in (1, 2)}
        case "malformed_path":
            row["file_name2"] = ("", "sora/", "../other.mp4")[nth % 3]
        case "media_missing":
            row[f"file_name{nth % 2 + 1}"] = f"lost/{number:04d}.mp4"
    return row


def _clips(folder: Path, number: int, mark: Mark, seed: int) -> list[str]:
    """Write the clips of a record; returns their names within the corpus."""
    code, nth = mark
    written = []
    for at, name in enumerate(_file_names(number)):
        seen = 0 if code == "identical_responses" else at
        hurt = nth % 2 == at
        data = clip(stream(seed, VIDEO, f"clip {seen}", number))
        if code == "video_undecodable" and hurt:
            data = (truncated(data), web_page(number))[nth // 2 % 2]
        path = folder / CLIPS_FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        written.append(f"{CLIPS_FOLDER}/{name}")
    return written
