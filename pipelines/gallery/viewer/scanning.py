"""Search in the rows whose words are not indexed yet: reads them, for a limited time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl
import pyarrow.parquet as pq

from pipelines.gallery.reading import Built
from pipelines.gallery.viewer.query import Phrase
from pipelines.gallery.viewer.words import SEARCHED, searched_texts

#: Seconds that a search reads rows at most.
SECONDS: Final = 1.0


@dataclass(frozen=True)
class Scanned:
    """Rows that fit, in order, and up to which row was looked."""

    numbers: tuple[int, ...]
    reached: int


def scan(
    built: Built,
    wanted: Sequence[Phrase],
    start: int,
    most: int,
    fits: Callable[[pl.Series], pl.Series] = lambda numbers: numbers,
    seconds: float = SECONDS,
) -> Scanned:
    """The rows from `start` on in which all phrases are found, until there are `most` of them.

    Args:
        built: the dataset.
        wanted: phrases that are looked for in prompts, criteria and responses.
        start: number of the first row.
        most: how many rows are enough.
        fits: keeps of some row numbers those that fit other filters too.
        seconds: after these no further row group is read.
    """
    found: list[int] = []
    until = time.monotonic() + seconds
    first = 0
    for shard in built.shards:
        for group, rows in enumerate(shard.groups):
            end = first + rows
            if end > start:
                if len(found) >= most or time.monotonic() >= until:
                    return Scanned(tuple(found), max(first, start))
                with pq.ParquetFile(shard.path, memory_map=True) as file:
                    table = file.read_row_group(group, columns=list(SEARCHED))
                texts = pl.Series("text", searched_texts(pl.from_arrow(table)))
                numbers = pl.Series("n", range(first, end), dtype=pl.UInt32)
                hits = numbers.filter(_all_in(texts, wanted) & (numbers >= start))
                found += fits(hits).to_list() if len(hits) else []
            first = end
    return Scanned(tuple(found), built.rows)


def _all_in(texts: pl.Series, wanted: Sequence[Phrase]) -> pl.Series:
    fitting = pl.Series([True]).new_from_index(0, len(texts))
    for phrase in wanted:
        fitting &= texts.str.contains(phrase.pattern)
    return fitting
