"""Any text corpus whose columns are named in the recipe: prompt, chosen, rejected, key.

Works on whole columns. What the strict column parser refuses (a bad line, a number where text
should be, a lone surrogate) is read again record by record, so that one bad line costs one row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from schemas.dead_letter import DEAD_FLIGHT_SCHEMA, DeadLetter, dead_letter_table
from schemas.flight import DRAFT_SCHEMA
from schemas.ids import content_key
from schemas.pair import TURN_STRUCT
from transforms.sources.adapter import (
    Place,
    RecordAdapter,
    SourceBatch,
    SourceFile,
    response_text,
    text_of,
)
from transforms.sources.columns import Column, check_keys
from transforms.sources.draft import Draft, Response, Turn
from transforms.sources.formats import jsonl, parquet
from transforms.sources.settings import Corpus
from transforms.sources.work_unit import WorkUnit

_PARSE_BLOCK = 1024 * 1024


@dataclass(frozen=True)
class ColumnsOptions:
    """The corpus's names for its columns. Without `key` a record is known by its content."""

    prompt: str = "prompt"
    chosen: str = "chosen"
    rejected: str = "rejected"
    key: str | None = None


class ColumnsAdapter(RecordAdapter):
    """One record is one pair of texts; the column named `chosen` is preferred."""

    Options: ClassVar[type] = ColumnsOptions
    RECORD_SUFFIXES: ClassVar = (".parquet", ".jsonl", ".json")

    def __init__(self, corpus: Corpus, name: str, subset: str) -> None:
        super().__init__(corpus, name, subset)
        self.options = ColumnsOptions(**corpus.options)

    @cached_property
    def _names(self) -> list[str]:
        named = (self.options.prompt, self.options.chosen, self.options.rejected, self.options.key)
        return [name for name in named if name is not None]

    def units(self, files: Sequence[SourceFile]) -> list[WorkUnit]:
        """The work units, the mapped columns being the ones that must be there."""
        self.COLUMNS = tuple(  # type: ignore[misc]
            Column.of(name, "any" if name == self.options.key else "text") for name in self._names
        )
        return super().units(files)

    def key(self, record: Mapping[str, Any]) -> str:
        """The mapped key, or a digest of the three texts."""
        options = self.options
        if options.key is not None and record.get(options.key) is not None:
            return str(record[options.key])
        texts = (record.get(name) for name in (options.prompt, options.chosen, options.rejected))
        return content_key(*(None if text is None else str(text) for text in texts))

    def pairs(self, record: Mapping[str, Any], place: Place) -> Iterable[Draft]:
        """The pair of a record."""
        yield Draft(
            key=self.key(record),
            prompt=(Turn("user", text_of(record, self.options.prompt)),),
            first=Response(text=response_text(record, self.options.chosen)),
            second=Response(text=response_text(record, self.options.rejected)),
            preferred="first",
            where=str(place),
        )

    def seen(self, record: Mapping[str, Any]) -> str:
        """The mapped columns only: the same whether read by columns or by records."""
        return super().seen({name: record.get(name) for name in self._names})

    def read(self, unit: WorkUnit) -> Iterator[SourceBatch]:
        """Read a unit by columns where they are strictly text, by records elsewhere."""
        if unit.format == "jsonl":
            start, data = jsonl.read(unit)
            table = _parse_lines(data, self._names)
            if table is not None and table.num_rows and start == 0:
                check_keys(json.loads(data.split(b"\n", 1)[0]), self.COLUMNS, unit.path)
            if table is None:
                yield from super().read(unit)
            elif table.num_rows:
                yield self._batch(table, f"{unit.file} lines from byte {start}, line ")
        elif unit.format == "parquet":
            for start, table in parquet.read(unit, self._names):
                columns = [table[name].cast(pa.string()) for name in self._names]
                texts = pa.table(columns, names=self._names)
                yield self._batch(texts, f"{unit.file} group {unit.start} row {start} + ")
        else:
            yield from super().read(unit)

    def _batch(self, table: pa.Table, place: str) -> SourceBatch:
        options, rows = self.options, table.num_rows
        texts = [_one(table[name]) for name in (options.prompt, options.chosen, options.rejected)]
        keys = self._keys(table, texts)
        where = pc.binary_join_element_wise(
            place, pc.cast(pa.array(range(rows), pa.int64()), pa.string()), ""
        )
        bad = _faults(texts, (options.prompt, options.chosen, options.rejected))
        dead = [
            DeadLetter(
                "sources",
                self.subset,
                self.name,
                keys[row].as_py(),
                reason,
                message,
                self.seen(table.slice(row, 1).to_pylist()[0]),
                where[row].as_py(),
            )
            for row, (reason, message) in sorted(bad.items())
        ]
        drafts = _draft_columns(keys, texts, where)
        if bad:
            keep = pa.array([row not in bad for row in range(rows)])
            drafts = drafts.filter(keep)
        table_of_dead = dead_letter_table(dead) if dead else DEAD_FLIGHT_SCHEMA.empty_table()
        return SourceBatch(drafts, table_of_dead, rows)

    def _keys(self, table: pa.Table, texts: list[pa.Array]) -> pa.Array:
        given = None if self.options.key is None else _one(table[self.options.key])
        if given is not None and not given.null_count:
            return given
        content = pa.array(
            [content_key(*row) for row in zip(*(text.to_pylist() for text in texts), strict=True)],
            pa.string(),
        )
        return content if given is None else pc.coalesce(given, content)


def _one(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _parse_lines(data: bytes, names: list[str]) -> pa.Table | None:
    """The named columns of JSON lines, or None where any of them is not plain text throughout.

    pyarrow's parser refuses numbers for text, repeated keys and lone surrogates; that a line holds
    one object, and that bytes are UTF-8, is checked here.
    """
    schema = pa.schema([(name, pa.string()) for name in names])
    if not data.strip():
        return schema.empty_table()
    try:
        table = pj.read_json(
            pa.BufferReader(data),
            read_options=pj.ReadOptions(block_size=_PARSE_BLOCK),
            parse_options=pj.ParseOptions(
                explicit_schema=schema, unexpected_field_behavior="ignore"
            ),
        ).select(names)
        if table.num_rows != _lines_of_objects(data):
            return None
        if not data.isascii():  # of the whole lines: unmapped columns are text too
            pa.array([data], pa.large_binary()).cast(pa.large_string())
        table.validate(full=True)
    except pa.ArrowInvalid:
        return None
    return table


def _lines_of_objects(data: bytes) -> int:
    """How many lines there are if each begins with ``{`` and ends with ``}``; otherwise -1."""
    codes = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(codes == ord("\n"))
    if not data.endswith(b"\n"):
        ends = np.append(ends, len(codes))
    starts = np.append(0, ends[:-1] + 1)
    last = codes[np.maximum(ends - 1, 0)]
    last = np.where(last == ord("\r"), codes[np.maximum(ends - 2, 0)], last)
    whole = (codes[np.minimum(starts, len(codes) - 1)] == ord("{")) & (last == ord("}"))
    return len(ends) if whole.all() else -1


def _faults(texts: list[pa.Array], names: tuple[str, ...]) -> dict[int, tuple[str, str]]:
    """Rows that can't be used: row -> (reason code, message), the first fault of each."""
    found: dict[int, tuple[str, str]] = {}
    for text, name in zip(texts, names, strict=True):
        if text.null_count:
            for row in pc.indices_nonzero(pc.is_null(text)).to_pylist():
                found.setdefault(row, ("missing_field", f"{name} is missing or null"))
        if name == names[0]:  # a prompt may be blank, as in `pairs`
            continue
        blank = pc.indices_nonzero(
            pc.fill_null(pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(text)), 0), False)
        )
        for row in blank.to_pylist():
            found.setdefault(row, ("empty_response", f"{name} is empty"))
    return found


def _draft_columns(keys: pa.Array, texts: list[pa.Array], where: pa.Array) -> pa.Table:
    rows = len(keys)
    prompt, chosen, rejected = texts
    roles = pa.array(["user"]).take(pa.array([0] * rows, pa.int32()))
    turns = pa.StructArray.from_arrays([roles, prompt], fields=list(TURN_STRUCT))
    given = {
        "key": keys,
        "prompt": pa.ListArray.from_arrays(pa.array(range(rows + 1), pa.int32()), turns),
        "first_text": chosen,
        "second_text": rejected,
        "preferred": pa.array(["first"]).take(pa.array([0] * rows, pa.int32())),
        "where": where,
    }
    empty = {"prompt_media", "first_media", "second_media"}
    columns = [
        given[field.name]
        if field.name in given
        else _empty_lists(rows, field.type)
        if field.name in empty
        else pa.nulls(rows, field.type)
        for field in DRAFT_SCHEMA
    ]
    return pa.Table.from_arrays(columns, schema=DRAFT_SCHEMA)


def _empty_lists(rows: int, data_type: pa.ListType) -> pa.Array:
    offsets = pa.array([0] * (rows + 1), pa.int32())
    return pa.ListArray.from_arrays(offsets, pa.array([], data_type.value_type), type=data_type)
