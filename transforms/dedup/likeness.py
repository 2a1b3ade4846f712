"""Prints of prepared pairs: keys, and hashes by which near-equal pairs are found. No text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from schemas.flight import PREPARED_SCHEMA
from transforms.dedup.edges import NO_EDGES
from transforms.dedup.settings import DedupSettings

#: Columns of prepared pairs that a print holds as they are.
KEYS: Final = ("row_id", "pair_id", "key", "rank", "payload_bytes", "preference")


def row_prints(prepared: pa.Table, settings: DedupSettings) -> pa.Table:
    """Prints of prepared pairs (`flight.PREPARED_SCHEMA`), row by row."""
    media = [pc.list_value_length(prepared[f"{name}_media"]) for name in ("prompt", "a", "b")]
    has_media = pc.greater(pc.add(pc.add(media[0], media[1]), media[2]), 0)
    return prepared.select(KEYS).append_column("has_media", has_media)


def no_prints(settings: DedupSettings) -> pa.Table:
    """The prints of no rows."""
    return row_prints(PREPARED_SCHEMA.empty_table(), settings)


@dataclass(frozen=True)
class ByPrints:
    """`decide.Likeness` by the hashes of the prints."""

    settings: DedupSettings

    def duplicates(self, prints: pl.DataFrame, first: int) -> Iterable[pl.DataFrame]:
        """Near-equal pairs."""
        return []

    def prompts(self, prints: pl.DataFrame, first: int) -> pl.DataFrame:
        """Near-equal prompts."""
        return NO_EDGES

    def media(self, prints: pl.DataFrame, first: int) -> pl.DataFrame:
        """Near-equal media."""
        return NO_EDGES

    def has_media(self, prints: pl.DataFrame) -> pl.Series:
        """Whether each row has any medium."""
        return prints["has_media"]
