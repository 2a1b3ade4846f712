"""From prepared pairs to published rows: the subset's constants added, media bytes attached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from schemas.columns import one_array
from schemas.flight import ROSTER_VALUES
from schemas.pair import MEDIA_FEATURES, PAIR_SCHEMA, PROMPT_MEDIA_COLUMNS, RESPONSE_MEDIA
from transforms.writing.cells import Cells
from transforms.writing.media_column import one_each, several_each

_SIGNIFICANT_DIGITS = 6

#: Labels: what a roster leaves open is as the corpus has it.
_SAID_BY_BOTH = ("preference", "criterion", "criterion_origin", "flipped")


@dataclass(frozen=True)
class SubsetFacts:
    """What every row of a subset has in common."""

    subset: str
    task: str
    kind: str
    corpus: str
    revision: str
    licence: str
    nc: bool
    annotator: str


def published(rows: pa.Table, roster: pa.Table, facts: SubsetFacts, cells: Cells) -> pa.Table:
    """Rows of `PAIR_SCHEMA` from rows of `PREPARED_SCHEMA` and what the roster says of each."""
    number = rows.num_rows
    columns: dict[str, Any] = {
        **{name: rows[name] for name in rows.column_names if name in PAIR_SCHEMA.names},
        **{
            name: _repeat(value, number)
            for name, value in vars(facts).items()
            if name in PAIR_SCHEMA.names
        },
        **{name: roster[name] for name in ROSTER_VALUES},
        **{name: pc.coalesce(roster[name], rows[name]) for name in _SAID_BY_BOTH},
        "source_preference": rows["preference"],
        "margin": _rounded(rows["margin"]),
        "source": _source(rows, facts),
        **_media_columns(rows["prompt_media"], "", PROMPT_MEDIA_COLUMNS, cells),
        "prompt_info": _infos(rows["prompt_media"]),
    }
    for side in "ab":
        prefix = f"response_{side}_"
        for name in ("text", "frames_fps", "model"):
            columns[prefix + name] = rows[f"{side}_{name}"]
        columns[prefix + "score"] = _rounded(rows[f"{side}_score"])
        columns[prefix + "info"] = _infos(rows[f"{side}_media"])
        columns |= _media_columns(rows[f"{side}_media"], prefix, RESPONSE_MEDIA, cells)
    nulls = _nulls(number)
    ordered = [
        columns[field.name] if field.name in columns else nulls[field.name] for field in PAIR_SCHEMA
    ]
    return pa.Table.from_arrays(ordered, schema=PAIR_SCHEMA).combine_chunks()


@lru_cache(maxsize=4)
def _nulls(number: int) -> Mapping[str, pa.Array]:
    """Every column, all null: most are in a subset, and row groups of one length share them."""
    return {field.name: pa.nulls(number, field.type) for field in PAIR_SCHEMA}


def _repeat(value: object, number: int) -> pa.Array:
    return pa.repeat(pa.scalar(value), number)


def _rounded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Floats at six significant digits: what float32 holds, whatever computed them."""
    if column.null_count == len(column):
        return column
    values = [
        None if value is None else float(f"{value:.{_SIGNIFICANT_DIGITS}g}")
        for value in column.to_pylist()
    ]
    return pa.array(values, column.type)


def _source(rows: pa.Table, facts: SubsetFacts) -> pa.Array:
    number = rows.num_rows
    fields = list(PAIR_SCHEMA.field("source").type)
    given = {
        "corpus": _repeat(facts.corpus, number),
        "revision": _repeat(facts.revision, number),
        "key": one_array(rows["key"]),
        "licence": _repeat(facts.licence, number),
        "url": one_array(rows["url"]),
    }
    return pa.StructArray.from_arrays([given[field.name] for field in fields], fields=fields)


def _media_columns(
    refs: pa.ChunkedArray, prefix: str, names: tuple[str, ...], cells: Cells
) -> dict[str, pa.Array]:
    """One column a slot; only slots that occur are built, the others stay null."""
    if not pc.sum(pc.list_value_length(refs)).as_py():
        return {}
    rows: list[list[Mapping[str, Any]]] = refs.to_pylist()
    present = {ref["slot"] for row in rows for ref in row}
    return {
        prefix + name: _slot_column(rows, name, PAIR_SCHEMA.field(prefix + name).type, cells)
        for name in names
        if name in present
    }


def _slot_column(
    rows: list[list[Mapping[str, Any]]], slot: str, data_type: pa.DataType, cells: Cells
) -> pa.Array:
    media = [[cells.of(slot, ref["info"]) for ref in row if ref["slot"] == slot] for row in rows]
    if MEDIA_FEATURES[slot].startswith("List:"):
        return several_each(media, data_type)
    return one_each([row[0] if row else None for row in media], data_type)


def _infos(refs: pa.ChunkedArray) -> pa.Array:
    """The facts of a row's media, in the order of its references; null where it has none."""
    column = one_array(refs)
    if not len(column.values):
        return pa.nulls(len(column), pa.list_(column.type.value_type.field("info").type))
    infos = pa.ListArray.from_arrays(column.offsets, column.values.field("info"))
    return pc.if_else(
        pc.greater(pc.list_value_length(column), 0), infos, pa.scalar(None, infos.type)
    )
