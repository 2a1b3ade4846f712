"""What the picture benchmark runs of ours: one whole build of pairs of pictures."""

from __future__ import annotations

import argparse
from pathlib import Path

import yaml
from picture_corpus import SIDES
from run_pipeline import SUBSET, build_recipe

#: The media policy of each work.
POLICIES = {
    "normalised": {"version": "bench-448", "image": {"max_side": 448, "jpeg_quality": 90}},
    "kept": {"version": "bench-kept"},
}


def recipe_text(source: Path, work: str) -> str:
    """A recipe that takes every pair of pictures."""
    recipe = {
        "version": 1,
        "name": "picture-benchmark",
        "seed": 7,
        "corpora": {
            "bench": {
                "adapter": "paired_folders",
                "repo": "local/bench",
                "licence": "unknown",
                "annotator": "model",
                "files": [f"{side}/*" for side in SIDES],
                "path": str(source.resolve()),
                "options": {"preferred": SIDES[0], "other": SIDES[1], "slot": "image"},
            }
        },
        "subsets": {
            SUBSET: {
                "corpus": "bench",
                "task": "t2i",
                "kind": "general",
                "target": None,
                "min_count": 0,
            }
        },
        "media": POLICIES[work],
    }
    return yaml.safe_dump(recipe, sort_keys=False)


def main() -> None:
    """Build from the command line."""
    parser = argparse.ArgumentParser(description="Build the picture benchmark's corpus.")
    parser.add_argument("source", type=Path, help="folder of two folders of pictures")
    parser.add_argument("output", type=Path, help="folder to make")
    parser.add_argument("--work", choices=sorted(POLICIES), default="kept")
    options = parser.parse_args()
    rows = build_recipe(recipe_text(options.source, options.work), options.output)
    print(f"{rows:,} rows")


if __name__ == "__main__":
    main()
