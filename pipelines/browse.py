"""Reading a built dataset back: single pairs, and dead letters."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.dataset as pads
import pyarrow.parquet as pq

from pipelines.dataset.clips import filled, root_of
from pipelines.known_names import check_known
from transforms.beamkit.errors import BuildError


def shards_of(output: Path, subset: str | None) -> list[Path]:
    """The shards of a dataset, or of one of its subsets.

    Raises:
        BuildError: there are none.
    """
    found = sorted((output / "data").glob("*/*.parquet"))
    if not found:
        raise BuildError(
            f"{output}: no dataset here; build it with: omnireward build --output {output}"
        )
    if subset is None:
        return found
    check_known(output, "subset", (subset,), (path.parent.name for path in found))
    return [path for path in found if path.parent.name == subset]


def pair_by_id(output: Path, subset: str | None, wanted: str) -> list[dict[str, Any]]:
    """The rows whose row id or pair id begins with `wanted`, with the bytes of their clips.

    Raises:
        BuildError: there is no dataset, or a clip of a row is missing.
    """
    data = pads.dataset([str(path) for path in shards_of(output, subset)])
    low, high = wanted, wanted + "g"  # ids are hex: "g" sorts after all of them
    row, pair = pads.field("row_id"), pads.field("pair_id")
    match = ((row >= low) & (row < high)) | ((pair >= low) & (pair < high))
    return [filled(row, str(output)) for row in data.to_table(filter=match).to_pylist()]


def random_pairs(
    output: Path, subset: str | None, number: int, seed: int | None
) -> list[dict[str, Any]]:
    """A few rows at random, all equally likely; reads only their row groups."""
    groups = [
        (path, group, meta.row_group(group).num_rows)
        for path in shards_of(output, subset)
        for meta in (pq.read_metadata(path),)
        for group in range(meta.num_row_groups)
    ]
    total = sum(rows for *_, rows in groups)
    rng = random.Random(seed)  # noqa: S311 - not for secrets
    picks = sorted(rng.sample(range(total), min(number, total)))
    rows: list[dict[str, Any]] = []
    start = 0
    for path, group, size in groups:
        inside = [pick - start for pick in picks if start <= pick < start + size]
        if inside:
            found = pq.ParquetFile(path).read_row_group(group).take(inside).to_pylist()
            rows += [filled(row, root_of(str(path))) for row in found]
        start += size
    rng.shuffle(rows)
    return rows


def dead_letters(output: Path, subsets: Sequence[str]) -> pl.DataFrame:
    """All dead letters with where each was met.

    Raises:
        BuildError: the folder holds no dataset, or no such subset.
    """
    folder = output / "dead_letters"
    files = {
        path.name.removesuffix(".parquet"): path
        for path in sorted(folder.glob("*.parquet"))
        if not path.name.endswith(".where.parquet")
    }
    if not files:
        raise BuildError(f"{output}: no dead letters here; is it the output of a build?")
    check_known(output, "subset", subsets, files)
    frames = []
    for path in (path for name, path in files.items() if name in (subsets or files)):
        where = pl.read_parquet(path.with_name(path.stem + ".where.parquet"), glob=False)
        frames.append(pl.read_parquet(path, glob=False).with_columns(where=where["where"]))
    return pl.concat(frames)


def media_of(row: Mapping[str, Any]) -> list[tuple[str, bytes, str]]:
    """The media of a row as (column, bytes, file name)."""
    found = []
    for column, value in row.items():
        items = value if isinstance(value, list) else [value]
        found += [
            (column, item["bytes"], item["path"])
            for item in items
            if isinstance(item, dict) and isinstance(item.get("bytes"), bytes)
        ]
    return found
