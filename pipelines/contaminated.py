"""Which rows that match items of benchmarks are in the dataset.

A match that removes nothing may be of a row that another match removed, that was a copy of another
row, or that a rule or the target left out: such a row is not kept.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl
import pyarrow.parquet as pq

from pipelines.layout import Layout
from transforms.beamkit import files


def with_kept(matches: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """Matches (subset, row_id, pair_id, removed) with a column `kept`: the row is in the dataset.

    Rows under a criterion have other ids than the pairs that were compared, so pairs are looked
    up. All matches of a subset have to be there, as one may remove what another only reports.

    Args:
        matches: of any subsets.
        layout: the output folder of their build, on any filesystem.
    """
    if matches.is_empty():
        return matches.with_columns(kept=pl.lit(None, pl.Boolean))
    keys = ["subset", "pair_id"]
    subsets = matches["subset"].unique().sort().to_list()
    shards = [path for name in subsets for path, _ in files.find(layout.shards(name), "*.parquet")]
    tables = [path for name in subsets if files.exists(path := layout.duplicates(name))]
    pairs = _read(shards, keys).unique().with_columns(written=pl.lit(True))
    copies = _read(tables, ["subset", "row_id"]).unique()
    copies = copies.with_columns(copy=pl.lit(True))
    joined = matches.join(pairs, on=keys, how="left", maintain_order="left").join(
        copies, on=["subset", "row_id"], how="left", maintain_order="left"
    )
    kept = pl.col("written").fill_null(False) & pl.col("copy").is_null()
    kept &= ~pl.col("removed").any().over("subset", "row_id")
    return joined.with_columns(kept=kept).drop("written", "copy")


def _read(paths: Iterable[str], columns: list[str]) -> pl.DataFrame:
    frames = [pl.DataFrame(schema=dict.fromkeys(columns, pl.String))]
    for path in paths:
        with files.open_read(path) as stream, pq.ParquetFile(stream, pre_buffer=False) as file:
            found = pl.DataFrame(file.read(columns=columns))
        frames.append(found.select(pl.col(columns).cast(pl.String)))
    return pl.concat(frames)
