"""UltraFeedback as HuggingFaceH4 binarized it: chosen and rejected turns with scores, in Parquet.

Layout from the card of HuggingFaceH4/ultrafeedback_binarized; the preference split alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from pipelines.sample_corpora.files import write_parquet
from pipelines.sample_corpora.planted import Corpus, Planted
from pipelines.sample_corpora.scheduling import FAULT_SHARE, Mark, counts, scaled, spread, stream
from pipelines.sample_corpora.text import BLANKS, Texts, differing, length, texts

NAME: Final = "ultrafeedback_binarized"
FULL_SCALE: Final = 61_135
FILE: Final = "data/train_prefs-00000-of-00001.parquet"
GROUP_ROWS: Final = 5_000

_TURNS = pa.list_(pa.struct([("content", pa.string()), ("role", pa.string())]))
SCHEMA: Final = pa.schema(
    [
        ("prompt", pa.string()),
        ("prompt_id", pa.string()),
        ("chosen", _TURNS),
        ("rejected", _TURNS),
        ("messages", _TURNS),
        ("score_chosen", pa.float64()),
        ("score_rejected", pa.float64()),
    ]
)

FAULTS: Final = dict.fromkeys(
    (
        "label_contradicts_scores",
        "malformed_score",
        "missing_field",
        "empty_response",
        "prompts_differ",
        "identical_responses",
    ),
    FAULT_SHARE,
)
NATIVE_TRAPS: Final = {"repeated_prompt": 0.01}
#: Equal scores, or nearer than the margin of the recipe below.
NATIVE_DROPPED: Final = {"tie": 0.05}

Row = dict[str, object]


def write(folder: Path, scale: float, seed: int, faults: bool) -> Planted:
    """Write the corpus below `folder`."""
    records = scaled(FULL_SCALE, scale, least=60)
    bad = counts(records, FAULTS) if faults else {}
    dropped = counts(records, NATIVE_DROPPED)
    odd = counts(records, NATIVE_TRAPS)
    marks = spread(records, bad | dropped | odd, stream(seed, NAME, "plan"))
    write_parquet(folder / FILE, SCHEMA, _rows(records, marks, seed), GROUP_ROWS)
    good = records - sum(bad.values()) - sum(dropped.values())
    return Planted(NAME, records, good, bad, odd, (FILE,), dropped)


CORPUS: Final = Corpus(
    NAME,
    FULL_SCALE,
    write,
    of="ultrafeedback",
    recipe={
        "adapter": NAME,
        "repo": "HuggingFaceH4/ultrafeedback_binarized",
        "revision": "main",
        "files": ["data/train_prefs-*.parquet"],
        # In points of `overall_score`, which goes from 1 to 10.
        "pairs": {"min_margin": 0.5, "ties": "drop"},
        "options": {},
    },
)


def _rows(records: int, marks: dict[int, Mark], seed: int) -> Iterator[Row]:
    pool = texts(seed)
    shared = pool.prompt(stream(seed, NAME, "shared"), 200)
    for number in range(records):
        rng = stream(seed, NAME, "row", number)
        yield _row(pool, rng, shared, marks.get(number, Mark("", 0)))


def _row(pool: Texts, rng: np.random.Generator, shared: str, mark: Mark) -> Row:
    code, nth = mark
    prompt = shared if code == "repeated_prompt" else pool.prompt(rng, length(rng, 250))
    chosen = pool.response(rng, length(rng, 1_100))
    rejected = pool.response(rng, length(rng, 1_000))
    rejected = differing(chosen, rejected, more=pool.english.one(rng))
    better, worse = float(rng.integers(6, 11)), float(rng.integers(1, 6))
    asked = prompt
    match code:
        case "tie":
            worse = better - (0, 0.25)[nth % 2]
        case "label_contradicts_scores":
            better, worse = worse, better
        case "malformed_score":
            better = (float("nan"), float("inf"))[nth % 2]
        case "empty_response":
            chosen, rejected = (BLANKS[nth % 4], rejected) if nth % 2 else (chosen, BLANKS[nth % 4])
        case "identical_responses":
            rejected = chosen
        case "prompts_differ":
            asked += " Please be brief."
    row: Row = {
        "prompt": prompt,
        "prompt_id": hashlib.sha256(prompt.encode()).hexdigest(),
        "chosen": _turns(prompt, chosen),
        "rejected": _turns(asked, rejected),
        "messages": _turns(prompt, chosen),
        "score_chosen": better,
        "score_rejected": worse,
    }
    if code == "missing_field":
        row[("chosen", "score_rejected")[nth % 2]] = None
    return row


def _turns(prompt: str, response: str) -> list[dict[str, str]]:
    return [{"content": prompt, "role": "user"}, {"content": response, "role": "assistant"}]
