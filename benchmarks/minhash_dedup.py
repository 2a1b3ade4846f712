"""Times near-duplicates of text against peers: whole processes, interleaved, medians.

Every contender reads the same JSON lines, finds copies of `text` by 112 MinHash values in 14 bands
of 8 over word 5-grams, and writes the rows that stay to Parquet. The input has the columns of
`text_corpus.py` and `text`: one row in twenty is repeated, and one nearly, so about 90 % stay.
Peers run in environments of their own, named by their Pythons; those not named are left out.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from measure import HERE, Contender, Run, environment, parquet_files, row_count, run_once, table

OURS = "ours"
PEERS = ("daft", "datatrove", "juicer")
#: The command's folder of Parquet files, below its output.
PARQUET = {"datatrove": "kept", "juicer": "kept"}
#: How far the rows that stay may lie from those of the first contender, as a share.
TOLERANCE = 0.005


def contenders_of(pythons: dict[str, str | None]) -> list[Contender]:
    """The project's functions, and the peers whose Python is named."""
    named = {OURS: sys.executable, **{name: python for name, python in pythons.items() if python}}
    return [
        Contender(name, (python, str(HERE / f"dedup_{name}.py")), PARQUET.get(name, "."))
        for name, python in named.items()
    ]


def measure(
    contenders: Sequence[Contender], source: Path, folder: Path, runs: int
) -> dict[str, list[Run]]:
    """Run all in turn, `runs` times; the rows that stay must be about as many in each."""
    env = environment(folder)
    env.pop("PYTHONPATH")  # of the peers' environments none needs this project
    ours = {**env, "PYTHONPATH": str(HERE.parent)}
    found: dict[str, list[Run]] = {contender.name: [] for contender in contenders}
    expected = 0
    for number in range(runs):
        for contender in contenders:
            output = folder / f"{contender.name}-{number}"
            run = run_once(contender, source, output, ours if contender.name == OURS else env)
            found[contender.name].append(run)
            kept = row_count(parquet_files(contender, output))
            shutil.rmtree(output)
            print(
                f"run {number + 1} {contender.name:9} {run.wall:7.1f} s wall {run.cpu:7.1f} s CPU "
                f"{run.together:7,.0f} MB  {kept:,} rows stay",
                flush=True,
            )
            expected = expected or kept
            if abs(kept - expected) > TOLERANCE * expected:
                raise SystemExit(f"{contender.name} kept {kept:,} rows, {OURS} {expected:,}")
    return found


def ratios(found: dict[str, list[Run]]) -> str:
    """How many times as long as the project's functions every peer takes."""
    return ", ".join(
        f"{name} / {OURS} = {_ratio(found, name, 'wall'):.2f} wall, "
        f"{_ratio(found, name, 'cpu'):.2f} CPU"
        for name in found
        if name != OURS
    )


def _ratio(found: dict[str, list[Run]], name: str, what: str) -> float:
    peer, ours = (median(getattr(run, what) for run in found[which]) for which in (name, OURS))
    return float(peer / ours)


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description="Time near-duplicates of text against peers.")
    parser.add_argument("--input", type=Path, required=True, help="a folder of *.jsonl with `text`")
    parser.add_argument("--runs", type=int, default=5)
    for name in PEERS:
        parser.add_argument(f"--{name}-python", help=f"python of an environment with {name}")
    parser.add_argument("--work", type=Path, help="folder for outputs; default: temporary")
    parser.add_argument("--json", type=Path, help="also write all runs to this file")
    options = parser.parse_args()
    if options.work is not None:
        options.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="dedup-", dir=options.work) as name:
        contenders = contenders_of({peer: getattr(options, f"{peer}_python") for peer in PEERS})
        print(f"{options.runs} runs each, {os.cpu_count()} processors", flush=True)
        found = measure(contenders, options.input.resolve(), Path(name), options.runs)
    rows = sum(_lines(file) for file in options.input.glob("*.jsonl"))
    print(f"\n{table(found, rows)}\n\nratios of medians: {ratios(found)}")
    if options.json is not None:
        raw = {name: [vars(run) for run in runs] for name, runs in found.items()}
        options.json.write_text(json.dumps({"rows": rows, "runs": raw}, indent=1) + "\n")


def _lines(file: Path) -> int:
    with file.open("rb") as stream:
        return sum(1 for _ in stream)


if __name__ == "__main__":
    main()
