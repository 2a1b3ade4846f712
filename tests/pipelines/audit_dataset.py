"""A dataset written by hand: shards, label tables and a run record, without a build."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.label import LABEL_SCHEMA
from schemas.pair import PAIR_SCHEMA

_WORDS = (
    "river stone lantern window garden quiet engine copper signal meadow harbour winter "
    "thread mirror candle forest bridge paper anchor silver"
).split()


def text_of(words: int, seed: int) -> str:
    """A text of so many words."""
    return " ".join(_WORDS[(seed * 7 + at * 3) % len(_WORDS)] for at in range(words)) + "."


def pair(at: int, subset: str, task: str, **columns: Any) -> dict[str, Any]:
    """A published row; what is not given is null."""
    return {
        "row_id": f"{subset[-1]}{at:031x}",
        "pair_id": f"{subset[-1]}{at:031x}",
        "task": task,
        "subset": subset,
        "kind": "instruction" if columns.get("criterion") else "general",
        "prompt": [{"role": "user", "content": f"Tell me about the {text_of(6, at)}"}],
        "preference": "a",
        "annotator": "human",
        "source": {"corpus": "c", "revision": "r", "key": str(at), "licence": "mit", "url": None},
        "nc": False,
        **columns,
    }


def write_dataset(
    folder: Path,
    subsets: Mapping[str, tuple[str, Iterable[Sequence[Mapping[str, Any]]]]],
    **record: Any,
) -> Path:
    """Write subsets as ``name: (task, row groups)``."""
    entries = {}
    for name, (task, groups) in subsets.items():
        place = folder / "data" / name
        place.mkdir(parents=True)
        shard = place / "train-00000-of-00001.parquet"
        rows = 0
        with pq.ParquetWriter(shard, PAIR_SCHEMA, compression="zstd") as writer:
            for group in groups:
                writer.write_table(pa.Table.from_pylist(list(group), PAIR_SCHEMA))
                rows += len(group)
        entries[name] = {"task": task, "rows": rows, "shards": {shard.name: {"rows": rows}}}
    told = {"name": "by-hand", "subsets": entries, **record}
    (folder / "run_record.json").write_text(json.dumps(told))
    return folder


def write_labels(folder: Path, subset: str, labels: Sequence[Mapping[str, Any]]) -> None:
    """Write a subset's label table."""
    place = folder / "labels"
    place.mkdir(exist_ok=True)
    table = pa.Table.from_pylist([dict(label) for label in labels], LABEL_SCHEMA)
    pq.write_table(table, place / f"{subset}.parquet")


def label(pair_id: str, step: str, judge: str, order: str | None, verdict: str) -> dict[str, Any]:
    """A label; of the judge ``measured`` it is a true one, about the number of words."""
    measured = judge == "measured"
    parameters = {"attribute": "words", "direction": "more"} if measured else {"seed": 0}
    return {
        "pair_id": pair_id,
        "criterion": "It should be long.",
        "step": step,
        "order": order,
        "verdict": verdict,
        "producer": {
            "origin": "measured" if measured else "llm",
            "model": judge,
            "prompt_version": "1",
            "parameters": json.dumps(parameters),
        },
    }
