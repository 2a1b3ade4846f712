"""align-anything, its two parts with sound: Parquet files with Audio cells and a label of 1 or 2.

Columns from the dataset card and the authors' templates. Invented: that the label of one part is a
number and of the other text, which the templates would read alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

import pyarrow as pa

from pipelines.sample_corpora.files import write_parquet
from pipelines.sample_corpora.pictures import noise, truncated, web_page
from pipelines.sample_corpora.planted import Corpus, Planted
from pipelines.sample_corpora.scheduling import FAULT_SHARE, Mark, counts, scaled, spread, stream
from pipelines.sample_corpora.sounds import Form, sound
from pipelines.sample_corpora.text import BLANKS, differing, length, texts

Part = Literal["ta2t", "t2a"]

NAMES: Final[dict[Part, str]] = {part: f"align_anything_{part}" for part in ("ta2t", "t2a")}
FULL_SCALES: Final[dict[Part, int]] = {"ta2t": 30_561, "t2a": 11_952}
FILES: Final[dict[Part, str]] = {
    "ta2t": "text-audio-to-text/train_30k.parquet",
    "t2a": "text-to-audio/train_12k.parquet",
}
GROUP_ROWS: Final = 100

_AUDIO: Final = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
#: Rates by dimension stand beside the label.
_RATES: Final = [(f"prompt_following_rate_{side}", pa.string()) for side in (1, 2)]
SCHEMAS: Final[dict[Part, pa.Schema]] = {
    "ta2t": pa.schema(
        [
            ("prompt", pa.string()),
            ("audio_path", _AUDIO),
            ("response_1", pa.string()),
            ("response_2", pa.string()),
            ("overall_response", pa.int64()),
            *_RATES,
        ]
    ),
    "t2a": pa.schema(
        [
            ("prompt", pa.string()),
            ("response_1", _AUDIO),
            ("response_2", _AUDIO),
            ("overall_audio", pa.string()),
            *_RATES,
        ]
    ),
}

RECORD_FAULTS: Final[dict[Part, tuple[str, ...]]] = {
    "ta2t": ("missing_field", "empty_prompt", "empty_response", "label_unknown"),
    "t2a": ("missing_field", "empty_prompt", "label_unknown"),
}
MEDIA_FAULTS: Final[tuple[str, ...]] = ("media_missing", "audio_undecodable", "identical_responses")
TRAPS: Final[tuple[str, ...]] = ("mp3_sound", "wrong_suffix")
NATIVE_TRAPS: Final = {"flac_sound": 0.3}

Row = dict[str, Any]


def write(folder: Path, scale: float, seed: int, faults: bool, part: Part) -> Planted:
    """Write one part of the corpus into `folder`."""
    name = NAMES[part]
    records = scaled(FULL_SCALES[part], scale, least=40)
    codes = (*RECORD_FAULTS[part], *MEDIA_FAULTS)
    bad = counts(records, dict.fromkeys(codes, FAULT_SHARE)) if faults else {}
    odd = counts(records, NATIVE_TRAPS | (dict.fromkeys(TRAPS, FAULT_SHARE) if faults else {}))
    marks = spread(records, bad | odd, stream(seed, name, "plan"))
    rows = _rows(part, records, marks, seed)
    write_parquet(folder / FILES[part], SCHEMAS[part], rows, GROUP_ROWS)
    return Planted(name, records, records - sum(bad.values()), bad, odd, (FILES[part],))


TA2T: Final = Corpus(NAMES["ta2t"], FULL_SCALES["ta2t"], partial(write, part="ta2t"))
T2A: Final = Corpus(NAMES["t2a"], FULL_SCALES["t2a"], partial(write, part="t2a"))


def _rows(part: Part, records: int, marks: dict[int, Mark], seed: int) -> Iterator[Row]:
    make = _asked if part == "ta2t" else _described
    for number in range(records):
        yield make(number, marks.get(number) or Mark("", 0), seed)


def _asked(number: int, mark: Mark, seed: int) -> Row:
    """A question about a sound and two answers."""
    code, nth = mark
    rng, pool = stream(seed, NAMES["ta2t"], "row", number), texts(seed)
    first = pool.response(rng, length(rng, 250))
    second = differing(first, pool.response(rng, length(rng, 250)), more=pool.english.one(rng))
    (heard,) = _cells(number, mark, NAMES["ta2t"], seed, 1)
    row: Row = {
        "prompt": pool.instructions.one(rng),
        "audio_path": heard,
        "response_1": first,
        "response_2": second,
        "overall_response": int(rng.integers(1, 3)),
        **_rates(number),
    }
    match code:
        case "missing_field":
            columns = ("prompt", "response_1", "response_2", "overall_response")
            row[columns[nth % len(columns)]] = None
        case "empty_prompt":
            row["prompt"] = BLANKS[nth % len(BLANKS)]
        case "empty_response":
            row[f"response_{nth % 2 + 1}"] = BLANKS[nth // 2 % len(BLANKS)]
        case "label_unknown":
            row["overall_response"] = (0, 3, -1)[nth % 3]
        case "identical_responses":
            row["response_2"] = first
    return row


def _described(number: int, mark: Mark, seed: int) -> Row:
    """A description and two sounds."""
    code, nth = mark
    rng, pool = stream(seed, NAMES["t2a"], "row", number), texts(seed)
    first, second = _cells(number, mark, NAMES["t2a"], seed, 2)
    row: Row = {
        "prompt": f"{pool.english.one(rng)} {pool.english.one(rng)}",
        "response_1": first,
        "response_2": second,
        "overall_audio": str(rng.integers(1, 3)),
        **_rates(number),
    }
    match code:
        case "missing_field":
            row[("prompt", "overall_audio")[nth % 2]] = None
        case "empty_prompt":
            row["prompt"] = BLANKS[nth % len(BLANKS)]
        case "label_unknown":
            row["overall_audio"] = ("0", "tie", "", "1.5")[nth % 4]
    return row


def _rates(number: int) -> Row:
    return {f"prompt_following_rate_{side}": str((number + side) % 4) for side in (1, 2)}


def _cells(number: int, mark: Mark, name: str, seed: int, sounds: int) -> list[Row]:
    """The Audio cells of a row; of two, a fault lies on either in turn."""
    forms: dict[str, Form] = {"flac_sound": "FLAC", "mp3_sound": "MP3", "wrong_suffix": "FLAC"}
    form = forms.get(mark.code, "WAV")
    suffix = "wav" if mark.code == "wrong_suffix" else form.lower()
    same = mark.code == "identical_responses" and sounds == 2
    cells: list[Row] = []
    for at in range(sounds):
        data = sound(stream(seed, name, f"sound {0 if same else at}", number), form)
        cells.append({"bytes": data, "path": f"{number:06d}_{at + 1}.{suffix}"})
    spoil_sound(cells[mark.nth % sounds], mark, number, seed)
    return cells


def spoil_sound(cell: Row, mark: Mark, number: int, seed: int) -> None:
    """Plant what makes a sound's cell useless, if the mark is of that kind."""
    if mark.code == "media_missing":
        cell["bytes"] = None
    elif mark.code == "audio_undecodable":
        size = len(cell["bytes"])
        broken = (web_page(number), noise(stream(seed, "sound", "noise", number), size))
        cell["bytes"] = (*broken, truncated(sound(stream(seed, "sound", "cut", number), "FLAC")))[
            mark.nth // 2 % 3
        ]
