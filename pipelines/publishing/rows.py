"""Which rows of a subset were added, removed or labelled anew: ids and labels of changed shards.

A shard holds the rows of a range of ids, so shards with equal digests hold the same rows and are
not read. Of the others a few columns are fetched, never media.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from transforms.beamkit import files
from transforms.beamkit.column_chunks import column_chunks
from transforms.beamkit.errors import BuildError

_IDS: Final = ("row_id", "pair_id", "preference")
_INFOS: Final = ("prompt_info", "response_a_info", "response_b_info")
_DIGEST: Final = "list.element.digest"
_COLUMNS: Final = [*_IDS, *(f"{info}.{_DIGEST}" for info in _INFOS)]
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


@dataclass(frozen=True)
class _Rows:
    ids: pl.DataFrame
    media: pl.Series


def changes_between(before: Iterable[str], after: Iterable[str]) -> RowChanges:
    """Compare the shards of a subset that one version has and the other has not, by their paths.

    Raises:
        BuildError: a shard can't be read.
    """
    old, new = _rows_of(before), _rows_of(after)
    gone = old.ids.join(new.ids, on="row_id", how="anti")
    come = new.ids.join(old.ids, on="row_id", how="anti")
    both = old.ids.join(new.ids, on="row_id", suffix="_now")
    criteria = _pairs_in_both(gone, come)
    return RowChanges(
        added=len(come) - criteria,
        removed=len(gone) - criteria,
        relabelled=both.filter(pl.col("preference") != pl.col("preference_now")).height,
        criteria=criteria,
        media=_number_not_in(new.media, old.media),
        media_gone=_number_not_in(old.media, new.media),
    )


def _pairs_in_both(gone: pl.DataFrame, come: pl.DataFrame) -> int:
    """Rows that went while another of the same pair came."""
    counts = (frame.group_by("pair_id").len() for frame in (gone, come))
    matched = next(counts).join(next(counts), on="pair_id", suffix="_come")
    return int(matched.select(pl.min_horizontal("len", "len_come").sum()).item())


def _number_not_in(some: pl.Series, others: pl.Series) -> int:
    return int((~some.is_in(others.implode())).sum())


def _rows_of(paths: Iterable[str]) -> _Rows:
    ids = [pl.DataFrame(schema=dict.fromkeys(_IDS, pl.String))]
    media = [pl.Series("digest", [], pl.String)]
    for path in paths:
        for table in _tables(path):
            frame = pl.from_arrow(table.select(list(_IDS)))
            assert isinstance(frame, pl.DataFrame)
            ids.append(frame)
            media += [_digests(table[info]) for info in _INFOS if info in table.column_names]
    return _Rows(pl.concat(ids), pl.concat(media).unique())


def _digests(infos: pa.ChunkedArray) -> pl.Series:
    flat = [chunk.flatten().field("digest") for chunk in infos.chunks]
    found = pl.Series("digest", pa.chunked_array(flat, pa.string()), pl.String)
    return found.drop_nulls().unique()


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
