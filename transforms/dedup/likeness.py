"""Prints of prepared pairs, and what is near-equal among them. Prints hold hashes, never text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from schemas.flight import PREPARED_SCHEMA
from transforms.dedup.near_text import Edges, near_pairs, near_prompts
from transforms.dedup.prints import Prints
from transforms.dedup.settings import DedupSettings
from transforms.dedup.text_prints import text_prints

#: Columns of prepared pairs that a print holds as they are.
KEYS: Final = ("row_id", "pair_id", "key", "rank", "payload_bytes", "preference")

#: What stands between the turns of a prompt where it is read as one text.
_BETWEEN_TURNS: Final = "\n\n"


def row_prints(prepared: pa.Table, settings: DedupSettings) -> pa.Table:
    """Prints of prepared pairs (`flight.PREPARED_SCHEMA`), row by row.

    With ``near: null`` they hold the keys alone.
    """
    media = [pc.list_value_length(prepared[f"{name}_media"]) for name in ("prompt", "a", "b")]
    has_media = pc.greater(pc.add(pc.add(media[0], media[1]), media[2]), 0)
    prints = prepared.select(KEYS).append_column("has_media", has_media)
    if settings.near is None:
        return prints
    texts = text_prints(
        prompt_texts(prepared["prompt"]), prepared["a_text"], prepared["b_text"], settings.near
    )
    for field in texts.schema:
        prints = prints.append_column(field, texts[field.name])
    return prints


def prompt_texts(prompts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Each prompt as one text: the contents of its turns, whoever speaks."""
    content = pl.element().struct.field("content")
    joined = pl.Series(prompts).list.eval(content).list.join(_BETWEEN_TURNS)
    return pa.chunked_array([joined.to_arrow().cast(pa.string())])


def no_prints(settings: DedupSettings) -> pa.Table:
    """The prints of no rows."""
    return row_prints(PREPARED_SCHEMA.empty_table(), settings)


@dataclass(frozen=True)
class ByPrints:
    """`decide.Likeness` by the hashes of the prints."""

    settings: DedupSettings

    def duplicates(self, prints: pa.Table) -> Iterable[pl.DataFrame]:
        """Near-equal pairs."""
        if self.settings.near is None:
            return []
        edges = near_pairs(Prints.of(prints), np.arange(prints.num_rows), self.settings.near)
        return [_edges(edges, "near")]

    def prompts(self, prints: pa.Table) -> pl.DataFrame | None:
        """Near-equal prompts."""
        if self.settings.near is None:
            return None
        edges = near_prompts(Prints.of(prints), np.arange(prints.num_rows), self.settings.near)
        return _edges(edges, "near")

    def media(self, prints: pa.Table) -> pl.DataFrame | None:
        """Near-equal media."""
        return None


def _edges(edges: Edges, how: str) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "later": edges.later,
            "earlier": edges.earlier,
            "strength": edges.similarity,
            "swapped": edges.swapped,
        }
    ).with_columns(how=pl.lit(how))
