"""What holds over all subsets of a dataset: a frame for each question, and what it must show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from pipelines.clip_files import clips_of
from pipelines.layout import Layout
from pipelines.recipe import Recipe
from pipelines.settings_of import out_of_date
from transforms.beamkit import files
from transforms.quality.expectation import Expectation, Named, suite_of

#: What is needed of each subset's facts.
KEPT: Final = ("row_id", "pair_id", "kind", "split", "prompt_group", "media_group")


@dataclass(frozen=True)
class Question:
    """A frame, what is expected of it, and the column that names its rows."""

    frame: pl.DataFrame
    suite: Sequence[Named]
    ids: str


def questions(
    layout: Layout,
    record: Mapping[str, Any],
    held_to: Recipe,
    recorded: Recipe,
    rows: pl.DataFrame,
) -> dict[str, Question]:
    """All that is asked of a dataset, by name.

    Args:
        layout: the dataset's folder.
        record: its run record.
        held_to: the recipe that it is held to.
        recorded: the recipe of the run record.
        rows: `KEPT` of all its rows.
    """
    general = rows.filter(pl.col("kind") == "general").select("row_id", "pair_id")
    return {
        "benchmarks": Question(_benchmarks(record, held_to), _BENCHMARKS, "benchmark"),
        "clips": Question(_clips(layout, record), _CLIPS, "clip"),
        "pairs": Question(general, _PAIRS, "row_id"),
        "groups": Question(_groups(rows), _GROUPS, "group"),
        "subsets": Question(_subsets(record, recorded), _SUBSETS, "subset"),
    }


_BENCHMARKS: Final = suite_of(
    {
        "benchmarks_fingerprinted": Expectation(
            "state",
            values=("fingerprinted", "waived"),
            why="nobody looked for copies of its items",
        )
    }
)


def _benchmarks(record: Mapping[str, Any], held_to: Recipe) -> pl.DataFrame:
    """Every benchmark of the recipe, and whether the build could look for it."""
    told = record.get("decontamination", {})
    states = {
        name: "fingerprinted"
        if name in told.get("fingerprints", {})
        else "waived"
        if name in told.get("waived", {})
        else "missing"
        for name in held_to.decontamination.benchmarks
    }
    return _named("benchmark", "state", states)


_CLIPS: Final = suite_of(
    {
        "clips_there": Expectation(
            "state",
            values=("there",),
            why="rows name this file: build its subset again, with --fresh",
        )
    }
)


def _clips(layout: Layout, record: Mapping[str, Any]) -> pl.DataFrame:
    """Every clip that rows name as a file beside the shards, and whether it lies there."""
    sizes = dict(files.find(layout.clips, "*", "*"))
    # Shards that are there, as in the suites of subsets: what is missing fails their counts.
    shards = (
        path
        for name in record["subsets"]
        for path, _ in files.find(layout.shards(name), "*.parquet")
    )
    found = {place: sizes.get(files.join(layout.output, place)) for place in clips_of(shards)}
    states = {
        place: "missing" if size is None else "there" if size else "empty"
        for place, size in found.items()
    }
    return _named("clip", "state", states)


_PAIRS: Final = suite_of(
    {
        "pair_id_unique_over_subsets": Expectation(
            "pair_id", unique=True, why="a pair is in two general subsets"
        )
    }
)

_GROUPS: Final = suite_of(
    {"groups_on_one_side": Expectation("sides", max=1, why="a group is in train and validation")}
)


def _groups(rows: pl.DataFrame) -> pl.DataFrame:
    """Groups of prompts and media, and on how many sides of the split each is."""
    found = [
        rows.select(pl.col(name).alias("group"), "split")
        .drop_nulls()
        .group_by("group", maintain_order=True)
        .agg(pl.col("split").n_unique().cast(pl.Int64).alias("sides"))
        for name in ("prompt_group", "media_group")
    ]
    return pl.concat(found)


_SUBSETS: Final = suite_of(
    {
        "subsets_made_by_the_recipe": Expectation(
            "made_by_other",
            values=("none",),
            why="settings have changed since: build it again (what still holds is not redone)",
        )
    }
)


def _subsets(record: Mapping[str, Any], recorded: Recipe) -> pl.DataFrame:
    """Every subset, and what of the run record's recipe and code it was not made by."""
    told = {name: out_of_date(record, recorded, name) for name in record["subsets"]}
    states = {
        name: None if parts is None else ", ".join(parts) or "none" for name, parts in told.items()
    }
    return _named("subset", "made_by_other", states)


def _named(name: str, fact: str, values: Mapping[str, str | None]) -> pl.DataFrame:
    return pl.DataFrame(
        {name: list(values), fact: list(values.values())}, schema={name: pl.String, fact: pl.String}
    )
