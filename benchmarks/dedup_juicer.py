"""The dedup benchmark's peer data-juicer: its MinHash operator, run as its command runs it."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path


def main() -> None:
    """Drop the copies of a folder from the command line."""
    parser = argparse.ArgumentParser(description="data-juicer on the dedup benchmark.")
    parser.add_argument("source", type=Path, help="folder of *.jsonl")
    parser.add_argument("output", type=Path, help="folder to make")
    options = parser.parse_args()
    options.output.mkdir(parents=True)
    operator = {
        "tokenization": "space",
        "window_size": 5,
        "num_permutations": 112,
        "jaccard_threshold": 0.75,
        "num_bands": 14,
        "num_rows_per_band": 8,
    }
    recipe = options.output / "recipe.yaml"  # JSON is YAML
    settings = {
        "project_name": "dedup",
        "dataset_path": str(options.source),
        "export_path": str(options.output / "kept" / "rows.parquet"),
        "np": 2,
        "text_keys": "text",
        "use_cache": False,
        "process": [{"document_minhash_deduplicator": operator}],
    }
    recipe.write_text(json.dumps(settings))
    command = [str(Path(sys.executable).parent / "dj-process"), "--config", str(recipe)]
    raise SystemExit(subprocess.run(command, check=False).returncode)


if __name__ == "__main__":
    main()
