"""A column of media cells as one Arrow array, each medium's bytes copied once.

`pa.array` of a list of dicts doubles its buffer as it grows, and copies all that it has each time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from schemas.media import MEDIUM_STRUCT

Cell = Mapping[str, Any]

#: What one array of Arrow's type `binary` can hold.
_MOST: Final = 2**31 - 1


def one_each(cells: Sequence[Cell | None], data_type: pa.DataType = MEDIUM_STRUCT) -> pa.Array:
    """An array of ``struct<bytes, path>`` with one medium a row, null where a row has none.

    Raises:
        pa.ArrowCapacityError: they have more than 2 GB together.
    """
    given = [cell if cell is not None else {} for cell in cells]
    content = [cell.get("bytes") for cell in given]
    paths = pa.array([cell.get("path") for cell in given], pa.string())
    missing = pa.array([cell is None for cell in cells], pa.bool_())
    mask = missing if None in cells else None
    return pa.StructArray.from_arrays(
        [_binary(content), paths], fields=list(data_type.fields), mask=mask
    )


def several_each(rows: Sequence[Sequence[Cell]], data_type: pa.DataType) -> pa.Array:
    """An array of lists of such structs, null where a row has no medium.

    Raises:
        pa.ArrowCapacityError: as `one_each`.
    """
    values = one_each([cell for row in rows for cell in row], data_type.value_type)
    empty = pa.array([not row for row in rows], pa.bool_())
    offsets = pa.array(_ends([len(row) for row in rows]), pa.int32())
    return pa.ListArray.from_arrays(
        offsets, values, type=data_type, mask=empty if not all(rows) else None
    )


def _binary(content: Sequence[bytes | None]) -> pa.Array:
    ends = _ends([len(one) if one is not None else 0 for one in content])
    if ends[-1] > _MOST:
        raise pa.ArrowCapacityError(f"media of {ends[-1]:,} bytes in one row group")
    validity = None
    if None in content:
        present = np.array([one is not None for one in content])
        validity = pa.py_buffer(np.packbits(present, bitorder="little").tobytes())
    joined = b"".join(one for one in content if one is not None)
    buffers = [validity, pa.py_buffer(ends.astype(np.int32)), pa.py_buffer(joined)]
    return pa.Array.from_buffers(pa.binary(), len(content), buffers)


def _ends(lengths: Sequence[int]) -> np.ndarray:
    return np.concatenate(([0], np.cumsum(lengths, dtype=np.int64)))
