"""EditReward-Data: Parquet shards with a picture, two edits of it, scores and a vote.

Columns from the dataset card; file names and numbers of shards are invented. Pictures are tiny:
the corpus has half a million of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from pipelines.sample_corpora.files import write_parquet
from pipelines.sample_corpora.pictures import truncated, web_page
from pipelines.sample_corpora.planted import Corpus, Planted
from pipelines.sample_corpora.scheduling import FAULT_SHARE, Mark, counts, scaled, spread, stream
from pipelines.sample_corpora.text import BLANKS, texts
from pipelines.sample_corpora.thumbnails import edited, thumbnail, tiles

NAME: Final = "edit_reward"
FULL_SCALE: Final = 170_772
SHARD_ROWS: Final = 10_000
GROUP_ROWS: Final = 500
#: Rows in a row that show edits of one picture.
EDITS: Final = 4

_IMAGE: Final = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_PICTURES: Final = ("source_img", "left_output_image", "right_output_image")
_SCORES: Final = ("overall", "instruction_following", "quality_aesthetic")
SCHEMA: Final = pa.schema(
    [
        ("key", pa.string()),
        ("unique_key", pa.string()),
        ("pair_index", pa.int64()),
        ("instruction", pa.string()),
        *((name, _IMAGE) for name in _PICTURES),
        *((f"{side}_model", pa.string()) for side in ("left", "right")),
        *(
            (f"{side}_{score}_score", pa.float32())
            for side in ("left", "right")
            for score in _SCORES
        ),
        ("vote_type", pa.string()),
        ("metadata_index", pa.int64()),
        *((f"{side}_img_rel", pa.string()) for side in ("left", "right")),
    ]
)

RECORD_FAULTS: Final[tuple[str, ...]] = ("missing_field", "empty_prompt", "label_unknown")
MEDIA_FAULTS: Final[tuple[str, ...]] = ("media_missing", "image_undecodable", "identical_responses")
TIE: Final[str] = "tie"
TRAPS: Final[tuple[str, ...]] = ("scores_contradict_vote", "no_scores", "unique_key_twice")

_MODELS: Final = ("MagicBrush", "InstructPix2Pix", "CosXLEdit", "InfEdit", "Step1X", "Bagel")

Row = dict[str, Any]


def write(folder: Path, scale: float, seed: int, faults: bool) -> Planted:
    """Write the corpus into `folder`, in two shards at least."""
    records = scaled(FULL_SCALE, scale, least=40)
    codes = (*RECORD_FAULTS, *MEDIA_FAULTS, *TRAPS)
    planned = counts(records, dict.fromkeys(codes, FAULT_SHARE) | {TIE: 0.05}) if faults else {}
    marks = spread(records, planned, stream(seed, NAME, "plan"))
    shards = max(2, -(-records // SHARD_ROWS))
    files = tuple(f"data/train-{at:05d}-of-{shards:05d}.parquet" for at in range(shards))
    for old in folder.glob("data/train-*.parquet"):
        old.unlink()
    for shard, file in enumerate(files):
        numbers = range(shard * records // shards, (shard + 1) * records // shards)
        rows = (_row(number, marks.get(number) or Mark("", 0), seed) for number in numbers)
        write_parquet(folder / file, SCHEMA, rows, GROUP_ROWS)
    bad = {code: planned[code] for code in (*RECORD_FAULTS, *MEDIA_FAULTS) if code in planned}
    dropped = {TIE: planned[TIE]} if faults else {}
    traps = {code: planned[code] for code in TRAPS if code in planned}
    good = records - sum(bad.values()) - sum(dropped.values())
    return Planted(NAME, records, good, bad, traps, files, dropped)


CORPUS: Final = Corpus(NAME, FULL_SCALE, write)


def _row(number: int, mark: Mark, seed: int) -> Row:
    code, nth = mark
    rng = stream(seed, NAME, "row", number)
    won = ("left", "right")[rng.integers(2)]
    models = [_MODELS[at] for at in rng.permutation(len(_MODELS))[:2]]
    row: Row = {
        "key": f"{number // EDITS:06d}",
        "unique_key": f"{number // EDITS:06d}_{number % EDITS}",
        "pair_index": number % EDITS,
        "instruction": texts(seed).instructions.one(rng),
        "vote_type": "tie" if code == TIE else f"{won}vote",
        "metadata_index": number,
        **_pictures(number, mark, seed),
    }
    for side, model in zip(("left", "right"), models, strict=True):
        leads = (side == won) != (code == "scores_contradict_vote")
        parts = [3.0, 3.0] if code == TIE else [4.0, 3.5] if leads else [2.0, 3.0]
        row |= {
            f"{side}_model": model,
            f"{side}_img_rel": f"{model}/{number:06d}.png",
            **{
                f"{side}_{name}_score": None if code == "no_scores" else value
                for name, value in zip(_SCORES, [sum(parts), *parts], strict=True)
            },
        }
    match code:
        case "missing_field":
            row[("instruction", "vote_type")[nth % 2]] = None
        case "empty_prompt":
            row["instruction"] = BLANKS[nth % len(BLANKS)]
        case "label_unknown":
            row["vote_type"] = ("bothbad_vote", "LeftVote", "")[nth % 3]
        case "unique_key_twice":
            row["unique_key"] = "000000_0"
    return row


def _pictures(number: int, mark: Mark, seed: int) -> Row:
    """The cells of a row; a fault lies on each of the three in turn."""
    code, nth = mark
    source = tiles(stream(seed, NAME, "source", number // EDITS))
    rng = stream(seed, NAME, "edits", number)
    edits = [edited(source, rng), edited(source, rng)]
    if code == "identical_responses":
        edits[1] = edits[0]
    pictures = [thumbnail(colours) for colours in (source, *edits)]
    cells: Row = {
        name: {"bytes": data, "path": f"{name}_{number:06d}.png"}
        for name, data in zip(_PICTURES, pictures, strict=True)
    }
    hurt = cells[_PICTURES[nth % len(_PICTURES)]]
    if code == "media_missing":
        hurt["bytes"] = None
    elif code == "image_undecodable":
        hurt["bytes"] = (truncated(hurt["bytes"]), web_page(number))[nth // 3 % 2]
    return cells
