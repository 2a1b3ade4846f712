"""The dedup benchmark's peer datatrove: its four MinHash stages, two workers each."""

from __future__ import annotations

import argparse

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import (
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import ParquetWriter
from datatrove.utils.hashing import HashConfig

FILES, BANDS, ROWS, WORKERS = 8, 14, 8, 2


def main() -> None:
    """Drop the copies of a folder from the command line."""
    parser = argparse.ArgumentParser(description="datatrove on the dedup benchmark.")
    parser.add_argument("source", help="folder of *.jsonl")
    parser.add_argument("output", help="folder to make")
    options = parser.parse_args()
    work = f"{options.output}/work"
    config = MinhashConfig(
        n_grams=5,
        num_buckets=BANDS,
        hashes_per_bucket=ROWS,
        hash_config=HashConfig(precision=64),
    )
    signed, matched, removed = (f"{work}/{name}" for name in ("signed", "matched", "removed"))
    stages = [
        ([JsonlReader(options.source), MinhashDedupSignature(signed, config=config)], FILES),
        ([MinhashDedupBuckets(signed, matched, config=config)], BANDS),
        ([MinhashDedupCluster(matched, removed, config=config)], 1),
        (
            [
                JsonlReader(options.source),
                MinhashDedupFilter(removed),
                ParquetWriter(f"{options.output}/kept", compression="zstd"),
            ],
            FILES,
        ),
    ]
    for number, (steps, tasks) in enumerate(stages):
        workers = min(WORKERS, tasks)
        logs = f"{work}/logs-{number}"
        LocalPipelineExecutor(steps, tasks=tasks, workers=workers, logging_dir=logs).run()


if __name__ == "__main__":
    main()
