"""Which rows that match items of benchmarks are in the dataset.

A match that removes nothing may be of a row that another match removed, that was a copy of another
row, or that a rule or the target left out: such a row is not kept.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl


def with_kept(matches: pl.DataFrame, output: Path) -> pl.DataFrame:
    """Matches (subset, row_id, pair_id, removed) with a column `kept`: the row is in the dataset.

    Rows under a criterion have other ids than the pairs that were compared, so pairs are looked
    up. All matches of a subset have to be there, as one may remove what another only reports.
    """
    if matches.is_empty():
        return matches.with_columns(kept=pl.lit(None, pl.Boolean))
    keys = ["subset", "pair_id"]
    pairs = _read(output, "data/*/*.parquet", keys).unique().with_columns(written=pl.lit(True))
    copies = _read(output, "duplicates/*.parquet", ["subset", "row_id"]).unique()
    copies = copies.with_columns(copy=pl.lit(True))
    joined = matches.join(pairs, on=keys, how="left", maintain_order="left").join(
        copies, on=["subset", "row_id"], how="left", maintain_order="left"
    )
    kept = pl.col("written").fill_null(False) & pl.col("copy").is_null()
    kept &= ~pl.col("removed").any().over("subset", "row_id")
    return joined.with_columns(kept=kept).drop("written", "copy")


def _read(output: Path, pattern: str, columns: list[str]) -> pl.DataFrame:
    frames = [
        pl.read_parquet(path, columns=columns, glob=False).select(pl.col(columns).cast(pl.String))
        for path in sorted(output.glob(pattern))
    ]
    return pl.concat(frames) if frames else pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
