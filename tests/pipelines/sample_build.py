"""What tests of the pipelines share: sample corpora with what was planted, and built datasets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from pipelines.layout import Layout
from pipelines.recipe import Recipe, load_recipe
from pipelines.run import RunRequest, run
from pipelines.sample_corpora import Planted
from pipelines.watching import Watcher

GENERAL = ("Skywork-Reward-Preference", "RLAIF-V", "HPDv2")


@dataclass(frozen=True)
class Sample:
    """Sample corpora, what was planted in them, and their recipe."""

    folder: Path
    planted: dict[str, Planted]
    recipe_file: Path

    @property
    def recipe(self) -> Recipe:
        return load_recipe(self.recipe_file)

    def whole(self) -> Recipe:
        """The recipe with every record wanted, so that every planted fault is met."""
        recipe = self.recipe
        subsets = {
            name: replace(subset, target=None, min_count=0)
            for name, subset in recipe.subsets.items()
        }
        quality = replace(recipe.quality, max_dead_share=1.0)
        return replace(recipe, subsets=subsets, quality=quality)


@dataclass(frozen=True)
class Built:
    """A built dataset."""

    output: Path
    record: dict[str, Any]

    def digests(self) -> dict[str, str]:
        """SHA-256 of every shard and dead-letter file, as the run record states them."""
        return {
            f"{subset}/{name}": entry["sha256"]
            for subset, record in self.record["subsets"].items()
            for kind in ("shards", "dead_letters")
            for name, entry in record[kind].items()
        }


def build_with(
    recipe: Recipe, base: Path, output: Path, names: Sequence[str] = GENERAL, **how: Any
) -> Built:
    """Build in this process, without anything on the terminal."""
    request = RunRequest(recipe, base, Layout.of(str(output)), tuple(names), **how)
    record, failures = run(request, Watcher(Console(quiet=True), quiet=True))
    assert failures == []
    return Built(output, record)
