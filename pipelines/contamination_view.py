"""Reading and showing what decontamination found, from ``contamination/<subset>.parquet``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
from rich.console import Group
from rich.markup import escape
from rich.text import Text

from pipelines.contaminated import with_kept
from pipelines.display import table_of
from pipelines.known_names import benchmarks_in, check_known
from pipelines.layout import Layout
from pipelines.run_record import read_record
from schemas.contamination import CONTAMINATION_SCHEMA
from transforms.beamkit.errors import BuildError

#: Digits of an id that tell rows apart; `omnireward show` takes the beginning of one.
_ID_DIGITS = 12
_EXCERPT = 60


def read_contamination(
    output: Path, subsets: Sequence[str], benchmarks: Sequence[str], removed: bool | None
) -> pl.DataFrame:
    """The matches of a built dataset (`schemas.contamination`), removed ones first.

    The column `kept` says whether the row is in the dataset.

    Raises:
        BuildError: none were written down there, or not of a subset or benchmark that is asked for.
    """
    folder = output / "contamination"
    files = {path.stem: path for path in sorted(folder.glob("*.parquet"))}
    if not files:
        raise BuildError(
            f"{output}: nothing was written down about contamination; is it the output of a build "
            "whose recipe lists benchmarks?"
        )
    unknown = [name for name in subsets if name not in files]
    if unknown:
        raise BuildError(f"{folder}: nothing of subset {unknown[0]!r}; there is {', '.join(files)}")
    every = pl.concat(
        [pl.read_parquet(path, columns=["benchmark"], glob=False) for path in files.values()]
    )
    frames = [
        pl.read_parquet(path, glob=False)
        for name, path in files.items()
        if name in (subsets or files)
    ]
    found = with_kept(pl.concat(frames).select(CONTAMINATION_SCHEMA.names), Layout.of(str(output)))
    if benchmarks:
        known = {*every["benchmark"], *benchmarks_in(read_record(Layout.of(str(output))))}
        check_known(folder, "benchmark", benchmarks, known)
        found = found.filter(pl.col("benchmark").is_in(list(benchmarks)))
    if removed is not None:
        found = found.filter(pl.col("removed") == removed)
    return found.sort(
        "removed", "subset", "row_id", "benchmark", "rule", "field",
        descending=[True, False, False, False, False, False],
    )  # fmt: skip


def contamination_view(found: pl.DataFrame, limit: int) -> Group:
    """How many rows each benchmark and rule found, and the first rows with what they matched."""
    if found.is_empty():
        return Group(Text("no row matches an item of a benchmark"))
    counted = table_of(
        "Contamination", "subset", "benchmark and rule", "removed", "kept",
        right=("removed", "kept"),
    )  # fmt: skip
    groups = found.group_by("subset", "benchmark", "rule").agg(
        removed=pl.col("row_id").filter(pl.col("removed")).n_unique(),
        reported=pl.col("row_id").filter(pl.col("kept")).n_unique(),
    )
    for group in groups.sort("subset", "benchmark", "rule").iter_rows():
        subset, *found_by = map(escape, group[:3])
        counted.add_row(subset, " ".join(found_by), *(f"{number:,}" for number in group[3:]))
    rows = table_of(
        "Rows",
        "row",
        "key",
        "item",
        "rule",
        "strength",
        "excerpt",
        right=("strength",),
        less=("key", "excerpt"),
    )
    for row in found.head(limit).iter_rows(named=True):
        is_text = row["rule"].endswith("_text") and row["rule"] != "prompt_medium_and_text"
        strength = f"{row['strength']:.0%}" if is_text else f"{row['strength']:.0f} bits"
        excerpt = " ".join((row["excerpt"] or "").split())
        rows.add_row(
            ("kept " if row["kept"] else "") + row["row_id"][:_ID_DIGITS],
            escape(row["key"] or ""),
            escape(f"{row['benchmark']} {row['item']}"),
            escape(f"{row['rule']} ({row['field']}, {row['likeness']})"),
            strength,
            escape(excerpt if len(excerpt) <= _EXCERPT else excerpt[: _EXCERPT - 1] + "…"),
        )
    gone = found.filter(pl.col("removed"))["row_id"].n_unique()
    kept = found.filter(pl.col("kept"))["row_id"].n_unique()
    others = found["row_id"].n_unique() - gone - kept
    lines = [counted, rows] if limit else [counted]
    more = len(found) - min(limit, len(found))
    told = f"{gone:,} rows removed, {kept:,} kept and reported"
    if others:
        told += f", {others:,} left out for another reason"
    return Group(*lines, Text(told + (f"; {more:,} more matches not shown" if more else "")))
