"""Which rows of a subset were added, removed or labelled anew: ids and labels of changed shards.

A shard holds the rows of a range of ids, so shards with equal digests hold the same rows and are
not read. Of the others a few columns are fetched, never media. Range by range is compared, so that
memory holds the rows of a few shards and not of a subset; of media it holds eight bytes each.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.dataset.shard import PLACES, Shard, shard_at
from transforms.beamkit import files
from transforms.beamkit.column_chunks import column_chunks
from transforms.beamkit.errors import BuildError

_IDS: Final = ("row_id", "pair_id", "preference")
_INFOS: Final = ("prompt_info", "response_a_info", "response_b_info")
_DIGEST: Final = "list.element.digest"
_COLUMNS: Final = [*_IDS, *(f"{info}.{_DIGEST}" for info in _INFOS)]
_COUNTED: Final = ("added", "removed", "relabelled", "criteria")
#: The place of a pair among the ranges of ids; one whose id is no hash is in the first.
_PLACE: Final = pl.col("pair_id").str.head(4).str.to_integer(base=16, strict=False).fill_null(0)
_SCHEMA_KEY: Final = b"omni_reward_schema"


@dataclass(frozen=True)
class RowChanges:
    """What became of the rows of a subset.

    `criteria` counts pairs that have another criterion than before: their rows are neither among
    the added nor the removed. `media` are new, `media_gone` are no longer used, in what changed.
    """

    added: int = 0
    removed: int = 0
    relabelled: int = 0
    criteria: int = 0
    media: int = 0
    media_gone: int = 0

    @property
    def any(self) -> bool:
        """Whether a row or a label is not as it was."""
        return bool(self.added or self.removed or self.relabelled or self.criteria)


def changes_between(before: Iterable[str], after: Iterable[str]) -> RowChanges:
    """Compare the shards of a subset that one version has and the other has not, by their paths.

    Raises:
        BuildError: a shard can't be read.
    """
    sides = _Side(before), _Side(after)
    edges = sorted({edge for side in sides for edge in side.edges} | {0, PLACES})
    found = RowChanges()
    for low, high in pairwise(edges):
        change = _compared(*(side.rows(low, high) for side in sides))
        found = RowChanges(*(getattr(found, name) + getattr(change, name) for name in _COUNTED))
    old, new = (side.media for side in sides)
    return replace(found, media=_number_not_in(new, old), media_gone=_number_not_in(old, new))


def _compared(old: pl.DataFrame, new: pl.DataFrame) -> RowChanges:
    gone = old.join(new, on="row_id", how="anti")
    come = new.join(old, on="row_id", how="anti")
    both = old.join(new, on="row_id", suffix="_now")
    criteria = _pairs_in_both(gone, come)
    return RowChanges(
        added=len(come) - criteria,
        removed=len(gone) - criteria,
        relabelled=both.filter(pl.col("preference") != pl.col("preference_now")).height,
        criteria=criteria,
    )


class _Side:
    """The shards of one version; asked for ranges of ids in order, it reads each shard once."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._ahead = [shard_at("", path, 0, None) for path in paths]
        self._open: list[tuple[Shard, pl.DataFrame]] = []
        #: Hashes of all media of the shards that were read.
        self.media = pl.Series("digest", [], pl.UInt64)

    @property
    def edges(self) -> set[int]:
        """Where the ranges of its shards begin and end."""
        return {edge for shard in self._ahead for edge in shard.span}

    def rows(self, low: int, high: int) -> pl.DataFrame:
        """The ids and labels of a range that no shard's own range begins or ends inside of."""
        self._open = [one for one in self._open if one[0].span[1] > low]
        for shard in [one for one in self._ahead if one.span[0] < high]:
            self._ahead.remove(shard)
            self._open.append((shard, self._read(shard.path)))
        found = [
            frame if shard.span == (low, high) else frame.filter(_PLACE.is_between(low, high - 1))
            for shard, frame in self._open
        ]
        return pl.concat([pl.DataFrame(schema=dict.fromkeys(_IDS, pl.String)), *found])

    def _read(self, path: str) -> pl.DataFrame:
        ids = [pl.DataFrame(schema=dict.fromkeys(_IDS, pl.String))]
        media = [self.media]
        for table in _tables(path):
            frame = pl.from_arrow(table.select(list(_IDS)))
            assert isinstance(frame, pl.DataFrame)
            ids.append(frame)
            media += [_digests(table[info]) for info in _INFOS if info in table.column_names]
        self.media = pl.concat(media).unique()
        return pl.concat(ids)


def _pairs_in_both(gone: pl.DataFrame, come: pl.DataFrame) -> int:
    """Rows that went while another of the same pair came."""
    counts = (frame.group_by("pair_id").len() for frame in (gone, come))
    matched = next(counts).join(next(counts), on="pair_id", suffix="_come")
    return int(matched.select(pl.min_horizontal("len", "len_come").sum()).item())


def _number_not_in(some: pl.Series, others: pl.Series) -> int:
    return int((~some.is_in(others.implode())).sum())


def _digests(infos: pa.ChunkedArray) -> pl.Series:
    flat = [chunk.flatten().field("digest") for chunk in infos.chunks]
    found = pl.Series("digest", pa.chunked_array(flat, pa.string()), pl.String)
    return found.drop_nulls().unique().hash()


def _tables(path: str) -> list[pa.Table]:
    try:
        with closing(files.open_read(path)) as stream, pq.ParquetFile(stream) as file:
            missing = [name for name in _IDS if name not in file.schema_arrow.names]
            if missing:
                raise BuildError(f"{path}: not a shard of pairs, it has no {', '.join(missing)}")
            groups = range(file.num_row_groups)
            files.announce(stream, column_chunks(file.metadata, groups, _COLUMNS))
            return [file.read_row_group(group, columns=_COLUMNS) for group in groups]
    except pa.ArrowException as error:
        raise BuildError(f"{path}: can't be read as a shard of pairs ({error})") from None


def footer_of(path: str) -> tuple[int, str]:
    """Rows of a shard, and the version of the schema it was written with.

    Raises:
        BuildError: it can't be read.
    """
    try:
        with closing(files.open_read(path)) as stream:
            meta = pq.read_metadata(stream)
    except pa.ArrowException as error:
        raise BuildError(f"{path}: not a Parquet file ({error})") from None
    schema: bytes = (meta.metadata or {}).get(_SCHEMA_KEY, b"")
    return meta.num_rows, schema.decode("ascii", "replace")
