"""The index of a plain tar archive: where each member's bytes lie, found in one pass over it."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import Final

import pyarrow as pa

KIND: Final = "tar-indexes"

_SCHEMA: Final = pa.schema(
    [
        ("name", pa.string()),
        ("offset_data", pa.int64()),
        ("size", pa.int64()),
        ("type", pa.binary()),
    ]
)


class Builder:
    """Takes note of the entries of an archive while it is read."""

    def __init__(self) -> None:
        self._columns: tuple[list[str], list[int], list[int], list[bytes]] = ([], [], [], [])
        self._usable = True

    def add(self, entry: tarfile.TarInfo) -> None:
        """Take note of the next entry."""
        if entry.issparse() or not _is_text(entry.name):
            self._usable = False  # its bytes do not lie in one piece, or its name can't be kept
        if self._usable:
            values = (entry.name, entry.offset_data, entry.size, entry.type)
            for column, value in zip(self._columns, values, strict=True):
                column.append(value)  # type: ignore[attr-defined]

    def done(self) -> bytes | None:
        """The index; None where members can't be read by their place."""
        if not self._usable:
            return None
        table = pa.Table.from_arrays(
            [
                pa.array(column, field.type)
                for column, field in zip(self._columns, _SCHEMA, strict=True)
            ],
            schema=_SCHEMA,
        )
        sink = pa.BufferOutputStream()
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        with pa.ipc.new_file(sink, _SCHEMA, options=options) as writer:
            writer.write_table(table)
        return sink.getvalue().to_pybytes()


def entries_of(index: bytes) -> Iterator[tarfile.TarInfo] | None:
    """The entries of an archive by its index, in the order in which they lie.

    None where the index is damaged or of another version of this package.
    """
    try:
        table = pa.ipc.open_file(pa.py_buffer(index)).read_all()
    except (pa.ArrowInvalid, OSError):
        return None
    return _entries(table) if table.schema.equals(_SCHEMA) else None


def _entries(table: pa.Table) -> Iterator[tarfile.TarInfo]:
    for batch in table.to_batches():
        for name, start, size, kind in zip(
            *(column.to_pylist() for column in batch.columns), strict=True
        ):
            entry = tarfile.TarInfo(name)
            entry.offset_data, entry.size, entry.type = start, size, kind
            yield entry


def _is_text(name: str) -> bool:
    """Whether a name is UTF-8: one in another coding comes with half surrogates."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
