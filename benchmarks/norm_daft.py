"""The text benchmark's peer: the same rows and ids from Daft, in an environment of its own.

Daft reads the JSON lines and writes the Parquet; it has neither NFC nor SHA-256 of its own, so
normalisation and ids are the project's scalar functions, called in one batch function.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import daft
import pyarrow as pa
from daft import DataType, Series, col

from schemas.ids import ID_HEX, first_is_a, pair_digest, prompt_digest, response_digest, row_id
from schemas.text import canonical_text

NAMES = ("row_id", "pair_id", "prompt", "response_a", "response_b", "preference")
_SUBSET = "Bench"


def row_of(prompt: str, chosen: str, rejected: str) -> tuple[str, str, str, str, str, str]:
    """Ids, canonical texts by side, and the preference of one pair."""
    prompt, chosen, rejected = (canonical_text(text) for text in (prompt, chosen, rejected))
    asked = prompt_digest([(b"user", prompt.encode())], ())
    first = response_digest(chosen.encode(), ())
    second = response_digest(rejected.encode(), ())
    pair = pair_digest(b"t2t", asked, first, second)
    pair_id = pair.hex()[:ID_HEX]
    row = row_id(_SUBSET, pair_id, None)
    if first_is_a(pair, first, second):
        return row, pair_id, prompt, chosen, rejected, "a"
    return row, pair_id, prompt, rejected, chosen, "b"


def prepared(prompt: Series, chosen: Series, rejected: Series) -> pa.Array:
    """`row_of` over a batch."""
    rows = map(row_of, prompt.to_pylist(), chosen.to_pylist(), rejected.to_pylist())
    columns = [pa.array(column, pa.large_string()) for column in zip(*rows, strict=True)]
    return pa.StructArray.from_arrays(columns, list(NAMES))


def main() -> None:
    """Convert a folder from the command line."""
    parser = argparse.ArgumentParser(description="Daft on the text benchmark.")
    parser.add_argument("source", type=Path, help="folder of *.jsonl")
    parser.add_argument("output", type=Path, help="folder to make")
    options = parser.parse_args()
    prepare = daft.func.batch(
        return_dtype=DataType.struct(dict.fromkeys(NAMES, DataType.string())), unnest=True
    )(prepared)
    frame = daft.read_json(f"{options.source}/*.jsonl").select(
        col("id").alias("key"), prepare(col("prompt"), col("chosen"), col("rejected"))
    )
    frame.write_parquet(str(options.output), compression="zstd")


if __name__ == "__main__":
    main()
    os._exit(0)  # a thread of Daft's may want the interpreter while it ends, which then aborts
