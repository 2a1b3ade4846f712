"""SHA-256 of every value of a column at once, beside whatever else the interpreter does."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from schemas.columns import text_bytes

_DIGITS: Final = 64


def sha256_digits(values: pa.Array) -> np.ndarray:
    """uint8[rows, 64]: the digest of each value as hexadecimal digits in ASCII, lower case.

    `values` are strings or bytes, none of them null.
    """
    import polars_hash as plh

    column = pl.Series("value", pl.from_arrow(values)).to_frame()
    digits = column.select(plh.col("value").chash.sha2_256()).to_series()
    return text_bytes(digits.to_arrow().cast(pa.string())).reshape(-1, _DIGITS)


def digests_of(digits: np.ndarray) -> np.ndarray:
    """uint8[rows, N / 2]: what N hexadecimal digits a row spell."""
    spelt = bytes.fromhex(digits.tobytes().decode("ascii"))
    return np.frombuffer(spelt, np.uint8).reshape(len(digits), digits.shape[1] // 2)


def beginnings(digits: np.ndarray) -> np.ndarray:
    """uint64[rows]: what the first 16 hexadecimal digits of each row are worth."""
    return digests_of(digits[:, :16]).view(">u8")[:, 0].astype(np.uint64)


def rows_of_bytes(*parts: bytes | np.ndarray) -> pa.Array:
    """Binary values of one length: these parts in a row, bytes in each of them alike.

    An array is uint8[rows, length].
    """
    rows = next(len(part) for part in parts if isinstance(part, np.ndarray))
    columns = [
        np.broadcast_to(np.frombuffer(part, np.uint8), (rows, len(part)))
        if isinstance(part, bytes)
        else part
        for part in parts
    ]
    data = np.ascontiguousarray(np.hstack(columns))
    return _cut(data, pa.binary())


def text_of(digits: np.ndarray) -> pa.Array:
    """Strings of one length from ASCII codes, uint8[rows, length]."""
    return _cut(np.ascontiguousarray(digits), pa.string())


def joined(*parts: bytes | pa.Array) -> pa.Array:
    """Binary values: these parts one after the other, bytes in each of them alike."""
    pieces = [
        pa.scalar(part, pa.binary()) if isinstance(part, bytes) else part.cast(pa.binary())
        for part in parts
    ]
    return pc.binary_join_element_wise(*pieces, pa.scalar(b"", pa.binary()))


def _cut(data: np.ndarray, kind: pa.DataType) -> pa.Array:
    rows, length = data.shape
    ends = pa.py_buffer(np.arange(rows + 1, dtype=np.int32) * np.int32(length))
    return pa.Array.from_buffers(kind, rows, [None, ends, pa.py_buffer(data)])
