"""Rows of several files as one lazy frame, wherever the files lie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from pipelines.dataset.shard import Shard
from transforms.beamkit import files


def lazy(shards: Sequence[Shard], columns: Sequence[str] | None) -> pl.LazyFrame:
    """A lazy frame over files of one schema."""
    paths = [shard.path for shard in shards]
    if all(map(files.is_local, paths)):
        frame = pl.scan_parquet(paths, glob=False, missing_columns="insert", extra_columns="ignore")
        return frame if columns is None else frame.select(columns)
    return _elsewhere(shards, columns)


def _elsewhere(shards: Sequence[Shard], columns: Sequence[str] | None) -> pl.LazyFrame:
    """The same through this package's own files, which know endpoint, token and cache."""
    from polars.io.plugins import register_io_source

    whole = pl.Schema(_empty(shards[0]).schema)
    schema = pl.Schema({name: whole[name] for name in columns or whole})

    def read(
        names: list[str] | None,
        predicate: pl.Expr | None,
        rows: int | None,
        _batch_rows: int | None,
    ) -> Iterator[pl.DataFrame]:
        left = rows
        wanted = list(schema) if names is None else names
        for shard in shards:
            for table in shard.batches(wanted):
                frame: Any = pl.from_arrow(table)
                frame = frame.select(wanted)
                if left is not None:
                    frame = frame.head(left)
                    left -= len(frame)
                yield frame if predicate is None else frame.filter(predicate)
                if left == 0:
                    return

    return register_io_source(read, schema=schema, is_pure=True)


def _empty(shard: Shard) -> pl.DataFrame:
    frame = pl.from_arrow(shard.metadata().schema.to_arrow_schema().empty_table())
    assert isinstance(frame, pl.DataFrame)
    return frame
