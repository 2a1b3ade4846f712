"""The facts of every row in memory, for filters and ids: some hundred bytes a row, no text.

They are read in the background, so that the first page need not wait.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from pipelines.gallery.reading import Built
from pipelines.gallery.viewer.query import AGREEMENT, FLAGS, LISTED, Query

_ENUMS: Final = ("subset", "task", "kind", "preference", "origin", "annotator", "licence")


class FactsTable:
    """The facts of a dataset's rows, numbered in the order of its shards, from 0."""

    def __init__(self, built: Built) -> None:
        self._built = built
        self._frame: pl.DataFrame | None = None
        self._choices: dict[str, list[tuple[str, int]]] = {}
        self._done = threading.Event()
        self.failure: str | None = None

    def start(self) -> None:
        """Read in the background."""
        threading.Thread(target=self._read, name="view-facts", daemon=True).start()

    def _read(self) -> None:
        try:
            self.read()
        except Exception as error:  # a page says it: the thread has nobody to raise to
            self.failure = f"{type(error).__name__}: {error}"
        finally:
            self._done.set()

    def read(self) -> None:
        """Read the facts of all shards."""
        frames = [
            pl.scan_parquet(shard.path, glob=False).select(_COLUMNS).collect()
            for shard in self._built.shards
        ]
        frame = pl.concat(frames) if frames else pl.DataFrame(schema=_EMPTY)
        # Repeated names are kept once.
        frame = frame.with_columns(pl.col(_ENUMS).cast(pl.Categorical)).with_row_index("n")
        self._choices = {name: _counted(frame[name]) for name in LISTED}
        self._frame = frame
        self._done.set()

    def wait(self, seconds: float) -> bool:
        """Whether the facts are there, after waiting for them for a while."""
        return self._done.wait(seconds) and self._frame is not None

    @property
    def choices(self) -> Mapping[str, Sequence[tuple[str, int]]]:
        """The values of each filter with how many rows have them; empty before they are read."""
        return self._choices

    def fitting(self, query: Query, among: pl.Series | None = None) -> pl.Series:
        """Numbers of the rows that fit the filters, in order; only those `among` some."""
        assert self._frame is not None
        rows = self._frame.lazy()
        if among is not None:
            rows = rows.filter(pl.col("n").is_in(among.implode()))
        return rows.filter(*_conditions(query)).select("n").collect()["n"]

    def by_id(self, wanted: str, most: int) -> list[int]:
        """Numbers of the rows whose row id or pair id begins with `wanted` (hex)."""
        assert self._frame is not None
        fits = pl.col("row_id").str.starts_with(wanted) | pl.col("pair_id").str.starts_with(wanted)
        numbers: list[int] = self._frame.lazy().filter(fits).head(most).collect()["n"].to_list()
        return numbers


_COLUMNS: Final = [
    *map(pl.col, ("row_id", "pair_id", "subset", "task", "kind", "preference", "annotator")),
    pl.col("criterion_origin").alias("origin"),
    pl.col("source").struct.field("licence").alias("licence"),
    *map(pl.col, ("flipped", "nc", "agreement")),
]
_EMPTY: Final = {
    **dict.fromkeys(("row_id", "pair_id", *_ENUMS), pl.String()),
    **dict.fromkeys(FLAGS, pl.Boolean()),
    "agreement": pl.Float32(),
}


def _conditions(query: Query) -> list[pl.Expr]:
    """The filters of a query; a row where a fact is unknown fits no filter by it."""
    wanted = [
        pl.col(name).cast(pl.String) == getattr(query, name)
        for name in LISTED
        if getattr(query, name)
    ]
    wanted += [
        pl.col(name) == (getattr(query, name) == "yes") for name in FLAGS if getattr(query, name)
    ]
    if query.agreement:
        low, high = AGREEMENT[query.agreement]
        wanted.append((pl.col("agreement") >= low) & (pl.col("agreement") < high))
    return wanted or [pl.lit(True)]


def _counted(values: pl.Series) -> list[tuple[str, int]]:
    counts = values.cast(pl.String).drop_nulls().value_counts()
    return sorted((str(value), int(count)) for value, count in counts.iter_rows())
