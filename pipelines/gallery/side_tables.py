"""Dead letters, benchmark matches, duplicates and label costs, as a page shows them: bounded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from pipelines.contaminated import with_kept
from pipelines.gallery.reading import side_tables
from pipelines.layout import Layout

#: Rows of a table on a page, and characters of a text in it.
MOST_ROWS: Final = 60
EXCERPT: Final = 240


@dataclass(frozen=True)
class LetterGroup:
    """Dead letters of one stage and reason: how many, in which subsets, and examples."""

    stage: str
    reason: str
    count: int
    subsets: tuple[str, ...]
    examples: tuple[Mapping[str, Any], ...]


def letter_groups(output: Path, examples: int = 2) -> tuple[list[LetterGroup], int]:
    """Dead letters by stage and reason, the most first, and how many groups are left out."""
    frames = []
    for _, path in side_tables(output, "dead_letters"):
        where = path.with_name(f"{path.stem}.where.parquet")
        letters = pl.read_parquet(path, glob=False)
        places = pl.read_parquet(where, glob=False)["where"] if where.exists() else None
        fits = places is not None and len(places) == len(letters)
        column = places if fits else pl.lit(None, pl.String)
        frames.append(letters.with_columns(where=column))
    if not frames or not (letters := pl.concat(frames)).height:
        return [], 0
    groups = [
        LetterGroup(
            str(stage),
            str(reason),
            group.height,
            tuple(group["subset"].unique(maintain_order=True).to_list()),
            tuple(_bounded(letter) for letter in group.head(examples).iter_rows(named=True)),
        )
        for (stage, reason), group in letters.group_by("stage", "reason", maintain_order=True)
    ]
    groups.sort(key=lambda group: (-group.count, group.stage, group.reason))
    return groups[:MOST_ROWS], max(0, len(groups) - MOST_ROWS)


def _bounded(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        if not isinstance(value, str) or len(value) <= EXCERPT
        else f"{value[:EXCERPT]}…"
        for name, value in row.items()
    }


@dataclass(frozen=True)
class Table:
    """Counts by kind, a few rows of the table, and how many rows there are in all."""

    counts: tuple[Mapping[str, Any], ...]
    rows: tuple[Mapping[str, Any], ...]
    total: int


def matches(output: Path) -> Table:
    """Rows that match items of benchmarks: by benchmark and rule, removed or reported.

    What is reported is in the dataset; its rows have the column `kept`.
    """
    return _table(
        output,
        "contamination",
        by=("benchmark", "rule"),
        counts={
            "removed": pl.col("row_id").filter(pl.col("removed")).n_unique(),
            "reported": pl.col("row_id").filter(pl.col("kept")).n_unique(),
        },
        order=pl.col("removed"),
        told=lambda found: with_kept(found, Layout.of(str(output))),
    )


def duplicates(output: Path) -> Table:
    """Rows that were removed as copies of others: by subset and rule."""
    return _table(
        output,
        "duplicates",
        by=("subset", "rule"),
        counts={"removed": pl.len()},
        order=pl.col("strength"),
    )


def _table(
    output: Path,
    folder: str,
    by: tuple[str, ...],
    counts: Mapping[str, pl.Expr],
    order: pl.Expr,
    told: Callable[[pl.DataFrame], pl.DataFrame] = lambda found: found,
) -> Table:
    frames = [pl.scan_parquet(path, glob=False) for _, path in side_tables(output, folder)]
    if not frames:
        return Table((), (), 0)
    found = told(pl.concat(frames).collect())
    grouped = found.group_by(by).agg(**counts).sort(by)
    # Of each kind a few rows, so that a frequent one does not hide the others.
    few = found.sort(order, "row_id", descending=[True, False]).group_by(by, maintain_order=True)
    head = few.head(3).head(MOST_ROWS)
    return Table(
        tuple(grouped.iter_rows(named=True)),
        tuple(_bounded(row) for row in head.iter_rows(named=True)),
        found.height,
    )


def label_costs(output: Path) -> pl.DataFrame:
    """What labels cost: one row a subset and model, with columns subset, model, labels, tokens,
    usd.
    """
    frames = [
        pl.scan_parquet(path, glob=False)
        .group_by(pl.col("producer").struct.field("model").alias("model"))
        .agg(
            labels=pl.len(),
            tokens=(pl.col("input_tokens").sum() + pl.col("output_tokens").sum()),
            usd=pl.col("cost_usd").sum(),
        )
        .sort("model")
        .select(pl.lit(name).alias("subset"), "model", "labels", "tokens", "usd")
        for name, path in side_tables(output, "labels")
    ]
    if frames:
        return pl.concat(frames).collect()
    return pl.DataFrame(
        schema={
            "subset": pl.String, "model": pl.String, "labels": pl.UInt32, "tokens": pl.Int64,
            "usd": pl.Float64,
        }
    )  # fmt: skip
