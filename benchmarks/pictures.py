"""Times the picture path against a plain pool: whole processes, interleaved, medians.

Two works: `normalised` (every picture scaled to 448 pixels) and `kept` (decoded to the end to
validate it, its bytes published as they are), each on JPEG and PNG. The pool scales in both.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

from measure import HERE, Contender, Run, environment, parquet_files, row_count, run_once, table
from picture_corpus import write_pictures

POOL = "pool"


def measure(kind: str, source: Path, runs: int, folder: Path) -> dict[str, list[Run]]:
    """Run the pool and both works of ours in turn, `runs` times, on one kind of picture."""
    pictures = sum(1 for _ in source.glob("*/*"))
    size = sum(file.stat().st_size for file in source.glob("*/*"))
    print(f"{pictures:,} {kind} pictures, {size / pictures / 1e3:,.0f} kB each", flush=True)
    ours = str(HERE / "run_pictures.py")
    contenders = [
        Contender(POOL, (sys.executable, str(HERE / "picture_pool.py")), "."),
        *(
            Contender(work, (sys.executable, ours, "--work", work), "data/Bench")
            for work in ("normalised", "kept")
        ),
    ]
    found: dict[str, list[Run]] = {contender.name: [] for contender in contenders}
    env = environment(folder)
    for number in range(runs):
        for contender in contenders:
            output = folder / f"{contender.name}-{number}"
            run = run_once(contender, source, output, env)
            rows = row_count(parquet_files(contender, output))
            wanted = pictures if contender.name == POOL else pictures // 2
            if rows != wanted:
                raise SystemExit(f"{contender.name} wrote {rows:,} rows of {wanted:,}")
            found[contender.name].append(run)
            print(
                f"run {number + 1} {kind} {contender.name:10} {run.wall:7.1f} s wall "
                f"{run.cpu:7.1f} s CPU {run.together:7,.0f} MB",
                flush=True,
            )
    # Not sooner: for a minute after many files were deleted ext4 is slow to make new ones.
    for number in range(runs):
        for contender in contenders:
            shutil.rmtree(folder / f"{contender.name}-{number}")
    return found


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description="Time the picture path against a plain pool.")
    parser.add_argument("--pictures", type=int, default=5_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--kind", choices=("jpeg", "png"), action="append")
    parser.add_argument("--input", type=Path, help="pictures of an earlier run, of one kind")
    parser.add_argument("--work", type=Path, help="folder to work in; default: temporary")
    options = parser.parse_args()
    print(f"{options.runs} runs each, {os.cpu_count()} processors")
    with tempfile.TemporaryDirectory(prefix="pictures-", dir=options.work) as name:
        for kind in options.kind or ("jpeg", "png"):
            source = options.input or Path(name) / kind
            if options.input is None:
                write_pictures(source, options.pictures, kind)
            found = measure(kind, source.resolve(), options.runs, Path(name))
            if options.input is None:
                shutil.rmtree(source)
            print(f"\n{kind}\n{table(found, options.pictures)}")
            middle = {work: median(run.wall for run in them) for work, them in found.items()}
            for work in ("normalised", "kept"):
                print(f"{kind}, {work}: pool / pipeline = {middle[POOL] / middle[work]:.2f}")


if __name__ == "__main__":
    main()
