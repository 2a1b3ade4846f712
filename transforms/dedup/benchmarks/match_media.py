"""Media of rows against media of items: the same file, or a perceptual hash within the radius."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.columns import ListColumn
from schemas.media import SLOT_MODALITY
from schemas.tasks import Modality
from transforms.dedup.benchmarks.index import MediaIndex, digest_words
from transforms.dedup.hamming import near_pairs_between
from transforms.dedup.perceptual import distance_rows, informative_rows, near_rows, packed, radius
from transforms.dedup.settings_media import PerceptualSettings

#: Words of the hash of a 3D model that say what its shape is.
_SHAPE_WORDS: Final = 4

#: Where a row has media: the name of the field, and its column.
ROW_MEDIA: Final = {"prompt": "prompt_media", "a": "a_media", "b": "b_media"}


class RowMedia(NamedTuple):
    """The media of one field of all rows, flat."""

    #: int64[media]: the row that each belongs to.
    row: np.ndarray
    modality: np.ndarray
    digest: pa.Array
    phash: pa.Array
    member: pa.Array

    @classmethod
    def of(cls, rows: pa.Table, field: str) -> RowMedia:
        """The media of a field (`ROW_MEDIA`) of prepared rows."""
        column = rows[ROW_MEDIA[field]]
        refs = ListColumn(column)
        counts = column.combine_chunks().value_lengths().fill_null(0)
        row = np.repeat(
            np.arange(rows.num_rows), counts.to_numpy(zero_copy_only=False).astype(np.int64)
        )
        slots = refs.values.field("slot").to_pylist()
        info = refs.values.field("info")
        modality = np.array([SLOT_MODALITY[slot] for slot in slots], object)
        digest, phash = pc.struct_field(info, "digest"), pc.struct_field(info, "phash")
        return cls(row, modality, digest, phash, refs.values.field("member"))


class MediaMatches(NamedTuple):
    """Pairs of a row and an item that have a medium in common, each once."""

    row: np.ndarray
    item: np.ndarray
    #: Bits of difference between perceptual hashes; 0 for the same file.
    bits: np.ndarray
    is_exact: np.ndarray
    #: The row's medium, as a number in its `RowMedia`.
    medium: np.ndarray


def match_media(
    media: RowMedia, modality: Modality, index: MediaIndex, settings: PerceptualSettings
) -> MediaMatches:
    """All items of the index that have a medium like one of these rows' of the modality."""
    chosen = np.flatnonzero(media.modality == modality)
    same_row, same_item = _same_files(media, chosen, index)
    near_row, near_item, bits = _near_hashes(media, chosen, modality, index, settings)
    medium = np.concatenate([same_row, near_row])
    item = np.concatenate([same_item, near_item])
    distance = np.concatenate([np.zeros(len(same_row), np.int64), bits])
    is_exact = np.concatenate([np.ones(len(same_row), bool), np.zeros(len(near_row), bool)])
    row = media.row[medium]
    order = np.lexsort((medium, distance, ~is_exact, item, row))
    is_new = np.ones(len(order), bool)
    is_new[1:] = (row[order][1:] != row[order][:-1]) | (item[order][1:] != item[order][:-1])
    kept = order[is_new]
    return MediaMatches(row[kept], item[kept], distance[kept], is_exact[kept], medium[kept])


def _same_files(
    media: RowMedia, chosen: np.ndarray, index: MediaIndex
) -> tuple[np.ndarray, np.ndarray]:
    chosen = chosen[media.digest.is_valid().to_numpy(zero_copy_only=False)[chosen]]
    words = digest_words(media.digest.take(pa.array(chosen)))
    start = np.searchsorted(index.source, words, side="left")
    hits = np.searchsorted(index.source, words, side="right") - start
    nth = np.arange(int(hits.sum())) - np.repeat(np.cumsum(hits) - hits, hits)
    return np.repeat(chosen, hits), index.item[np.repeat(start, hits) + nth]


def _near_hashes(
    media: RowMedia,
    chosen: np.ndarray,
    modality: Modality,
    index: MediaIndex,
    settings: PerceptualSettings,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    words, there = packed(media.phash.take(pa.array(chosen)).to_pylist(), modality)
    chosen, words = chosen[there], words[there]
    if not len(chosen) or not len(index.hashes):
        empty = np.empty(0, np.int64)
        return empty, empty, empty
    # Pictures come again in many rows: each hash is compared once.
    hashes, back = np.unique(words, axis=0, return_inverse=True)
    back = back.ravel()
    own, others = _near_words(hashes, index.hashes, modality, settings)
    bits = distance_rows(hashes[own], index.hashes[others], modality).astype(np.int64)
    order = np.argsort(back, kind="stable")
    counts = np.bincount(back, minlength=len(hashes))
    start = np.cumsum(counts) - counts
    times = counts[own]
    nth = np.arange(int(times.sum())) - np.repeat(np.cumsum(times) - times, times)
    medium = chosen[order[np.repeat(start[own], times) + nth]]
    return medium, np.repeat(index.hash_item[others], times), np.repeat(bits, times)


def _near_words(
    own: np.ndarray, others: np.ndarray, modality: Modality, settings: PerceptualSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of rows of hashes that are near: by the radius first, then by all that the rule asks.

    Of 3D models the words of the shape are compared by the radius, the colour afterwards.
    """
    mine = np.flatnonzero(informative_rows(own, modality, settings))
    theirs = np.flatnonzero(informative_rows(others, modality, settings))
    compared = _SHAPE_WORDS if modality == "mesh" else own.shape[1]
    pairs = near_pairs_between(
        np.ascontiguousarray(own[mine, :compared]),
        np.ascontiguousarray(others[theirs, :compared]),
        radius(modality, settings),
    )
    one, other = mine[pairs.later], theirs[pairs.earlier]
    near = near_rows(own[one], others[other], modality, settings)
    return one[near], other[near]
