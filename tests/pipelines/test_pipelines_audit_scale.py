"""Audits at the size of the published dataset: time and memory."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.media import INFO_STRUCT
from schemas.pair import PAIR_SCHEMA
from tests.measured import measured

#: Rows, megabytes, seconds of one core of 2026 that has it to itself.
ROWS = 317_382
MEMORY = 2_000
SECONDS = 120

_SUBSETS = 13
_GROUP = 1_000
_WORDS = np.array([f"word{at}" for at in range(3_000)])


def _texts(rng: np.random.Generator, number: int) -> pa.Array:
    """Texts of about 1,300 characters."""
    return pa.array([" ".join(rng.choice(_WORDS, rng.integers(80, 250))) for _ in range(number)])


def _group(rng: np.random.Generator, subset: int, first: int, pool: pa.Array) -> pa.Table:
    """A row group of a subset: texts, or facts of pictures whose bytes are left out."""
    number, is_text, asked = _GROUP, subset % 2 == 0, subset % 3 == 0
    ids = pa.array([f"{subset:02x}{at:030x}" for at in range(first, first + number)])
    source = np.where(rng.random(number) < 0.5, "a", "b")
    label = np.where(rng.random(number) < 0.4, source, np.where(source == "a", "b", "a"))
    columns = {
        "row_id": ids,
        "pair_id": ids,
        "prompt_group": pa.array([f"g{subset}-{at // 3}" for at in range(first, first + number)]),
        "task": ["t2t" if is_text else "t2i"] * number,
        "subset": [f"Subset-{subset}"] * number,
        "prompt": [[{"role": "user", "content": "What is told about word12 and word77?"}]] * number,
        "preference": label if asked else source,
        "source_preference": source,
        "criterion": pool.take(rng.integers(0, len(pool), number)) if asked else [None] * number,
        "flipped": label != source if asked else [None] * number,
        "source": [{"licence": "mit"}] * number,
        "nc": [False] * number,
    }
    for side in "ab":
        columns[f"response_{side}_model"] = rng.choice(["one", "two", "three"], number)
        if is_text:
            columns[f"response_{side}_text"] = pool.take(rng.integers(0, len(pool), number))
        else:
            facts = rng.integers(256, 2_000, (number, 3)).tolist()
            columns[f"response_{side}_info"] = pa.array(
                [[{"width": w, "height": h, "bytes": b * 1_000}] for w, h, b in facts],
                pa.list_(INFO_STRUCT),
            )
    return pa.table(
        [
            pa.array(columns[field.name], field.type)
            if field.name in columns
            else pa.nulls(number, field.type)
            for field in PAIR_SCHEMA
        ],
        schema=PAIR_SCHEMA,
    )


@pytest.mark.full
def test_the_published_size_is_audited_in_bounded_memory(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pool = _texts(rng, 4_000)
    entries = {}
    for subset in range(_SUBSETS):
        name = f"Subset-{subset}"
        rows = -(-ROWS // _SUBSETS // _GROUP) * _GROUP
        shard = tmp_path / "data" / name / "train-00000-of-00001.parquet"
        shard.parent.mkdir(parents=True)
        with pq.ParquetWriter(shard, PAIR_SCHEMA, compression="zstd") as writer:
            for first in range(0, rows, _GROUP):
                writer.write_table(_group(rng, subset, first, pool))
        task = "t2t" if subset % 2 == 0 else "t2i"
        entries[name] = {"task": task, "rows": rows, "shards": {shard.name: {}}}
    (tmp_path / "run_record.json").write_text(json.dumps({"name": "x", "subsets": entries}))
    command = [sys.executable, "-m", "pipelines.cli", "audit", "run", "-o", tmp_path]
    started = time.monotonic()
    done = measured(command)
    took = time.monotonic() - started
    print(f"{done.memory_mb:.0f} MB, {done.cpu_s:.0f} s of CPU, {took:.0f} s")  # noqa: T201
    assert done.code in (0, 4), done.stderr
    audits = json.loads((tmp_path / "quality" / "audits.json").read_text())["audits"]
    whole = [one for one in audits if one["scope"] == "dataset" and one["audit"] == "duplicates"]
    assert whole[0]["rows"] == sum(entry["rows"] for entry in entries.values()) >= ROWS
    assert done.memory_mb < MEMORY
    assert done.cpu_s < SECONDS
