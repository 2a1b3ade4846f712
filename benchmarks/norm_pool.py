"""The text benchmark's yardstick: the same rows and ids from two processes of plain Python.

JSON lines are parsed, text normalised, ids and sides computed by the project's own scalar
functions, and one Zstandard Parquet file is written per input file. Left out of it: sharding,
sorting, ranks, dead letters, digests of files, resumption.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from itertools import islice
from multiprocessing import Pool
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from run_pipeline import SUBSET

from schemas.ids import ID_HEX, first_is_a, pair_digest, prompt_digest, response_digest, row_id
from schemas.text import canonical_text

BATCH_ROWS = 10_000
SCHEMA = pa.schema(
    [
        (name, pa.string())
        for name in ("row_id", "pair_id", "key", "prompt", "response_a", "response_b", "preference")
    ]
)

Row = tuple[str, str, str, str, str, str, str]


def row_of(line: str) -> Row:
    """One row of the output from one line of the input."""
    record = json.loads(line)
    prompt = canonical_text(record["prompt"])
    chosen = canonical_text(record["chosen"])
    rejected = canonical_text(record["rejected"])
    asked = prompt_digest([(b"user", prompt.encode())], ())
    first = response_digest(chosen.encode(), ())
    second = response_digest(rejected.encode(), ())
    pair = pair_digest(b"t2t", asked, first, second)
    pair_id = pair.hex()[:ID_HEX]
    row = row_id(SUBSET, pair_id, None)
    if first_is_a(pair, first, second):
        return row, pair_id, record["id"], prompt, chosen, rejected, "a"
    return row, pair_id, record["id"], prompt, rejected, chosen, "b"


def table_of(rows: Iterable[Row]) -> pa.Table:
    """Rows as an Arrow table."""
    return pa.table([pa.array(column, pa.string()) for column in zip(*rows, strict=True)], SCHEMA)


def convert(job: tuple[str, str]) -> int:
    """Turn one JSON-lines file into one Parquet file; returns its rows."""
    source, target = job
    number = 0
    with (
        open(source, encoding="utf-8") as lines,
        pq.ParquetWriter(
            target, SCHEMA, compression="zstd", compression_level=1, use_dictionary=["preference"]
        ) as writer,
    ):
        while rows := [row_of(line) for line in islice(lines, BATCH_ROWS)]:
            writer.write_table(table_of(rows))
            number += len(rows)
    return number


def main() -> None:
    """Convert a folder from the command line."""
    parser = argparse.ArgumentParser(description="The plain-Python pool of the text benchmark.")
    parser.add_argument("source", type=Path, help="folder of *.jsonl")
    parser.add_argument("output", type=Path, help="folder to make")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    options.output.mkdir(parents=True)
    jobs = [
        (str(file), str(options.output / f"{file.stem}.parquet"))
        for file in sorted(options.source.glob("*.jsonl"))
    ]
    with Pool(options.processes) as pool:
        rows = sum(pool.map(convert, jobs, chunksize=1))
    print(f"{rows:,} rows")


if __name__ == "__main__":
    main()
