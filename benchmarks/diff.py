"""Times `omnireward diff` on two datasets of the published size that differ in every file.

Rows are synthetic: texts and ids of realistic length, and small media, which are not read anyway.
Every hundredth label is reversed, so that no file is skipped by its digest.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from measure import HERE, environment

#: Task and rows of the published subsets.
SUBSETS = {
    "Skywork-Reward-Preference": ("t2t", 50_000),
    "Omni-Skywork-Reward-Preference": ("t2t", 16_376),
    "Omni-UltraFeedback": ("t2t", 7_901),
    "RLAIF-V": ("ti2t", 83_124),
    "OmniAlign-V-DPO": ("ti2t", 50_000),
    "Omni-RLAIF-V": ("ti2t", 15_867),
    "Omni-VLFeedback": ("ti2t", 12_311),
    "HPDv2": ("t2i", 50_000),
    "EvalMuse": ("t2i", 2_944),
    "Omni-HPDv2": ("t2i", 8_959),
    "Omni-Open-Image-Preferences": ("t2i", 8_105),
    "VideoDPO": ("t2v", 10_000),
    "VisionRewardDB-Video": ("t2v", 1_795),
}
_GROUP = 1_000
_MEDIUM_BYTES = 500


def _hexes(rng: np.random.Generator, rows: int, digits: int) -> pa.Array:
    found = rng.bytes(rows * digits // 2).hex()
    return pa.array([found[at : at + digits] for at in range(0, len(found), digits)])


def _texts(rng: np.random.Generator, rows: int, mean: int) -> pa.Array:
    base = "".join(chr(97 + letter) for letter in rng.integers(0, 26, 100_000))
    starts = rng.integers(0, 90_000, rows)
    return pa.array([base[at : at + mean] for at in starts.tolist()])


def _media(rng: np.random.Generator, rows: int) -> tuple[pa.Array, pa.Array]:
    """Cells and their facts."""
    digests = _hexes(rng, rows, 64)
    data = rng.bytes(_MEDIUM_BYTES)
    cells = [{"bytes": data, "path": f"{one}.png"} for one in digests.to_pylist()]
    facts = [[{"digest": one, "format": "png", "bytes": 500}] for one in digests.to_pylist()]
    return pa.array(cells), pa.array(facts)


def group(rng: np.random.Generator, subset: str, task: str, rows: int, flips: int) -> pa.Table:
    """A row group; every hundredth label from the `flips`-th on is reversed."""
    from schemas.pair import PAIR_SCHEMA

    columns: dict[str, pa.Array] = {"row_id": _hexes(rng, rows, 32)}
    columns["pair_id"] = _hexes(rng, rows, 32)
    for name, value in (("task", task), ("subset", subset), ("kind", "general")):
        columns[name] = pa.array([value] * rows)
    columns["prompt"] = pa.array(
        [[{"role": "user", "content": one}] for one in _texts(rng, rows, 400).to_pylist()]
    )
    if task == "ti2t":
        cells, columns["prompt_info"] = _media(rng, rows)
        columns["prompt_images"] = pa.array([[one] for one in cells.to_pylist()])
    for side in "ab":
        if task in ("t2i", "t2v"):
            slot = "image" if task == "t2i" else "video"
            cells, columns[f"response_{side}_info"] = _media(rng, rows)
            columns[f"response_{side}_{slot}"] = cells
        else:
            columns[f"response_{side}_text"] = _texts(rng, rows, 1_200)
    labels = rng.integers(0, 2, rows)
    if flips:
        labels[::100] ^= 1
    columns["preference"] = pa.array(["ab"[one] for one in labels.tolist()])
    ordered = [
        columns[field.name].cast(field.type)
        if field.name in columns
        else pa.nulls(rows, field.type)
        for field in PAIR_SCHEMA
    ]
    return pa.Table.from_arrays(ordered, schema=PAIR_SCHEMA)


def write(folder: Path, scale: float, shards: int, flips: int) -> None:
    """Write a dataset without a record, so many shards a subset."""
    for number, (subset, (task, rows)) in enumerate(SUBSETS.items()):
        target = folder / "data" / subset
        target.mkdir(parents=True)
        per_shard = max(1, int(rows * scale) // shards)
        for shard in range(shards):
            rng = np.random.default_rng([number, shard])
            path = target / f"train-{shard:05d}-of-{shards:05d}.parquet"
            with pq.ParquetWriter(path, group(rng, subset, task, 1, 0).schema) as out:
                for start in range(0, per_shard, _GROUP):
                    count = min(_GROUP, per_shard - start)
                    out.write_table(group(rng, subset, task, count, flips))


def measured(folders: list[Path], top: str) -> dict[str, float]:
    """One run of the command on two datasets."""
    command = [sys.executable, "-m", "pipelines.cli", "diff", *map(str, folders), "--json"]
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment(Path(top)), cwd=top)
    assert process.stdout is not None
    said = json.loads(process.stdout.read())
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    subsets = said["subsets"].values()
    return {
        "rows": sum(one["rows_after"] for one in subsets),
        "label_flips": sum(one["label_flips"] for one in subsets),
        "wall_s": time.monotonic() - started,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "memory_mb": usage.ru_maxrss * 1024 / 1e6,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--shards", type=int, default=16, help="of each subset")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print the runs as JSON")
    arguments = parser.parse_args()
    sys.path.insert(0, str(HERE.parent))
    with tempfile.TemporaryDirectory() as top:
        folders = [Path(top, name) for name in ("before", "after")]
        for flips, folder in enumerate(folders):
            write(folder, arguments.scale, arguments.shards, flips)
        runs = [measured(folders, top) for _ in range(arguments.runs)]
    if arguments.json:
        print(json.dumps(runs))
        return
    for run in runs:
        print(
            f"{run['rows']:,} rows a side, {run['label_flips']:,} labels reversed: "
            f"{run['wall_s']:.1f} s, {run['cpu_s']:.1f} s of processor time, "
            f"{run['memory_mb']:,.0f} MB"
        )


if __name__ == "__main__":
    main()
