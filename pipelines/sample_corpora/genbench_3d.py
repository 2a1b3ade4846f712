"""3DGen-Bench: labels of two assets in five dimensions, pictures of their views, meshes or none.

Layout from the authors' loader (3DTopia/3DGen-Bench). Invented: the names of records and models,
the folder of the meshes, and that every record has a prompt of its own.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from pipelines.sample_corpora.files import write_json
from pipelines.sample_corpora.pictures import truncated, web_page
from pipelines.sample_corpora.planted import Corpus, Planted
from pipelines.sample_corpora.scheduling import FAULT_SHARE, Mark, counts, scaled, spread, stream
from pipelines.sample_corpora.shapes import mesh, views
from pipelines.sample_corpora.text import BLANKS, texts

NAME: Final = "genbench_3d"
VIEWS_NAME: Final = "genbench_3d_views"
#: 68,000 votes by the paper, five to a comparison.
FULL_SCALE: Final = 13_600
RECORDS_FILE: Final = "preference_annotation/train.json"
PROMPTS_FILE: Final = "gallery/prompts_510.json"
VIEWS_FOLDER: Final = "surrounding_views"
MESHES_FOLDER: Final = "assets"
DIMENSIONS: Final = ("geometry", "geo_detail", "texture", "geo_texture", "alignment")

RECORD_FAULTS: Final[tuple[str, ...]] = (
    "missing_field",
    "unknown_task",
    "malformed_index",
    "index_out_of_range",
    "malformed_models",
    "label_unknown",
    "no_votes",
    "empty_prompt",
)
MEDIA_FAULTS: Final[tuple[str, ...]] = ("media_missing", "image_undecodable", "identical_responses")
MESH_FAULT: Final[str] = "mesh_undecodable"
TIE: Final[str] = "tie"
OTHER_TASK: Final[str] = "image2shape"
TRAPS: Final[tuple[str, ...]] = ("index_as_text", "unlabelled_dimension")

_MODELS: Final = ("lgm", "mvdream", "latent-nerf", "grm", "sz123")

Record = dict[str, Any]


def write(folder: Path, scale: float, seed: int, faults: bool, meshes: bool) -> Planted:
    """Write the corpus into `folder`; a third of the records has a picture for a prompt."""
    records = scaled(FULL_SCALE, scale, least=36)
    media_faults = (*MEDIA_FAULTS, *((MESH_FAULT,) if meshes else ()))
    codes = (*RECORD_FAULTS, *media_faults, TIE, *TRAPS)
    planned = counts(
        records, {OTHER_TASK: 0.3} | (dict.fromkeys(codes, FAULT_SHARE) if faults else {})
    )
    marks = spread(records, planned, stream(seed, NAME, "plan"))
    for old in (VIEWS_FOLDER, MESHES_FOLDER):
        shutil.rmtree(folder / old, ignore_errors=True)
    made = [_record(number, marks.get(number), seed, records) for number in range(records)]
    write_json(folder / RECORDS_FILE, dict(made))
    write_json(
        folder / PROMPTS_FILE,
        [_prompt(number, marks.get(number), seed) for number in range(records)],
    )
    files = [RECORDS_FILE, PROMPTS_FILE]
    for number in range(records):
        for name, data in _media(number, marks.get(number), seed, meshes=meshes):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
            files.append(name)
    bad = {code: planned[code] for code in (*RECORD_FAULTS, *media_faults) if code in planned}
    dropped = {code: planned[code] for code in (OTHER_TASK, TIE) if code in planned}
    traps = {code: planned[code] for code in TRAPS if code in planned}
    good = records - sum(bad.values()) - sum(dropped.values())
    name = NAME if meshes else VIEWS_NAME
    return Planted(name, records, good, bad, traps, tuple(files), dropped)


#: The one layout that has meshes: so that a sample of all corpora has all five modalities.
CORPUS: Final = Corpus(
    NAME,
    FULL_SCALE,
    partial(write, meshes=True),
    recipe={
        "files": [
            RECORDS_FILE,
            PROMPTS_FILE,
            f"{VIEWS_FOLDER}/text2shape/*/*_rgb.png",
            f"{MESHES_FOLDER}/text2shape/*/*.glb",
        ],
        "options": {"mesh_root": MESHES_FOLDER},
    },
)


VIEWS: Final = Corpus(VIEWS_NAME, FULL_SCALE, partial(write, meshes=False), of=NAME)


def _prompt(number: int, mark: Mark | None, seed: int) -> str:
    if mark is not None and mark.code == "empty_prompt":
        return BLANKS[mark.nth % len(BLANKS)]
    return texts(seed).scenes.one(stream(seed, NAME, "prompt", number))


def _models_of(number: int) -> list[str]:
    """The two models of a record: its number decides, so that names are the same for any seed."""
    first, step = number % len(_MODELS), 1 + number // len(_MODELS) % (len(_MODELS) - 1)
    return [_MODELS[first], _MODELS[(first + step) % len(_MODELS)]]


def _record(number: int, mark: Mark | None, seed: int, records: int) -> tuple[str, Record]:
    """A record and its name."""
    code, nth = mark or Mark("", 0)
    rng = stream(seed, NAME, "row", number)
    models = _models_of(number)
    record: Record = {
        "task": OTHER_TASK if code == OTHER_TASK else "text2shape",
        "offline_idx": number,
        "models": models,
        **_labels(rng, tied=code == TIE),
    }
    hurt = DIMENSIONS[nth % len(DIMENSIONS)]
    match code:
        case "missing_field":
            record[("task", "offline_idx")[nth % 2]] = None
        case "unknown_task":
            record["task"] = ("shape2shape", "")[nth % 2]
        case "malformed_index":
            record["offline_idx"] = (-1, 0.5, "first")[nth % 3]
        case "index_out_of_range":
            record["offline_idx"] = records + nth
        case "malformed_models":
            record["models"] = (models[:1], [*models, "x"], ["..", "lgm"], "lgm")[nth % 4]
        case "label_unknown":
            record[hurt] = (None, {"label_0": 1}, {"label_0": "first", "label_1": 0})[nth % 3]
        case "no_votes":
            record |= {name: {"label_0": 0, "label_1": 0} for name in DIMENSIONS}
        case "media_missing":
            record["models"] = [("lost", model)[at != nth % 2] for at, model in enumerate(models)]
        case "index_as_text":
            record["offline_idx"] = str(number)
        case "unlabelled_dimension":
            record[hurt] = {"label_0": 0, "label_1": 0}
    return f"{number:05d}_{'_vs_'.join(models)}", record


def _labels(rng: np.random.Generator, *, tied: bool) -> Record:
    """Labels of all dimensions; four at least speak for the same asset, or all for neither."""
    won = int(rng.integers(2))
    odd = int(rng.integers(len(DIMENSIONS)))
    labels: Record = {}
    for at, name in enumerate(DIMENSIONS):
        share = 0.5 if tied else float(won if at != odd else 0.5)
        labels[name] = {"label_0": 1 - share, "label_1": share}
    return labels


def _media(
    number: int, mark: Mark | None, seed: int, *, meshes: bool
) -> Iterator[tuple[str, bytes]]:
    """The pictures and meshes of a record's assets; a fault lies on either asset in turn."""
    code, nth = mark or Mark("", 0)
    for side, model in enumerate(_models_of(number)):
        seen = 0 if code == "identical_responses" else side
        hurt = nth % 2 == side
        rng = stream(seed, NAME, f"asset {seen}", number)
        data, body = views(rng), mesh(rng) if meshes else b""
        path = f"text2shape/{model}/{number}"
        broken = code == "image_undecodable" and hurt
        yield f"{VIEWS_FOLDER}/{path}_rgb.png", truncated(data) if broken else data
        yield f"{VIEWS_FOLDER}/{path}_normal.png", views(rng)
        if meshes:
            if code == MESH_FAULT and hurt:
                body = (truncated(body), web_page(number))[nth // 2 % 2]
            yield f"{MESHES_FOLDER}/{path}.glb", body
