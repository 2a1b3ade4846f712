"""Reading Arrow string and list columns, whole or by row, without making Python strings."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import numpy as np
import pyarrow as pa

#: Bytes that are looked at together: they and marks of each stay in the processor's cache, and
#: threads don't have to wait for the interpreter more often than they compute.
SCAN_BLOCK: Final = 512 * 1024


def one_array(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column as one array; copied only where it has several chunks."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def text_bounds(column: pa.ChunkedArray | pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """The UTF-8 bytes under a string column, not copied, and where in them its rows lie.

    Returns:
        int32[rows + 1]: row N lies from bound N to bound N + 1; and uint8: the whole buffer, in
        which other rows may lie before and behind these.
    """
    array = one_array(column)
    _, offsets, data = array.buffers()
    if not len(array):
        return np.zeros(1, np.int32), np.empty(0, np.uint8)
    bounds = np.frombuffer(offsets, np.int32)[array.offset :][: len(array) + 1]
    return bounds, np.frombuffer(data or b"", np.uint8)


def text_bytes(column: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """The UTF-8 bytes of all rows, one after the other: uint8, not copied."""
    bounds, codes = text_bounds(column)
    return codes[bounds[0] : bounds[-1]]


class StringColumn:
    """The UTF-8 bytes of each row as a memoryview over the column's buffer; None for a null."""

    def __init__(self, column: pa.ChunkedArray | pa.Array) -> None:
        array = one_array(column)
        if not pa.types.is_string(array.type):
            raise TypeError(f"StringColumn reads string columns, not {array.type}")
        bounds, codes = text_bounds(array)
        view = codes.data
        self._rows: list[memoryview | None] = [
            view[start:end] for start, end in pairwise(bounds.tolist())
        ]
        if array.null_count:
            for row in np.flatnonzero(~array.is_valid().to_numpy(zero_copy_only=False)).tolist():
                self._rows[row] = None

    def __getitem__(self, row: int) -> memoryview | None:
        return self._rows[row]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[memoryview | None]:
        return iter(self._rows)


class ListColumn:
    """A list column as spans of its flattened values (`values`); a null list is an empty span."""

    def __init__(self, column: pa.ChunkedArray | pa.Array) -> None:
        array = one_array(column)
        self.values = array.flatten()
        lengths = array.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
        self._ends = np.cumsum(lengths, dtype=np.int64).tolist()
        self.total = len(self.values)
        self.longest = int(lengths.max(initial=0))

    def span(self, row: int) -> range:
        """Positions in `values` of the row's items."""
        return range(self._ends[row - 1] if row else 0, self._ends[row])
