"""Prints of prepared pairs, and what is near-equal among them. Prints hold hashes, never text.

A pair of texts is a copy of another if prompt, prompt media and both responses are near-equal.
Responses that are media are compared by perceptual hashes, where prompts are much the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from schemas.flight import PREPARED_SCHEMA
from transforms.dedup.edges import EDGE_SCHEMA
from transforms.dedup.groups import components
from transforms.dedup.media_pairs import (
    MediaOfRows,
    media_edges,
    near_pairs_media,
    response_candidates,
)
from transforms.dedup.media_prints import Media, media_prints
from transforms.dedup.near_text import (
    near_pairs,
    near_prompts,
    prompt_similarity,
    unclear_sides,
)
from transforms.dedup.prints import Prints
from transforms.dedup.settings import DedupSettings
from transforms.dedup.settings_text import NearTextSettings
from transforms.dedup.text_prints import text_prints

#: Columns of prepared pairs that a print holds as they are.
KEYS: Final = ("row_id", "pair_id", "key", "rank", "payload_bytes", "preference")

#: What stands between the turns of a prompt where it is read as one text.
_BETWEEN_TURNS: Final = "\n\n"

#: Spreads small numbers over 64 bits (Knuth's multiplier).
_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)


_MEDIA: Final = ("prompt_media", "a_media", "b_media")
_TEXTS: Final = ("prompt", "a_text", "b_text")


def printed_columns(settings: DedupSettings) -> tuple[str, ...]:
    """The columns of prepared pairs that `row_prints` looks at: texts only if they are printed."""
    return (*KEYS, *_MEDIA, *(() if settings.near is None else _TEXTS))


def row_prints(prepared: pa.Table, settings: DedupSettings) -> pa.Table:
    """Prints of prepared pairs (`flight.PREPARED_SCHEMA`), row by row.

    With ``near: null`` they hold the keys alone.
    """
    media = [pc.list_value_length(prepared[name]) for name in _MEDIA]
    has_media = pc.greater(pc.add(pc.add(media[0], media[1]), media[2]), 0)
    prints = prepared.select(KEYS).append_column("has_media", has_media)
    if settings.near is None:
        return prints
    texts = text_prints(
        prompt_texts(prepared["prompt"]), prepared["a_text"], prepared["b_text"], settings.near
    )
    for table in (texts, media_prints(prepared)):
        for field in table.schema:
            prints = prints.append_column(field, table[field.name])
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
        media = MediaOfRows.of(prints, self.settings.perceptual)
        of_media = (media.a.count > 0) & (media.b.count > 0)
        return [
            self._texts(prints, media, np.flatnonzero(~of_media), self.settings.near),
            self._responses(prints, media, self.settings.near),
        ]

    def prompts(self, prints: pa.Table) -> pl.DataFrame | None:
        """Near-equal prompts."""
        if self.settings.near is None:
            return None
        edges = near_prompts(Prints.of(prints), np.arange(prints.num_rows), self.settings.near)
        return pl.DataFrame({"later": edges.later, "earlier": edges.earlier})

    def media(self, prints: pa.Table) -> pl.DataFrame | None:
        """Rows that share a near-equal medium."""
        if self.settings.near is None:
            return None
        media = MediaOfRows.of(prints, self.settings.perceptual)
        later, earlier = media_edges(media, settings=self.settings.perceptual)
        return pl.DataFrame({"later": later, "earlier": earlier})

    def _texts(
        self, prints: pa.Table, media: MediaOfRows, rows: np.ndarray, near: NearTextSettings
    ) -> pl.DataFrame:
        """Copies among rows whose responses are texts: near-equal texts about near-equal media.

        Texts are looked for among rows that share a prompt medium, so that a text that recurs with
        other pictures hides no copy.
        """
        context = self._context(media)[rows]
        texts = Prints.of(prints.take(pa.array(rows)))
        texts = replace(texts, pair=texts.pair ^ context, bands=texts.bands ^ context[:, None])
        edges = near_pairs(texts, np.arange(len(rows)), near)
        later, earlier = rows[edges.later], rows[edges.earlier]
        verdicts = near_pairs_media(media, later, earlier, self.settings.perceptual)
        return _edges(
            later[verdicts.equal],
            earlier[verdicts.equal],
            np.minimum(edges.similarity, verdicts.strength)[verdicts.equal],
            edges.swapped[verdicts.equal],
            unclear_sides(texts, edges, near)[verdicts.equal],
            "near",
        )

    def _context(self, media: MediaOfRows) -> np.ndarray:
        """uint64 a row: equal where prompts have a near-equal medium in common, 0 without one."""
        nothing = replace(media.a, start=np.zeros_like(media.a.start))
        alone = MediaOfRows(media.prompt, _none(nothing), _none(nothing))
        later, earlier = media_edges(alone, settings=self.settings.perceptual)
        root = components(len(media), later, earlier)
        numbers = np.where(media.prompt.count > 0, root + 1, 0).astype(np.uint64)
        return numbers * _SPREAD

    def _responses(
        self, prints: pa.Table, media: MediaOfRows, near: NearTextSettings
    ) -> pl.DataFrame:
        """Copies among rows whose responses are media, with prompts that are much the same."""
        texts, any_length = Prints.of(prints), replace(near, short_tokens=0)
        # Pictures made of the prompt's picture: edits of one source are alike without being copies.
        is_edit = (media.prompt.count > 0) & (media.a.count > 0)
        found = []
        for edits in (False, True):
            later, earlier = response_candidates(media, 0, self.settings.perceptual, edits)
            mine = (is_edit[later] == edits) & (is_edit[earlier] == edits)
            later, earlier = later[mine], earlier[mine]
            prompts = prompt_similarity(texts, later, earlier, any_length)
            enough = prompts >= self.settings.min_prompt_similarity_of_media
            later, earlier, prompts = later[enough], earlier[enough], prompts[enough]
            verdicts = near_pairs_media(media, later, earlier, self.settings.perceptual, edits)
            strength = np.minimum(prompts, verdicts.strength)
            found.append(
                _edges(
                    later[verdicts.equal],
                    earlier[verdicts.equal],
                    strength[verdicts.equal],
                    verdicts.swapped[verdicts.equal],
                    verdicts.unclear[verdicts.equal],
                    "perceptual",
                )
            )
        return pl.concat(found)


def _none(media: Media) -> Media:
    """The media of rows that have none."""
    return replace(
        media,
        code=media.code[:0],
        digest=media.digest[:0],
        words=media.words[:0],
        known=media.known[:0],
    )


def _edges(
    later: np.ndarray,
    earlier: np.ndarray,
    strength: np.ndarray,
    swapped: np.ndarray,
    unclear: np.ndarray,
    how: str,
) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "later": later,
            "earlier": earlier,
            "strength": strength,
            "swapped": pl.Series(swapped).set(pl.Series(unclear), None),
            "how": [how] * len(later),
        },
        schema=EDGE_SCHEMA,
    )
