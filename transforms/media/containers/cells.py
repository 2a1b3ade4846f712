"""Media in cells of a Parquet file: ``column/group/row``, structs of bytes and path, or bytes."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from transforms.beamkit import files
from transforms.beamkit.column_chunks import column_chunks
from transforms.beamkit.errors import BuildError
from transforms.media.containers.found import MAX_MEMBER_BYTES, Found, too_large
from transforms.media.errors import MediaError

_BATCH_ROWS = 128
#: A column chunk of media may have gigabytes: it is read in steps of this size.
_BUFFER = 4 * 1024 * 1024


def group_of(member: str) -> str:
    """Column and row group of a cell: read together."""
    return member.rsplit("/", 1)[0]


def read(
    container: str, members: Collection[str], *, largest: int = MAX_MEMBER_BYTES
) -> Iterator[Found]:
    """The wanted cells, which all lie in one column and row group; larger ones are refused.

    Raises:
        BuildError: the row group is damaged.
    """
    wanted = {int(member.rsplit("/", 1)[1]): member for member in members}
    column, group = group_of(next(iter(members))).rsplit("/", 1)
    with files.open_read(container) as stream:
        try:
            # Arrow's own fetching ahead would hold all of the chunk.
            file = pq.ParquetFile(stream, buffer_size=_BUFFER, pre_buffer=False)
            files.announce(stream, column_chunks(file.metadata, [int(group)], [column]))
            row = 0
            for batch in file.iter_batches(_BATCH_ROWS, row_groups=[int(group)], columns=[column]):
                values = batch.column(0)
                for offset in range(batch.num_rows):
                    if row + offset in wanted:
                        yield Found(wanted[row + offset], _bytes_of(values[offset], largest))
                row += batch.num_rows
        except (pa.ArrowInvalid, OSError) as error:
            raise BuildError(
                f"{container}: row group {group} is damaged: {error}; download it again"
            ) from None


def _bytes_of(cell: pa.Scalar, largest: int) -> bytes | MediaError:
    value = cell.as_py()
    data = value.get("bytes") if isinstance(value, dict) else value
    if isinstance(data, bytes) and data:
        return too_large("the cell", len(data), largest) or data
    if isinstance(value, dict) and value.get("path"):
        return MediaError("media_missing", f"the cell has a path ({value['path']}) but no bytes")
    return MediaError("media_missing", "the cell is empty")
