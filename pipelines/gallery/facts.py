"""Numbers of every pair for plots: lengths, sizes, labels. Text is measured, media are not read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from pipelines.gallery.reading import Shard


def facts_of(shards: Sequence[Shard]) -> pl.DataFrame:
    """One row a pair: its labels, and of both responses characters, seconds and bytes.

    Columns: subset, task, kind, preference, flipped, agreement, criterion_origin,
    source_preference, criterion (a hash, null where there is none), criterion_chars, licence, nc,
    prompt_chars, and for each side s: chars_s, seconds_s, bytes_s.
    """
    frames = [
        pl.scan_parquet(shard.path, glob=False).select(*_EXPRESSIONS).collect() for shard in shards
    ]
    return pl.concat(frames) if frames else pl.DataFrame()


def _of_infos(side: str, name: str) -> pl.Expr:
    return pl.col(f"response_{side}_info").list.eval(pl.element().struct.field(name))


def _expressions() -> list[pl.Expr]:
    sides: list[Any] = []
    for side in "ab":
        sides += [
            pl.col(f"response_{side}_text").str.len_chars().alias(f"chars_{side}"),
            _of_infos(side, "duration_s").list.max().alias(f"seconds_{side}"),
            _of_infos(side, "bytes").list.sum().alias(f"bytes_{side}"),
        ]
    prompt = pl.col("prompt").list.eval(pl.element().struct.field("content").str.len_chars())
    return [
        *map(pl.col, ("subset", "task", "kind", "preference", "flipped", "agreement", "nc")),
        *map(pl.col, ("criterion_origin", "source_preference")),
        # The hash of null is a number too.
        pl.when(pl.col("criterion").is_not_null())
        .then(pl.col("criterion").hash())
        .alias("criterion"),
        pl.col("criterion").str.len_chars().alias("criterion_chars"),
        prompt.list.sum().alias("prompt_chars"),
        pl.col("source").struct.field("licence").alias("licence"),
        *sides,
    ]


_EXPRESSIONS = _expressions()
