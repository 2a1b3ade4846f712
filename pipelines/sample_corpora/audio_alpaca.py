"""audio-alpaca: twenty Parquet files with two Audio cells for one description.

Columns from the dataset card; file names and the spelling of `strategy` are invented.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from pipelines.sample_corpora.align_anything import spoil_sound
from pipelines.sample_corpora.benchmarks import SECONDS
from pipelines.sample_corpora.copied_media import MediaPair, copied_media, sounds, whole
from pipelines.sample_corpora.copies import Copies, plain_records
from pipelines.sample_corpora.files import write_parquet
from pipelines.sample_corpora.keys import record_key
from pipelines.sample_corpora.planted import Corpus, Planted
from pipelines.sample_corpora.scheduling import FAULT_SHARE, Mark, counts, scaled, spread, stream
from pipelines.sample_corpora.sounds import Form, sound
from pipelines.sample_corpora.text import BLANKS, texts

NAME: Final = "audio_alpaca"
FULL_SCALE: Final = 15_025
SHARDS: Final = 20
GROUP_ROWS: Final = 100
FILES: Final = tuple(f"data/train-{at:05d}-of-{SHARDS:05d}.parquet" for at in range(SHARDS))

_AUDIO: Final = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
SCHEMA: Final = pa.schema(
    [
        ("prompt", pa.string()),
        ("chosen", _AUDIO),
        ("rejected", _AUDIO),
        ("strategy", pa.string()),
    ]
)

RECORD_FAULTS: Final[tuple[str, ...]] = ("missing_field", "empty_prompt")
MEDIA_FAULTS: Final[tuple[str, ...]] = ("media_missing", "audio_undecodable", "identical_responses")
TRAPS: Final[tuple[str, ...]] = ("flac_sound", "mp3_sound", "no_strategy")

_STRATEGIES: Final = ("perturbed_prompt", "fewer_steps", "low_agreement")
_FORMS: Final[dict[str, Form]] = {"flac_sound": "FLAC", "mp3_sound": "MP3"}


def write(folder: Path, scale: float, seed: int, faults: bool, copies: bool = False) -> Planted:
    """Write the corpus into `folder`."""
    records = scaled(FULL_SCALE, scale, least=40)
    bad = counts(records, dict.fromkeys((*RECORD_FAULTS, *MEDIA_FAULTS), FAULT_SHARE))
    odd = counts(records, dict.fromkeys(TRAPS, FAULT_SHARE))
    bad, odd = (bad, odd) if faults else ({}, {})
    marks = spread(records, bad | odd, stream(seed, NAME, "plan"))
    plain = plain_records(records, marks) if copies else []
    more = Copies.planned(NAME, plain, _COPIED.ways("as_is"), seed, copies)
    for shard, file in enumerate(FILES):
        numbers = range(shard * records // SHARDS, (shard + 1) * records // SHARDS)
        write_parquet(folder / file, SCHEMA, _rows(numbers, marks, more, seed), GROUP_ROWS)
    records += more.made
    good = records - sum(bad.values())
    return Planted(NAME, records, good, bad, odd, FILES, **more.truth())


CORPUS: Final = Corpus(NAME, FULL_SCALE, write, plants_copies=True)


def _fresh(rng: np.random.Generator) -> bytes:
    """A sound that an acoustic fingerprint can be made of."""
    return sound(rng, "WAV", SECONDS, varied=True)


_COPIED: Final = sounds("text_to_audio", _fresh)


def _rows(
    numbers: range, marks: Mapping[int, Mark], more: Copies, seed: int
) -> Iterator[dict[str, Any]]:
    for number in numbers:
        row = _row(number, marks.get(number) or Mark("", 0), seed)
        if number not in more.jobs:
            yield row
            continue
        for side in ("chosen", "rejected"):
            row[side]["bytes"] = _fresh(stream(seed, NAME, f"long {side}", number))
        yield row
        yield _copy(row, number, more)


def _copy(row: dict[str, Any], number: int, more: Copies) -> dict[str, Any]:
    """The copy, lookalike or leak that follows a plain record."""
    pair = MediaPair(row["prompt"], row["chosen"]["bytes"], row["rejected"]["bytes"])
    made = copied_media(pair, number, more, _COPIED)
    copy = {**row, "prompt": made.pair.prompt}
    for side, data in (("chosen", made.pair.chosen), ("rejected", made.pair.rejected)):
        copy[side] = {"bytes": data, "path": f"{side}_{number}_copy.{_suffix(whole(data))}"}
    key = record_key(NAME)
    made.note(more, key(copy), key(row))
    return copy


def _suffix(data: bytes) -> str:
    return {b"RIFF": "wav", b"fLaC": "flac"}.get(data[:4], "mp3")


def _row(number: int, mark: Mark, seed: int) -> dict[str, Any]:
    rng = stream(seed, NAME, "row", number)
    form = _FORMS.get(mark.code, "WAV")
    same = mark.code == "identical_responses"
    cells: list[dict[str, Any]] = []
    for at, name in enumerate(("chosen", "rejected")):
        data = sound(stream(seed, NAME, f"sound {0 if same else at}", number), form)
        cells.append({"bytes": data, "path": f"{name}_{number}.{form.lower()}"})
    spoil_sound(cells[mark.nth % 2], mark, number, seed)
    row: dict[str, Any] = {
        "prompt": f"{texts(seed).english.one(rng)} {texts(seed).english.one(rng)}",
        "chosen": cells[0],
        "rejected": cells[1],
        "strategy": _STRATEGIES[number % len(_STRATEGIES)],
    }
    match mark.code:
        case "missing_field":
            row["prompt"] = None
        case "empty_prompt":
            row["prompt"] = BLANKS[mark.nth % len(BLANKS)]
        case "no_strategy":
            row["strategy"] = None
    return row
