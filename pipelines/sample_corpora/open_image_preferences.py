"""Open Image Preferences: two pictures of one prompt, binarized or as the annotators answered.

Layouts from ``community-efforts/image_preferences/04_binarize_preference_results.ipynb``
(huggingface/data-is-better-together), which shows a record of the results and makes the binarized
release of them. Numbers of files and of annotators are invented.
"""

from __future__ import annotations

from pathlib import Path
from shutil import rmtree
from typing import Any, Final

import numpy as np
import pyarrow as pa

from pipelines.sample_corpora.files import replacing, write_parquet
from pipelines.sample_corpora.pictures import picture, truncated, web_page
from pipelines.sample_corpora.planted import Corpus, Planted
from pipelines.sample_corpora.scheduling import FAULT_SHARE, Mark, counts, scaled, spread, stream
from pipelines.sample_corpora.text import texts

NAME: Final = "open_image_preferences"
FULL_SCALE: Final = 7_460
RESULTS: Final = f"{NAME}_results"
RESULTS_FULL_SCALE: Final = 10_000
SHARDS: Final = 5
RESULTS_FILE: Final = "data/train-00000-of-00001.parquet"
GROUP_ROWS: Final = 400
_SIZE: Final = 96

_IMAGE: Final = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_ABOUT: Final = [("evolution", pa.string()), ("category", pa.string())]
SCHEMA: Final = pa.schema(
    [
        ("id", pa.string()),
        ("prompt", pa.string()),
        ("chosen", _IMAGE),
        ("rejected", _IMAGE),
        ("chosen_model", pa.string()),
        ("rejected_model", pa.string()),
        *_ABOUT,
        ("sub_category", pa.string()),
    ]
)
_URLS: Final = pa.struct([(name, pa.string()) for name in ("image_1", "image_2", "prompt")])
RESULTS_SCHEMA: Final = pa.schema(
    [
        ("id", pa.string()),
        ("status", pa.string()),
        ("_server_id", pa.string()),
        ("images", _URLS),
        ("model_1", pa.string()),
        ("model_2", pa.string()),
        *_ABOUT,
        ("sub_category", pa.string()),
        *(
            (f"preference.responses{part}", pa.list_(pa.string()))
            for part in ("", ".users", ".status")
        ),
    ]
)

FAULTS: Final = ("media_missing", "image_undecodable", "identical_responses", "missing_field")
TRAPS: Final = ("repeated_id", "png_image", "no_model")
VOTE_FAULTS: Final = ("no_votes", "malformed_votes", "label_unknown")
VOTE_TRAPS: Final = ("unsubmitted_vote", "address_with_query")
NATIVE_TRAPS: Final = {"non_ascii": 0.02}
NATIVE_VOTE_TRAPS: Final = {"both_good_in_minority": 0.2}

_MODELS: Final = {
    "dev": "black-forest-labs/FLUX.1-dev",
    "sd": "stabilityai/stable-diffusion-3.5-large",
}
_CATEGORIES: Final = ("Manga", "Painting", "Cinematic", "Photographic", "Animation", "3D Model")
_HOST: Final = "https://huggingface.co/datasets/data-is-better-together"
_FOLDER: Final = f"{_HOST}/image-preferences-filtered/resolve/main"
_NO_VOTES: Final[tuple[list[str] | None, ...]] = (None, [], ["draft", "discarded"])

Row = dict[str, Any]


def write(folder: Path, scale: float, seed: int, faults: bool) -> Planted:
    """Write the binarized release into `folder`."""
    records = scaled(FULL_SCALE, scale, least=50)
    bad = counts(records, dict.fromkeys(FAULTS, FAULT_SHARE)) if faults else {}
    odd = counts(records, NATIVE_TRAPS | (dict.fromkeys(TRAPS, 2 * FAULT_SHARE) if faults else {}))
    marks = spread(records, bad | odd, stream(seed, NAME, "plan"))
    files = tuple(f"data/train-{at:05d}-of-{SHARDS:05d}.parquet" for at in range(SHARDS))
    for shard, file in enumerate(files):
        numbers = range(shard * records // SHARDS, (shard + 1) * records // SHARDS)
        rows = (_row(number, marks.get(number), seed) for number in numbers)
        write_parquet(folder / file, SCHEMA, rows, GROUP_ROWS)
    return Planted(NAME, records, records - sum(bad.values()), bad, odd, files)


CORPUS: Final = Corpus(NAME, FULL_SCALE, write)


def write_results(folder: Path, scale: float, seed: int, faults: bool) -> Planted:
    """Write the annotation results into `folder`, and the pictures as files beside them."""
    records = scaled(RESULTS_FULL_SCALE, scale, least=50)
    codes = (*FAULTS, *VOTE_FAULTS)
    bad = counts(records, dict.fromkeys(codes, FAULT_SHARE)) if faults else {}
    dropped = counts(records, {"tie": 0.05}) if faults else {}
    odd = counts(
        records,
        NATIVE_TRAPS
        | NATIVE_VOTE_TRAPS
        | (dict.fromkeys(VOTE_TRAPS, 2 * FAULT_SHARE) if faults else {}),
    )
    marks = spread(records, bad | dropped | odd, stream(seed, RESULTS, "plan"))
    rmtree(folder / "images", ignore_errors=True)
    rows = (_result(folder, number, marks.get(number), seed) for number in range(records))
    write_parquet(folder / RESULTS_FILE, RESULTS_SCHEMA, rows, GROUP_ROWS)
    pictures = sorted(str(file.relative_to(folder)) for file in folder.glob("images/*/*.jpg"))
    # Both pictures of every record are called alike, in two folders.
    odd["one_name_in_two_folders"] = good = records - sum(bad.values()) - sum(dropped.values())
    return Planted(RESULTS, records, good, bad, odd, (RESULTS_FILE, *pictures), dropped)


CORPUS_OF_RESULTS: Final = Corpus(
    RESULTS,
    RESULTS_FULL_SCALE,
    write_results,
    of=NAME,
    recipe={
        "adapter": RESULTS,
        "repo": "data-is-better-together/open-image-preferences-v1-results",
        "files": ["data/train-*.parquet"],
        "pairs": {"ties": "drop"},
        "options": {"folder": "images"},
    },
)


def _prompt(rng: np.random.Generator, code: str, seed: int) -> str:
    pool = texts(seed)
    prompt = pool.scenes.one(rng) + ", " + pool.scenes.one(rng).lower()
    return pool.foreign(rng, 40) if code == "non_ascii" else prompt


def _about(number: int) -> Row:
    """The fields that both layouts have. Each prompt was drawn in two forms."""
    evolution = ("quality", "simplified")[number % 2]
    return {
        "id": f"{number // 2}-{evolution}",
        "evolution": evolution,
        "category": _CATEGORIES[number % len(_CATEGORIES)],
        "sub_category": "detailed",
    }


def _pictures(number: int, mark: Mark, name: str, seed: int) -> list[bytes | None]:
    """Both pictures of a record; None for one that is not there."""
    form: Any = "PNG" if mark.code == "png_image" else "JPEG"
    both: list[bytes | None] = [
        picture(stream(seed, name, f"picture {at}", number), _SIZE, form) for at in range(2)
    ]
    at = mark.nth % 2
    whole = both[at]
    if mark.code == "media_missing":
        both[at] = None
    elif mark.code == "image_undecodable" and whole is not None:
        both[at] = (truncated(whole), web_page(number))[mark.nth // 2 % 2]
    elif mark.code == "identical_responses":
        both[1] = both[0]
    return both


def _row(number: int, mark: Mark | None, seed: int) -> Row:
    """One row of the binarized release."""
    mark = mark or Mark("", 0)
    rng = stream(seed, NAME, "row", number)
    models = list(_MODELS.values())[:: (1, -1)[int(rng.integers(2))]]
    row = {**_about(number), "prompt": _prompt(rng, mark.code, seed)}
    pictures = _pictures(number, mark, NAME, seed)
    for side, model, data in zip(("chosen", "rejected"), models, pictures, strict=True):
        row[side] = {"bytes": data, "path": f"{number}.jpg"}
        row[f"{side}_model"] = None if mark.code == "no_model" else model
    if mark.code == "missing_field":
        row["prompt"] = None
    elif mark.code == "repeated_id":
        row["id"] = _about(0)["id"]
    return row


def _result(folder: Path, number: int, mark: Mark | None, seed: int) -> Row:
    """One row of the annotation results; its pictures are written on the way."""
    mark = mark or Mark("", 0)
    rng = stream(seed, RESULTS, "row", number)
    about = _about(number)
    votes, statuses = _votes(rng, mark)
    urls = {"prompt": _prompt(rng, mark.code, seed)}
    models = list(_MODELS)[:: (1, -1)[int(rng.integers(2))]]
    pictures = _pictures(number, mark, RESULTS, seed)
    for at, (model, data) in enumerate(zip(models, pictures, strict=True), start=1):
        name = f"image_{about['evolution']}_{model}/{number // 2}.jpg"
        query = "?download=true" if mark.code == "address_with_query" else ""
        urls[f"image_{at}"] = f"{_FOLDER}/{name}{query}"
        if data is not None:
            with replacing(folder / "images" / name) as temporary:
                temporary.write_bytes(data)
    row = {
        **about,
        "status": "completed",
        "_server_id": f"00000000-0000-4000-8000-{number:012d}",
        "images": urls,
        "model_1": models[0],
        "model_2": models[1],
        "preference.responses": votes,
        "preference.responses.status": statuses,
        "preference.responses.users": votes and [f"u{at}" for at in range(len(votes))],
    }
    if mark.code == "missing_field":
        urls[("image_1", "image_2", "prompt")[mark.nth % 3]] = None  # type: ignore[assignment]
    elif mark.code == "malformed_votes" and votes:
        row["preference.responses.users"] = (["u0"] * len(votes), votes[:1])[mark.nth % 2]
    return row


def _votes(rng: np.random.Generator, mark: Mark) -> tuple[list[str] | None, list[str] | None]:
    """The votes of a record and what became of each."""
    winner, loser = ("image_1", "image_2")[:: (1, -1)[int(rng.integers(2))]]
    votes = [winner, winner, (winner, loser)[int(rng.integers(2))]]
    match mark.code:
        case "both_good_in_minority":
            votes[2] = "both_good"
        case "tie":
            tied = (["both_good", "both_bad", winner], [winner, loser], ["both_bad"] * 3)
            votes = tied[mark.nth % 3]
        case "label_unknown":
            votes[0] = ("image_3", "")[mark.nth % 2]
        case "unsubmitted_vote":
            drafts = [loser, loser]
            return [*drafts, winner], ["draft", "discarded", "submitted"]
        case "no_votes":
            statuses = _NO_VOTES[mark.nth % len(_NO_VOTES)]
            return (None if statuses is None else votes[: len(statuses)]), statuses
    return votes, ["submitted"] * len(votes)
