"""The dedup benchmark's peer Daft: its MinHash, and the clustering that it leaves to its user.

Rows whose signatures agree in all 8 values of one of 14 bands are joined; the first of each cluster
stays. Bands are grouped with NumPy, clusters joined by union-find.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import daft
import numpy as np
from daft import col

BANDS, ROWS = 14, 8


def first_of_cluster(signatures: np.ndarray) -> np.ndarray:
    """bool[n]: whether a row is the first of its cluster."""
    parent = np.arange(len(signatures)).tolist()

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    for band in range(BANDS):
        keys = np.ascontiguousarray(signatures[:, band * ROWS : (band + 1) * ROWS])
        _, first, group = np.unique(
            keys.view(f"V{4 * ROWS}").ravel(), return_index=True, return_inverse=True
        )
        mates = first[group]
        for row in np.flatnonzero(mates != np.arange(len(mates))).tolist():
            one, other = sorted((root(row), root(int(mates[row]))))
            parent[other] = one
    return np.array([root(row) == row for row in range(len(parent))])


def main() -> None:
    """Drop the copies of a folder from the command line."""
    parser = argparse.ArgumentParser(description="Daft on the dedup benchmark.")
    parser.add_argument("source", type=Path, help="folder of *.jsonl")
    parser.add_argument("output", type=Path, help="folder to make")
    options = parser.parse_args()
    rows = daft.read_json(f"{options.source}/*.jsonl")
    signed = rows.select(
        "id", col("text").minhash(num_hashes=BANDS * ROWS, ngram_size=5, seed=1).alias("signature")
    ).to_arrow()
    column = signed["signature"].combine_chunks()
    signatures = column.values.to_numpy().astype(np.uint32).reshape(-1, BANDS * ROWS)
    kept = signed.select(["id"]).filter(first_of_cluster(signatures))
    # A list of so many ids in `is_in` would take time that grows with its square.
    rows.join(daft.from_arrow(kept), on="id", how="semi").write_parquet(
        str(options.output), compression="zstd"
    )
    os._exit(0)  # all is written; Daft's threads sometimes abort an interpreter that finalises


if __name__ == "__main__":
    main()
