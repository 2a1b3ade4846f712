"""RLAIF-V-Dataset: answers to questions on a picture, the picture inside the Parquet cell.

Layout from the dataset card (openbmb/RLAIF-V-Dataset) and its loader (RLHF-V/RLAIF-V): shards at
the root, `origin_split` a JSON string, one picture often shared by several rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.sample_corpora.copied_questions import VISUAL_WAYS, VisualPair, copied_question
from pipelines.sample_corpora.copies import Copies, plain_records
from pipelines.sample_corpora.files import write_parquet
from pipelines.sample_corpora.keys import record_key
from pipelines.sample_corpora.pictures import noise, picture, truncated, web_page
from pipelines.sample_corpora.planted import Corpus, Planted
from pipelines.sample_corpora.scheduling import FAULT_SHARE, Mark, counts, scaled, spread, stream
from pipelines.sample_corpora.text import BLANKS, differing, length, texts

NAME: Final = "rlaif_v"
FULL_SCALE: Final = 83_132
SHARD_ROWS: Final = 6_000
GROUP_ROWS: Final = 400
FILE_PATTERN: Final = "RLAIF-V-Dataset_{:03d}.parquet"

SCHEMA: Final = pa.schema(
    [
        ("ds_name", pa.string()),
        ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        ("question", pa.string()),
        ("chosen", pa.string()),
        ("rejected", pa.string()),
        ("origin_dataset", pa.string()),
        ("origin_split", pa.string()),
        ("idx", pa.string()),
        ("image_path", pa.string()),
    ]
)

FAULTS: Final = dict.fromkeys(
    (
        "media_missing",
        "image_undecodable",
        "empty_response",
        "identical_responses",
        "missing_field",
    ),
    FAULT_SHARE,
)
NATIVE_TRAPS: Final = {"non_ascii": 0.04}
ODD_TRAPS: Final = {"origin_split_unreadable": 0.005, "png_image": 0.02, "wrong_suffix": 0.01}

_ORIGINS: Final = ("COCO", "VQAv2", "OK-VQA", "TextVQA", "GoogleLandmark", "MovieNet")
_MODELS: Final = ("llava15-7b", "omnilmm-12b", "minicpm-v-2.5")
_KINDS: Final = ("detailed_description", "question_answer")
#: A printed Python dict, a cut string, nothing, a bare word.
_UNREADABLE: Final = ("{'model': 'llava15-7b', 'type': None}", '{"model": "omnil', "", "train")

Row = dict[str, object]


def write(folder: Path, scale: float, seed: int, faults: bool, copies: bool = False) -> Planted:
    """Write the corpus into `folder`, in at least two shards; shards of an earlier run go."""
    records = scaled(FULL_SCALE, scale, least=60)
    bad = counts(records, FAULTS) if faults else {}
    odd = counts(records, NATIVE_TRAPS | (ODD_TRAPS if faults else {}))
    rng = stream(seed, NAME, "plan")
    marks = spread(records, bad | odd, rng)
    shown = _shown_pictures(records, marks, rng)
    plain = plain_records(records, marks) if copies else []
    more = Copies.planned(NAME, plain, VISUAL_WAYS, seed, copies)

    shards = max(2, -(-records // SHARD_ROWS))
    files = tuple(FILE_PATTERN.format(shard) for shard in range(shards))
    for shard, file in enumerate(files):
        numbers = range(shard * records // shards, (shard + 1) * records // shards)
        write_parquet(folder / file, SCHEMA, _rows(numbers, marks, shown, more), GROUP_ROWS)
    for old in folder.glob(FILE_PATTERN.replace("{:03d}", "[0-9][0-9][0-9]")):
        if old.name not in files:
            old.unlink()

    odd["reused_image"] = int((np.bincount(shown)[shown] > 1).sum())
    records += more.made
    good = records - sum(bad.values())
    return Planted(NAME, records, good, bad, odd, files, **more.truth())


CORPUS: Final = Corpus(NAME, FULL_SCALE, write, plants_copies=True)


def _shown_pictures(
    records: int, marks: dict[int, Mark], rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """The picture of each row. Two fifths of the unmarked rows share one, by twos and threes.

    Marked rows keep a picture of their own: a fault of one row must not touch another.
    """
    shown = np.arange(records)
    plain = rng.permutation([row for row in range(records) if row not in marks])
    place = np.arange(len(plain))
    step = place % 25
    first = np.select([step < 4, step < 10], [step - step % 2, 4 + (step - 4) // 3 * 3], step)
    shown[plain] = plain[place - step + first]
    return shown


def _rows(
    numbers: range, marks: dict[int, Mark], shown: npt.NDArray[np.int64], more: Copies
) -> Iterator[Row]:
    for number in numbers:
        row = _row(number, int(shown[number]), marks.get(number), more.seed)
        yield row
        if number in more.jobs:
            yield _copy(row, number, len(shown) + more.made, more)


def _copy(row: Row, number: int, at: int, more: Copies) -> Row:
    """The copy, lookalike or leak that follows a plain record, as row `at` of the corpus."""
    cell: Any = row["image"]
    pair = VisualPair(cell["bytes"], str(row["question"]), str(row["chosen"]), str(row["rejected"]))
    made = copied_question(pair, number, more)
    suffix = "png" if made.pair.picture.startswith(b"\x89PNG") else "jpg"
    name = f"{at:012d}.{suffix}"
    copy: Row = {
        **row,
        "image": {"bytes": made.pair.picture, "path": name},
        "question": made.pair.question,
        "chosen": made.pair.chosen,
        "rejected": made.pair.rejected,
        "idx": str(at),
        "image_path": f"{row['origin_dataset']}/{name}",
    }
    key = record_key(NAME)
    made.note(more, key(copy), key(row))
    return copy


def _row(number: int, at: int, mark: Mark | None, seed: int) -> Row:
    """Row `number`, which shows picture `at`."""
    code, nth = mark or Mark("", 0)
    pool, rng = texts(seed), stream(seed, NAME, "row", number)
    question = pool.visual_questions.one(rng)
    chosen = pool.description(rng, length(rng, 400))
    rejected = pool.description(rng, length(rng, 400))
    if code == "non_ascii":
        question = pool.foreign(rng, 40)
        chosen += " " + pool.foreign(rng, 80)
    rejected = differing(chosen, rejected, more=pool.visual.one(rng))
    is_png = code in ("png_image", "wrong_suffix")
    data = picture(stream(seed, NAME, "picture", at), form="PNG" if is_png else "JPEG")
    name = f"{at:012d}.{'png' if code == 'png_image' else 'jpg'}"
    origin = _ORIGINS[at % len(_ORIGINS)]
    split = {"model": _MODELS[rng.integers(3)], "type": _KINDS[rng.integers(2)]}
    row: Row = {
        "ds_name": "RLAIF-V",
        "image": {"bytes": data, "path": name},
        "question": question,
        "chosen": chosen,
        "rejected": rejected,
        "origin_dataset": origin,
        "origin_split": json.dumps(split),
        "idx": str(number),
        "image_path": f"{origin}/{name}",
    }
    if code == "origin_split_unreadable":
        row["origin_split"] = _UNREADABLE[nth % len(_UNREADABLE)]
    elif code == "media_missing":
        row["image"] = {"bytes": None, "path": name}
    elif code == "image_undecodable":
        broken = (truncated(data), noise(rng, len(data)), web_page(number))[nth % 3]
        row["image"] = {"bytes": broken, "path": name}
    elif code == "empty_response":
        row[("chosen", "rejected")[nth % 2]] = BLANKS[nth // 2 % len(BLANKS)]
    elif code == "identical_responses":
        row["rejected"] = chosen
    elif code == "missing_field":
        row["question"] = None
    return row
