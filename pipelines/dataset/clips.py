"""Clips that are files beside the shards: their bytes put back into rows that are read.

Rows name such a clip by its address on the Hub (`schemas.clips`); wherever the shards are read
from, a folder or the Hub, it lies in the folder ``videos`` of the same place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from schemas.clips import CLIP_COLUMNS, clip_place
from schemas.media import MEDIUM_STRUCT
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError

#: Rows with clips are handed on in tables of about this many bytes.
_AT_ONCE: Final = 64_000_000


def root_of(shard: str) -> str:
    """The place of the dataset that a shard (``<root>/data/<subset>/<name>``) belongs to."""
    return shard.rsplit("/", 3)[0] if shard.count("/") > 2 else "."


def filled(row: Mapping[str, Any], root: str) -> dict[str, Any]:
    """A row with the bytes of all its clips.

    Raises:
        BuildError: one is missing.
    """
    return {
        name: _filled(value, root) if name in CLIP_COLUMNS else value for name, value in row.items()
    }


def with_clips(table: pa.Table, root: str) -> Iterator[pa.Table]:
    """The rows of a table with the bytes of their clips, in pieces that fit into memory.

    A table without such clips, or without the column of their bytes, is handed on as it is.

    Raises:
        BuildError: one is missing.
    """
    columns = [name for name in table.column_names if _may_lack(table, name)]
    if not columns:
        yield table
        return
    start = 0
    held: dict[str, list[Any]] = {name: [] for name in columns}
    size = 0
    for at in range(table.num_rows):
        for name in columns:
            value = _filled(table[name][at].as_py(), root)
            held[name].append(value)
            size += sum(len(cell["bytes"] or b"") for cell in _cells(value))
        if size >= _AT_ONCE or at == table.num_rows - 1:
            piece = table.slice(start, at + 1 - start)
            for name in columns:
                place = piece.schema.get_field_index(name)
                field = piece.schema.field(place)
                piece = piece.set_column(place, field, pa.array(held[name], field.type))
            yield piece
            start, size, held = at + 1, 0, {name: [] for name in columns}


def _may_lack(table: pa.Table, name: str) -> bool:
    """Whether a column has clips without bytes."""
    if name not in CLIP_COLUMNS:
        return False
    column = table[name]
    if pa.types.is_list(column.type):
        column = pc.list_flatten(column)
    if column.type != MEDIUM_STRUCT:
        return False
    paths = pc.struct_field(column, "path")
    return bool(pc.any(pc.starts_with(paths, "hf://")).as_py())


def _cells(value: Any) -> list[dict[str, Any]]:
    items = value if isinstance(value, list) else [value]
    return [item for item in items if item is not None]


def _filled(value: Any, root: str) -> Any:
    if isinstance(value, list):
        return [_filled(one, root) for one in value]
    if value is None or value.get("bytes") is not None:
        return value
    place = clip_place(value.get("path"))
    if place is None:
        return value
    path = files.join(root, place)
    if not files.exists(path):
        raise BuildError(
            f"{path}: missing; a row has its clip there. Fetch it, or build its subset again with "
            "--fresh"
        )
    return {**value, "bytes": files.read_bytes(path)}
