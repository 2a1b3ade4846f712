"""Sample benchmarks in their native layouts, so that fingerprints are made of what is really met.

- omni-rewardbench: ``<config>/test-*.parquet`` with the columns of its card, of which each
  configuration has its own, and all media in ``media_data.zip`` under paths relative to it.
  A pair stands in one to three rows, one for each criterion.
- vl-rewardbench: ``data/test-*.parquet`` with a picture cell and lists for both responses.
- rewardbench: JSON lines of text pairs.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from pipelines.sample_corpora.benchmarks import (
    CONFIGS,
    OMNI,
    REWARDBENCH,
    VL,
    Answer,
    Item,
    item,
    items,
)
from pipelines.sample_corpora.files import write_lines, write_parquet, write_zip

ARCHIVE: Final = "media_data.zip"
OMNI_FILE: Final = "test-00000-of-00001.parquet"
VL_FILE: Final = "data/test-00000-of-00001.parquet"
REWARDBENCH_FILE: Final = "filtered.jsonl"

_GROUP_ROWS: Final = 40
_CELL: Final = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_VL_SCHEMA: Final = pa.schema(
    [
        ("id", pa.string()),
        ("query", pa.string()),
        ("response", pa.list_(pa.string())),
        ("image", _CELL),
        ("human_ranking", pa.list_(pa.int64())),
        ("models", pa.list_(pa.string())),
        ("judge", pa.string()),
        ("rationale", pa.string()),
        ("query_source", pa.string()),
        ("ground_truth", pa.string()),
    ]
)
#: What a configuration shows beside its prompt, and the form of its responses.
_SUFFIXES: Final = {"image": "jpg", "3D": "png", "audio": "wav", "video": "mp4"}
_CRITERIA: Final = (
    "The response should address every part of the request in a clear and well ordered way.",
    "The response should stay close to what is asked and leave out all that does not belong.",
    "The response should be made with care, without mistakes that a person sees at first sight.",
)
_LABELS: Final = ("response1", "response2", "tie")

Row = dict[str, Any]


def write_benchmarks(directory: Path, seed: int) -> None:
    """Write all sample benchmarks below ``directory/<name>``."""
    members: dict[str, bytes] = {}
    for config in CONFIGS[OMNI]:
        rows = [row for one in _items(OMNI, config, seed) for row in _omni_rows(one, members)]
        schema = _omni_schema(config)
        write_parquet(directory / OMNI / config / OMNI_FILE, schema, rows, _GROUP_ROWS)
    write_zip(directory / OMNI / ARCHIVE, sorted(members.items()))
    rows = [_vl_row(one) for one in _items(VL, CONFIGS[VL][0], seed)]
    write_parquet(directory / VL / VL_FILE, _VL_SCHEMA, rows, _GROUP_ROWS)
    lines = [_text_row(one) for one in _items(REWARDBENCH, CONFIGS[REWARDBENCH][0], seed)]
    write_lines(directory / REWARDBENCH / REWARDBENCH_FILE, lines)


def _items(benchmark: str, config: str, seed: int) -> Iterator[Item]:
    return (item(benchmark, config, number, seed) for number in range(items(config)))


def _kinds(config: str) -> tuple[str, str]:
    """What stands beside the prompt (or nothing), and what the responses are."""
    asked, _, answered = config.rpartition("_to_")
    return asked.removeprefix("text").removeprefix("_"), answered


def _omni_schema(config: str) -> pa.Schema:
    """The columns that a configuration has."""
    shown, answered = _kinds(config)
    whole = {"text": pa.string(), "video": pa.string()}
    fields = [("id", pa.string()), ("prompt", pa.string())]
    if shown:
        fields.append((shown, whole.get(shown, _CELL)))
        fields += [] if shown == "video" else [(f"{shown}_path", pa.string())]
    for side in ("response1", "response2"):
        fields.append((side, whole.get(answered, _CELL)))
        fields += [] if answered == "text" else [(f"{side}_path", pa.string())]
    more = ("model1", "model2", "criteria", "criteria_preference")
    return pa.schema([*fields, *((name, pa.string()) for name in more)])


def _omni_rows(one: Item, members: dict[str, bytes]) -> Iterator[Row]:
    """The rows of a pair, one a criterion; its media are added to `members` of the archive."""
    shown, answered = _kinds(one.config)
    row: Row = {"prompt": one.prompt, "model1": "model-a", "model2": "model-b"}
    if shown and one.medium is not None:
        name, cell = _archived(one, shown, "prompt", one.medium, members)
        row[shown] = name if shown == "video" else cell
        row[f"{shown}_path"] = name
    for side, answer in (("response1", one.first), ("response2", one.second)):
        if isinstance(answer, str):
            row[side] = answer
            continue
        name, cell = _archived(one, answered, side, answer, members)
        row[side] = name if answered == "video" else cell
        row[f"{side}_path"] = name
    for nth in range(1 + one.number % 3):
        label = _LABELS[(one.number + nth) % len(_LABELS)]
        name = one.id if nth == 0 else f"{one.id}-{nth}"
        yield {**row, "id": name, "criteria": _CRITERIA[nth], "criteria_preference": label}


def _archived(
    one: Item, kind: str, purpose: str, data: Answer, members: dict[str, bytes]
) -> tuple[str, Row]:
    """A medium put into the archive: its path there, and it as a cell of the table."""
    assert not isinstance(data, str)
    whole = clip_of(data) if isinstance(data, list) else data
    name = f"{one.config}/{one.number:04d}_{purpose}.{_SUFFIXES[kind]}"
    members[f"media_data/{name}"] = whole
    return name, {"bytes": whole, "path": name}


def clip_of(pictures: list[bytes], rate: int = 8) -> bytes:
    """An MP4 clip of given frames. One encoder thread: x264's bytes depend on their number."""
    import av
    import numpy as np
    from PIL import Image

    file = io.BytesIO()
    shown = [Image.open(io.BytesIO(data)).convert("RGB") for data in pictures]
    with av.open(file, "w", format="mp4") as container:
        options = {"preset": "ultrafast", "threads": "1"}
        stream = container.add_stream("libx264", rate=rate, options=options)
        stream.width, stream.height = shown[0].size
        stream.pix_fmt = "yuv420p"
        for picture in shown:
            frame = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def _vl_row(one: Item) -> Row:
    winner = one.number % 2
    return {
        "id": one.id,
        "query": one.prompt,
        "response": [one.first, one.second],
        "image": {"bytes": one.medium, "path": f"images/{one.id}.jpg"},
        "human_ranking": [winner, 1 - winner],
        "models": ["model-a", "model-b"],
        "judge": "human",
        "rationale": "",
        "query_source": "sample",
        "ground_truth": "",
    }


def _text_row(one: Item) -> Row:
    return {
        "prompt": one.prompt,
        "chosen": one.first,
        "chosen_model": "model-a",
        "rejected": one.second,
        "rejected_model": "model-b",
        "subset": ("alpacaeval-easy", "llmbar-natural")[one.number % 2],
        "id": one.id,
    }
