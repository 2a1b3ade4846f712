"""Parquet files, in row groups."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from transforms.beamkit import files
from transforms.beamkit.column_chunks import column_chunks
from transforms.beamkit.errors import BuildError
from transforms.sources.columns import Column, check_schema
from transforms.sources.work_unit import WorkUnit

_BATCH_ROWS = 4_000


def units(path: str, file: str, columns: Sequence[Column]) -> list[WorkUnit]:
    """One unit a row group; the native columns are checked here, before any row is read.

    Raises:
        BuildError: the footer can't be read, or a column is missing or of another type.
    """
    with files.open_read(path) as stream:
        try:
            meta = pq.ParquetFile(stream).metadata
        except (pa.ArrowInvalid, OSError) as error:
            raise BuildError(f"{path}: not a readable Parquet file: {error}") from None
        check_schema(meta.schema.to_arrow_schema(), columns, path)
        return [
            WorkUnit(path, file, "parquet", group, group + 1, meta.row_group(group).total_byte_size)
            for group in range(meta.num_row_groups)
        ]


def read(unit: WorkUnit, columns: Sequence[str] | None) -> Iterator[tuple[int, pa.Table]]:
    """The unit's rows as ``(row within the group, table)``, with these columns only.

    A name like ``image.path`` reads one field of a struct. Names that the file lacks are skipped.

    Raises:
        BuildError: a page is damaged.
    """
    with files.open_read(unit.path) as stream:
        try:
            # What is announced is fetched ahead; Arrow's own way reads what lies between, too.
            file = pq.ParquetFile(stream, pre_buffer=False)
            wanted = None if columns is None else _present(file, columns)
            row = 0
            groups = list(range(unit.start, unit.stop))
            files.announce(stream, column_chunks(file.metadata, groups, wanted))
            for batch in file.iter_batches(_BATCH_ROWS, row_groups=groups, columns=wanted):
                yield row, pa.Table.from_batches([batch])
                row += batch.num_rows
        except (pa.ArrowInvalid, OSError) as error:
            raise BuildError(
                f"{unit.path}: row group {unit.start} is damaged: {error}; download it again"
            ) from None


def spelt(row: pa.Table) -> bytes:
    """A row that holds text which is not UTF-8, as JSON with all of its texts as bytes."""
    types = [field.with_type(_as_bytes(field.type)) for field in row.schema]
    (record,) = row.cast(pa.schema(types)).to_pylist()
    return json.dumps(record, sort_keys=True, default=repr).encode()


def _as_bytes(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_string(kind) or pa.types.is_string_view(kind):
        return pa.binary()
    if pa.types.is_large_string(kind):
        return pa.large_binary()
    if pa.types.is_dictionary(kind):
        return _as_bytes(kind.value_type)
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_as_bytes(field.type)) for field in kind])
    if pa.types.is_map(kind):
        return pa.map_(_as_bytes(kind.key_type), _as_bytes(kind.item_type))
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_as_bytes(kind.value_type)))
    if pa.types.is_large_list(kind):
        return pa.large_list(kind.value_field.with_type(_as_bytes(kind.value_type)))
    return kind


def _present(file: pq.ParquetFile, columns: Sequence[str]) -> list[str]:
    tops = {name.split(".")[0] for name in file.schema_arrow.names}
    return [name for name in columns if name.split(".")[0] in tops]
