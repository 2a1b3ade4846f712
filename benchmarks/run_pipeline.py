"""What the text benchmark runs of ours: one whole build through the `mapped` adapter."""

from __future__ import annotations

import argparse
import logging
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import yaml

SUBSET = "Bench"


def recipe_text(source: Path) -> str:
    """A recipe that takes every row of the benchmark's corpus."""
    options = {"prompt": "prompt", "chosen": "chosen", "rejected": "rejected", "key": "id"}
    recipe = {
        "version": 1,
        "name": "text-benchmark",
        "seed": 7,
        # The others look for no near-equal rows; exact copies always go.
        "dedup": {"near": None},
        "corpora": {
            "bench": {
                "adapter": "mapped",
                "repo": "local/bench",
                "licence": "unknown",
                "annotator": "model",
                "files": ["*.jsonl"],
                "path": str(source.resolve()),
                "options": options,
            }
        },
        "subsets": {
            SUBSET: {
                "corpus": "bench",
                "task": "t2t",
                "kind": "general",
                "target": None,
                "min_count": 0,
            }
        },
    }
    return yaml.safe_dump(recipe, sort_keys=False)


def build(source: Path, output: Path, runner: str = "local", workers: int = 2) -> int:
    """Build the text benchmark's dataset in the fresh folder `output`; returns its rows."""
    return build_recipe(recipe_text(source), output, runner, workers)


def build_recipe(text: str, output: Path, runner: str = "local", workers: int = 2) -> int:
    """Build the dataset of a recipe in the fresh folder `output`; returns its rows."""
    from pipelines.layout import Layout
    from pipelines.planning import SubsetPlan
    from pipelines.recipe import load_recipe
    from pipelines.run import RunRequest, run

    logging.getLogger().setLevel(logging.ERROR)
    output.mkdir(parents=True)
    file = output / "recipe.yaml"
    file.write_text(text, encoding="utf-8")
    layout = Layout.of(str(output))
    request = RunRequest(load_recipe(file), output, layout, (), runner, workers)

    def unwatched(_: SubsetPlan) -> AbstractContextManager[None]:
        return nullcontext()

    record, failures = run(request, unwatched)
    if failures:
        raise SystemExit(f"the build failed its own checks: {failures}")
    return int(record["subsets"][SUBSET]["rows"])


def main() -> None:
    """Build from the command line."""
    parser = argparse.ArgumentParser(description="Build the text benchmark's corpus.")
    parser.add_argument("source", type=Path, help="folder of *.jsonl")
    parser.add_argument("output", type=Path, help="folder to make")
    parser.add_argument("--runner", default="local")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    rows = build(options.source, options.output, options.runner, options.workers)
    print(f"{rows:,} rows")


if __name__ == "__main__":
    main()
