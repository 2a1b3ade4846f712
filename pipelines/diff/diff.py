"""Comparing two datasets, subset by subset and range by range of ids."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa

from pipelines.dataset.dataset import Dataset
from pipelines.dataset.shard import Shard
from pipelines.diff.compare import compare
from pipelines.diff.facts import IDS, leaf_names, media_names, read_facts
from pipelines.diff.parts import Part, parts, together
from pipelines.diff.result import DatasetDiff, SubsetDiff
from transforms.beamkit.errors import BuildError


def diff(
    before: Dataset,
    after: Dataset,
    subsets: Sequence[str] | None = None,
    *,
    rows: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> DatasetDiff:
    """What differs, subset by subset; with `rows`, each row is listed.

    Files that are equal by digest are not opened beyond their footers. Of the others no media bytes
    are read, and at most `parts.MAX_ROWS` rows of a side are held at a time.

    Raises:
        BuildError: neither side has such a subset, or a file can't be read.
    """
    there = tuple(dict.fromkeys((*after.subsets, *before.subsets)))
    unknown = [name for name in subsets or () if name not in there]
    if unknown:
        raise BuildError(f"no subset {unknown[0]!r} on either side; there is {', '.join(there)}")
    found = []
    for name in there:
        if not subsets or name in subsets:
            tell(name)
            found.append(_subset(name, _files(before, name), _files(after, name), rows=rows))
    return DatasetDiff(before.place.said, after.place.said, tuple(found))


def _files(dataset: Dataset, subset: str) -> tuple[Shard, ...]:
    return dataset.files(subset) if subset in dataset.subsets else ()


def _subset(
    name: str, before: tuple[Shard, ...], after: tuple[Shard, ...], *, rows: bool
) -> SubsetDiff:
    found = SubsetDiff(name, files_before=len(before), files_after=len(after))
    differ = []
    for part in parts(before, after):
        if part.is_equal:
            found.files_equal += len(part.after)
            found.rows_before += part.rows
            found.rows_after += part.rows
        else:
            differ.append(part)
    if differ:
        columns = _Columns(before, after)
        found.columns_added, found.columns_removed = columns.added, columns.removed
        for part in together(differ):
            for piece in part.pieces():
                _compare(piece, columns, found, rows=rows)
    if rows:
        found.rows.sort(key=lambda row: (row.row_id, row.new_row_id or ""))
    return found


def _compare(piece: Part, columns: _Columns, found: SubsetDiff, *, rows: bool) -> None:
    first, second = (
        read_facts(shards, columns.names, piece.low, piece.high)
        for shards in (piece.before, piece.after)
    )
    compare(first, second, list(columns.names), columns.media, found, rows=rows)


class _Columns:
    """The columns that both sides have, and those that one side lacks."""

    def __init__(self, before: Sequence[Shard], after: Sequence[Shard]) -> None:
        first, second = _schema(before), _schema(after)
        schemas = [schema for schema in (first, second) if schema is not None]
        leaves = [leaf_names(schema) for schema in schemas]
        for shards, schema in ((before, first), (after, second)):
            missing = [] if schema is None else [one for one in IDS if one not in schema.names]
            if missing:
                raise BuildError(
                    f"{shards[0].path}: no column {missing[0]!r}: not a shard of pairs"
                )
        self.names = {name: leaves[0][name] for name in leaves[0] if name in leaves[-1]}
        self.media = frozenset().union(*map(media_names, schemas)) & self.names.keys()
        self.removed = tuple(name for name in leaves[0] if name not in leaves[-1])
        self.added = tuple(name for name in leaves[-1] if name not in leaves[0])


def _schema(shards: Sequence[Shard]) -> pa.Schema | None:
    return shards[0].metadata().schema.to_arrow_schema() if shards else None
