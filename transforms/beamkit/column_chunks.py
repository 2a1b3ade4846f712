"""Where in a Parquet file the chunks of wanted columns lie: to be fetched together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import pyarrow.parquet as pq


def column_chunks(
    meta: pq.FileMetaData, groups: Iterable[int], columns: Sequence[str] | None
) -> Iterator[tuple[int, int]]:
    """The bytes ``(start, stop)`` of these columns in these row groups.

    A name stands for all that is below it: ``image`` for ``image.bytes`` and ``image.path``. None
    stands for all columns.
    """
    for group in groups:
        row_group = meta.row_group(group)
        for index in range(row_group.num_columns):
            chunk = row_group.column(index)
            if columns is not None and not _is_wanted(chunk.path_in_schema, columns):
                continue
            start = chunk.data_page_offset
            if chunk.has_dictionary_page and chunk.dictionary_page_offset:
                start = min(start, chunk.dictionary_page_offset)
            yield start, start + chunk.total_compressed_size


def _is_wanted(path: str, columns: Sequence[str]) -> bool:
    return any(path == name or path.startswith(f"{name}.") for name in columns)
