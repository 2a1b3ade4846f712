"""The dedup benchmark's contender: near-duplicates of `text` by the project's own functions.

Two processes read a file of JSON lines each and print its texts; one finds the copies; the two
read again, and write the rows that stay.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from transforms.dedup.near_text import near_pairs
from transforms.dedup.prints import Prints
from transforms.dedup.settings_text import NearTextSettings
from transforms.dedup.text_prints import text_prints

#: The peers' parameters: 5-grams of words, 14 bands of 8 values.
SETTINGS = NearTextSettings(
    ngram=5,
    num_perm=112,
    bands=14,
    rows=8,
    min_prompt_similarity=0.75,
    min_response_similarity=0.75,
)
PROCESSES = 2


def printed(file: Path) -> pa.Table:
    """The prints of the texts of one file."""
    texts = pl.read_ndjson(file, schema={"text": pl.String}, low_memory=True)["text"].to_arrow()
    column = pa.chunked_array([texts])
    nothing = pa.chunked_array([pa.nulls(len(texts), pa.string())])
    return text_prints(column, nothing, nothing, SETTINGS)


def write_kept(file: Path, kept: np.ndarray, output: Path) -> None:
    """The rows of one file that stay, as Parquet."""
    frame = pl.read_ndjson(file, low_memory=True)
    frame.filter(pl.Series(kept)).write_parquet(output / f"{file.stem}.parquet", compression="zstd")


def main() -> None:
    """Drop the copies of a folder from the command line."""
    parser = argparse.ArgumentParser(description="The project's functions on the dedup benchmark.")
    parser.add_argument("source", type=Path, help="folder of *.jsonl")
    parser.add_argument("output", type=Path, help="folder to make")
    options = parser.parse_args()
    options.output.mkdir(parents=True)
    files = sorted(options.source.glob("*.jsonl"))
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        tables = list(pool.map(printed, files))
        lengths = [table.num_rows for table in tables]
        prints = Prints.of(pa.concat_tables(tables))
        del tables
        edges = near_pairs(prints, np.arange(prints.rows), SETTINGS)
        kept = np.ones(prints.rows, bool)
        kept[edges.later] = False
        parts = np.split(kept, np.cumsum(lengths)[:-1])
        list(pool.map(write_kept, files, parts, [options.output] * len(files)))


if __name__ == "__main__":
    main()
