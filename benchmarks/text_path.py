"""Times the text path against equal work elsewhere: whole processes, interleaved, medians.

Every contender reads the same JSON lines and writes the same rows with the same ids to Parquet,
but for exact copies, of which the pipeline keeps one. Row counts of every run are checked; ids and
texts of the pipeline's first run are held against those of the pool.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import pyarrow.parquet as pq
from measure import (
    HERE,
    Contender,
    Run,
    environment,
    parquet_files,
    row_count,
    run_once,
    table,
)
from text_corpus import write_corpus

OURS, POOL, DAFT = "pipeline", "pool", "daft"


Prints = tuple[int, str, str]


def fingerprints(files: Sequence[Path]) -> Prints:
    """The number of different rows, a digest of their ids and one of ids, texts and sides."""
    import polars as pl

    found = []
    for file in files:
        frame = pl.read_parquet(file, columns=_columns(file))
        if isinstance(frame.schema["prompt"], pl.List):
            content = pl.col("prompt").list.first().struct.field("content")
            frame = frame.with_columns(content.alias("prompt"))
            frame = frame.rename({f"response_{side}_text": f"response_{side}" for side in "ab"})
        names = ["row_id", "pair_id", "prompt", "response_a", "response_b", "preference"]
        frame = frame.select(names)
        found.append(frame.select("row_id", "pair_id", frame.hash_rows(seed=1).alias("hash")))
    rows = pl.concat(found).unique().sort("row_id", "hash")
    ids = hashlib.sha256("".join(rows["row_id"] + rows["pair_id"]).encode())
    texts = hashlib.sha256(rows["hash"].to_numpy().tobytes())
    return rows.height, ids.hexdigest(), texts.hexdigest()


def fingerprints_apart(files: Sequence[Path]) -> Prints:
    """`fingerprints` in a process of its own.

    A process begins with its parent's peak of memory to its name, so this one must stay small.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(fingerprints, files).result()


def _columns(file: Path) -> list[str]:
    wanted = {"row_id", "pair_id", "prompt", "preference"}
    wanted |= {f"response_{side}{end}" for side in "ab" for end in ("", "_text")}
    return [name for name in pq.read_schema(file).names if name in wanted]


def warm_up(contenders: Sequence[Contender], folder: Path, env: dict[str, str]) -> None:
    """Run each once on a few rows, so that no measured run compiles modules."""
    source = folder / "few"
    write_corpus(source, 800)
    for contender in contenders:
        output = folder / f"few-{contender.name}"
        run_once(contender, source, output, env)
        shutil.rmtree(output)


def read_through(source: Path) -> int:
    """Read the input once, so that every run finds it in memory; returns its lines."""
    lines = 0
    for file in sorted(source.glob("*.jsonl")):
        with file.open("rb") as stream:
            while block := stream.read(1 << 24):
                lines += block.count(b"\n")
    return lines


def contenders_of(daft_python: str | None) -> list[Contender]:
    """What is measured here; says why where Daft is not."""
    found = [
        Contender(OURS, (sys.executable, str(HERE / "run_pipeline.py")), "data/Bench"),
        Contender(POOL, (sys.executable, str(HERE / "norm_pool.py")), "."),
    ]
    if daft_python is None:
        print("daft is skipped: no --daft-python")
        return found
    probe = [daft_python, "-c", "import daft, numpy, pyarrow; print(daft.__version__)"]
    try:
        version = subprocess.run(probe, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"daft is skipped: {getattr(error, 'stderr', '') or error}")
        return found
    print(f"daft {version}")
    return [*found, Contender(DAFT, (daft_python, str(HERE / "norm_daft.py")), ".")]


def check_same(prints: dict[str, Prints]) -> None:
    """Hold the ids and texts of all contenders against the pool's.

    Raises:
        SystemExit: they differ.
    """
    rows, ids, texts = prints[POOL]
    for name, (_, other_ids, other_texts) in prints.items():
        if other_ids != ids:
            raise SystemExit(f"{name} and the pool differ in their (row_id, pair_id)")
        if other_texts != texts:
            raise SystemExit(f"{name} and the pool differ in their texts or sides")
    print(f"ids, texts and sides of {rows:,} different rows are the same: {', '.join(prints)}")


def measure(
    contenders: Sequence[Contender], source: Path, folder: Path, runs: int, rows: int
) -> dict[str, list[Run]]:
    """Run all in turn, `runs` times; every run's rows are counted."""
    env = environment(folder)
    warm_up(contenders, folder, env)
    found: dict[str, list[Run]] = {contender.name: [] for contender in contenders}
    prints = {}
    for number in range(runs):
        for contender in contenders:
            output = folder / f"{contender.name}-{number}"
            run = run_once(contender, source, output, env)
            found[contender.name].append(run)
            files = parquet_files(contender, output)
            written = row_count(files)
            print(
                f"run {number + 1} {contender.name:9} {run.wall:7.1f} s wall {run.cpu:7.1f} s CPU "
                f"{run.together:7,.0f} MB  {written:,} rows",
                flush=True,
            )
            if number == 0:
                prints[contender.name] = fingerprints_apart(files)
            wanted = prints[OURS][0] if contender.name == OURS else rows
            if written != wanted:
                raise SystemExit(f"{contender.name} wrote {written:,} rows of {wanted:,}")
            shutil.rmtree(output)
        if number == 0:
            check_same(prints)
    return found


def ratios(found: dict[str, list[Run]]) -> str:
    """Ratios of the median times of day."""
    middle = {name: median(run.wall for run in runs) for name, runs in found.items()}
    said = [f"pipeline / pool = {middle[OURS] / middle[POOL]:.2f}"]
    if DAFT in middle:
        said.append(f"daft / pipeline = {middle[DAFT] / middle[OURS]:.2f}")
    return "ratios of medians: " + ", ".join(said)


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description="Time the text path against equal work.")
    parser.add_argument("--rows", type=int, default=100_000, help="rows to generate")
    parser.add_argument("--input", type=Path, help="a folder of *.jsonl instead")
    parser.add_argument("--ascii", action="store_true", help="generate ASCII text")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--daft-python", help="python of an environment with daft and numpy")
    parser.add_argument(
        "--work", type=Path, help="folder for input and outputs; default: temporary"
    )
    parser.add_argument("--json", type=Path, help="also write all runs to this file")
    options = parser.parse_args()
    if options.work is not None:
        options.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="text-path-", dir=options.work) as name:
        folder = Path(name)
        source = options.input
        if source is None:
            source = folder / "input"
            write_corpus(source, options.rows, ascii_only=options.ascii)
        rows = read_through(source)
        contenders = contenders_of(options.daft_python)
        print(f"{rows:,} rows, {options.runs} runs each, {os.cpu_count()} processors", flush=True)
        found = measure(contenders, source.resolve(), folder, options.runs, rows)
    print(f"\n{table(found, rows)}\n\n{ratios(found)}")
    if options.json is not None:
        raw = {name: [vars(run) for run in runs] for name, runs in found.items()}
        options.json.write_text(json.dumps({"rows": rows, "runs": raw}, indent=1) + "\n")


if __name__ == "__main__":
    main()
