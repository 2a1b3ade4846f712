"""What is compared of a row: its ids, its label, and a fingerprint of every column.

Media bytes are not read: a medium is told by its file name, which is a digest, and by the digests
among its facts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.dataset.shard import Shard
from pipelines.diff.fingerprint import combined, fingerprints
from schemas.columns import one_array

IDS: Final = ("row_id", "pair_id", "preference")
#: Rows of which columns are in memory at a time, texts included.
_ROWS_AT_ONCE: Final = 8_192
#: Not names of columns: the fingerprint of all columns, the split, the number among equal ids.
WHOLE: Final = ":whole"
SPLIT: Final = ":split"
NTH: Final = ":nth"
#: Whose fields are told apart, as ``source.revision``; other columns are told as a whole.
_FACTS_SUFFIX: Final = "_info"
#: Facts of a medium that say which bytes it is.
_IDENTITY: Final = ("digest", "product")
#: A leaf of media, and how that of a clip begins that lies beside the shards.
_PATH: Final = "path"
_PLACED: Final = "hf://"


def leaf_names(schema: pa.Schema) -> dict[str, list[str]]:
    """The compared columns of a file, and the names to read each by; no bytes of media.

    A struct and the facts about media are taken field by field, a medium by its path.
    """
    found: dict[str, list[str]] = {}
    for field in schema:
        inner = field.type.value_type if _is_list(field.type) else field.type
        if not pa.types.is_struct(inner):
            found[field.name] = [field.name]
        elif is_medium(inner):
            found[field.name] = [f"{field.name}.path"]
        elif _is_list(field.type) and not field.name.endswith(_FACTS_SUFFIX):
            found[field.name] = [field.name]
        else:
            found |= {f"{field.name}.{one.name}": [f"{field.name}.{one.name}"] for one in inner}
    return found


def media_names(schema: pa.Schema) -> frozenset[str]:
    """The compared columns that say which medium stands in a row."""
    media = {
        field.name
        for field in schema
        if is_medium(field.type.value_type if _is_list(field.type) else field.type)
    }
    facts = {
        name
        for name in leaf_names(schema)
        if name.partition(".")[0].endswith(_FACTS_SUFFIX) and name.partition(".")[2] in _IDENTITY
    }
    return frozenset(media | facts)


def is_medium(kind: pa.DataType) -> bool:
    """Whether a type is that of a medium: bytes and a path."""
    return pa.types.is_struct(kind) and {one.name for one in kind} == {"bytes", "path"}


def _is_list(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind)


def read_facts(
    shards: Sequence[Shard], names: Mapping[str, Sequence[str]], low: int, high: int
) -> pl.DataFrame:
    """The facts of the rows with ids in a range, about 700 bytes a row.

    Args:
        shards: the files that have such rows, perhaps with others.
        names: the compared columns (`leaf_names`) that both sides have.
        low, high: the range, half open, in 65,536ths of all ids.

    Returns:
        `IDS`, a fingerprint of each other column, `WHOLE`, `SPLIT` and `NTH`.
    """
    frames = list(_frames(shards, names, low, high))
    if not frames:
        return _empty(names)
    facts = pl.concat(frames, rechunk=True)
    return facts.with_columns(pl.int_range(pl.len()).over("row_id").alias(NTH))


def _frames(
    shards: Sequence[Shard], names: Mapping[str, Sequence[str]], low: int, high: int
) -> Iterator[pl.DataFrame]:
    wanted = [*IDS, *(leaf for leaves in names.values() for leaf in leaves)]
    inside = all(low <= one.span[0] and one.span[1] <= high for one in shards)
    for table in _gathered(_batches(shards, list(dict.fromkeys(wanted)))):
        ids = pl.from_arrow(table.select([*IDS, SPLIT]))
        assert isinstance(ids, pl.DataFrame)
        columns = {name: fingerprints(_leaf(table, name)) for name in names}
        frame = ids.cast(pl.String).with_columns(
            *(pl.Series(name, values) for name, values in columns.items() if name not in IDS),
            pl.Series(WHOLE, combined(list(columns.values()))),
        )
        if not inside:
            frame = frame.filter(
                pl.col("pair_id") >= f"{low:04x}", pl.col("pair_id") < _bound(high)
            )
        yield frame


def _batches(shards: Sequence[Shard], columns: Sequence[str]) -> Iterator[pa.Table]:
    """The rows of several files, with the split of each."""
    for shard in shards:
        for table in shard.batches(columns):
            split = pa.array([shard.split]).take(pa.array([0] * table.num_rows, pa.int32()))
            yield table.replace_schema_metadata().append_column(SPLIT, split)


def _gathered(batches: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Batches put together: a hundred columns of a few rows cost as much as of a few thousand."""
    held: list[pa.Table] = []
    rows = 0
    for batch in batches:
        held.append(batch)
        rows += batch.num_rows
        if rows >= _ROWS_AT_ONCE:
            yield pa.concat_tables(held, promote_options="permissive")
            held, rows = [], 0
    if held:
        yield pa.concat_tables(held, promote_options="permissive")


def _bound(high: int) -> str:
    """The least text above all ids of a range: ``g`` comes after all hexadecimal digits."""
    return f"{high:04x}" if high < 1 << 16 else "g"


def _leaf(table: pa.Table, name: str) -> pa.Array:
    """The values of a compared column; of a list of structs, the list of one field."""
    top, _, field = name.partition(".")
    if top not in table.column_names or table[top].null_count == table.num_rows:
        return pa.nulls(table.num_rows)
    column = one_array(table[top])
    inner = column.type.value_type if _is_list(column.type) else column.type
    if pa.types.is_struct(inner) and [one.name for one in inner] == [_PATH]:
        field = _PATH  # a medium, of which nothing else was read
    if not field:
        return column
    if pa.types.is_struct(column.type):
        return _valued(column, _named(column.field(field), field))
    values = _named(column.values.field(field), field)
    lists = type(column).from_arrays(column.offsets, values)
    return _valued(column, lists)


def _named(values: pa.Array, field: str) -> pa.Array:
    """Paths of media without the place: a clip is the same in a cell and in a file beside it."""
    if field != _PATH or not pc.any(pc.starts_with(values, _PLACED)).as_py():
        return values
    return pc.replace_substring_regex(values, f"^{_PLACED}.*/", "")


def _valued(outer: pa.Array, inner: pa.Array) -> pa.Array:
    """`inner`, null where `outer` is."""
    if not outer.null_count:
        return inner
    return pc.if_else(outer.is_valid(), inner, pa.scalar(None, inner.type))


def _empty(names: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    hashed = dict.fromkeys((name for name in names if name not in IDS), pl.UInt64)
    return pl.DataFrame(
        schema=pl.Schema(
            {
                **dict.fromkeys((*IDS, SPLIT), pl.String),
                **hashed,
                WHOLE: pl.UInt64,
                NTH: pl.Int64,
            }
        )
    )
