"""From work units to records: each as it stands in its file, with the place where it was met."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pyarrow as pa

from transforms.beamkit.errors import BuildError
from transforms.sources.columns import Column, check_keys
from transforms.sources.formats import delimited, gzipped, json_list, jsonl, parquet
from transforms.sources.formats.json_items import Run, split
from transforms.sources.formats.json_text import Hook, JsonReader
from transforms.sources.work_unit import WorkUnit


@dataclass(frozen=True)
class Place:
    """Where a record was met: the file, its row, and for Parquet the row group."""

    file: str
    row: int
    group: int | None = None

    def __str__(self) -> str:
        group = "" if self.group is None else f" group {self.group}"
        return f"{self.file}{group} row {self.row}"


@dataclass(frozen=True)
class Unreadable:
    """A record that can't be read: its bytes, the reader's complaint, and its code."""

    line: bytes
    complaint: str
    reason: str = "not_json"


Records = Iterator[tuple[Place, Any]]


def read_records(
    unit: WorkUnit,
    columns: Sequence[Column],
    projection: Sequence[str] | None,
    check: Callable[[Mapping[str, Any], Sequence[Column], str], None] = check_keys,
) -> Records:
    """The records of a unit; in place of one that can't be parsed, `Unreadable`.

    `columns` are held by `check` against the first record of a file without a schema of its own;
    `projection` says which columns of Parquet are read (None: all).

    Raises:
        BuildError: an expected column is missing, or the file is damaged.
    """
    if unit.format == "parquet":
        yield from _parquet(unit, projection)
        return
    for place, record in _checkable(unit, columns):
        if place.row == 0 and isinstance(record, Mapping):
            check(record, columns, unit.path)
        yield place, record


def _checkable(unit: WorkUnit, columns: Sequence[Column]) -> Records:
    """The records of a file without a schema of its own."""
    if unit.format == "delimited":
        return _rows(unit)
    unrepeated = _unrepeated({name for column in columns for name in column.names})
    return (_items if unit.format == "json" else _lines)(unit, unrepeated)


def _parquet(unit: WorkUnit, projection: Sequence[str] | None) -> Records:
    for start, table in parquet.read(unit, projection):
        yield from table_records(unit, start, table)


def table_records(unit: WorkUnit, start: int, table: pa.Table) -> Records:
    """The rows of a table that begins at row `start` of a unit's row group."""
    for offset, record in enumerate(plain_rows(table)):
        yield Place(unit.file, start + offset, unit.start), record


def plain_rows(table: pa.Table) -> Iterable[Any]:
    """The rows as Python values, `Unreadable` in place of one whose text is not UTF-8."""
    try:
        return cast(list[Any], table.to_pylist())
    except UnicodeDecodeError as error:
        if table.num_rows > 1:  # one by one: those without it are sound
            slices = (table.slice(row, 1) for row in range(table.num_rows))
            return (row for one in slices for row in plain_rows(one))
        return [Unreadable(parquet.spelt(table), str(error), "not_utf8")]


def _rows(unit: WorkUnit) -> Records:
    for position, record in delimited.read(unit):
        yield Place(unit.file, position), record


def _lines(unit: WorkUnit, unrepeated: Hook) -> Records:
    reader = JsonReader(unrepeated)
    lines: Iterable[bytes]
    if unit.format == "jsonl":
        position, data = jsonl.read(unit)
        lines = io.BytesIO(data)
    else:
        position, lines = 0, gzipped.lines(unit)
    for line in lines:
        place = Place(unit.file, position)
        position += len(line)
        if not line.strip():
            continue
        text = line.rstrip(b"\r\n")
        try:
            record = reader.read(text)
        except ValueError as error:
            record = Unreadable(text, str(error))
        yield place, record


def _items(unit: WorkUnit, unrepeated: Hook) -> Records:
    reader, position = JsonReader(unrepeated), 0
    for run in json_list.read(unit):
        for record in _items_of(run, reader, unit.path, position):
            yield Place(unit.file, position), record
            position += 1


def _items_of(run: Run, reader: JsonReader, path: str, position: int) -> Iterable[Any]:
    try:
        return cast(list[Any], reader.read(b"[%b]" % run.text, run.depth))
    except ValueError:  # one by one: the others are sound
        return read_items(run, reader, path, position)


def read_items(
    run: Run, reader: JsonReader, path: str, position: int, form: bytes = b"%b"
) -> Iterator[Any]:
    """What the items of a run spell; `Unreadable` in place of one that is JSON but of no use.

    `position` is that of the first of them, `form` what makes JSON of an item's text.

    Raises:
        BuildError: one is no JSON, so that nobody can say where it ends.
    """
    for at, item in enumerate(split(run), position):
        text = form % item if item else b""
        try:
            yield reader.read(text)
        except json.JSONDecodeError as error:
            raise BuildError(
                f"{path}: not valid JSON after {at:,} records: {error}; "
                "mend it, or download it again"
            ) from None
        except ValueError as error:
            yield Unreadable(text, str(error))


def _unrepeated(names: set[str]) -> Hook:
    """A hook for JSON objects: a column that an object gives twice has no one value."""

    def hook(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        record = dict(pairs)
        if len(record) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next((key for key in keys if key in names and keys.count(key) > 1), None)
            if twice is not None:
                raise ValueError(f"the key {twice!r} occurs twice")
        return record

    return hook
