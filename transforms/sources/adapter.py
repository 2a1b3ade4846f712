"""The adapter protocol: native records of one corpus become drafts of preference pairs.

An adapter is one module. It names its files and native columns and turns one record into drafts;
reading in work units, column checks, dead letters and batching are done here once.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import pyarrow as pa

from schemas.dead_letter import DeadLetter, dead_letter_table
from schemas.ids import content_key
from transforms.beamkit.errors import BuildError
from transforms.sources.columns import Column, check_keys
from transforms.sources.draft import Draft, Reject, draft_table
from transforms.sources.formats import json_list, jsonl, parquet
from transforms.sources.formats.check import check_file, suffix_of
from transforms.sources.settings import Corpus
from transforms.sources.work_unit import WorkUnit

#: Records that are turned into one table.
BATCH_RECORDS = 4_000


@dataclass(frozen=True)
class SourceFile:
    """A file of a corpus: its name within the corpus, where it is, its size in bytes."""

    name: str
    path: str
    size: int


@dataclass(frozen=True)
class SourceBatch:
    """What some records became. ``records == used + dead``; one record may give several pairs."""

    drafts: pa.Table
    dead: pa.Table
    records: int
    notes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class NoOptions:
    """For an adapter that has no options of its own."""


class Adapter(Protocol):
    """What the graph needs of a corpus."""

    #: Dataclass that checks `Corpus.options`.
    Options: ClassVar[type]

    def __init__(self, corpus: Corpus, name: str, subset: str) -> None: ...

    def units(self, files: Sequence[SourceFile]) -> list[WorkUnit]:
        """The work units of the corpus's files; checks files and columns."""

    def read(self, unit: WorkUnit) -> Iterator[SourceBatch]:
        """Read one unit."""


class RecordAdapter:
    """Base of an adapter that looks at one record at a time; a leaf writes `key` and `pairs`."""

    Options: ClassVar[type] = NoOptions
    #: Files that hold records; others (archives of media) are read by the media stage.
    RECORD_SUFFIXES: ClassVar[tuple[str, ...]] = (".parquet", ".jsonl", ".json")
    #: Native columns, checked when a file is opened.
    COLUMNS: ClassVar[tuple[Column, ...]] = ()
    #: Columns to read from Parquet (media bytes are left where they are); None reads all.
    PROJECTION: ClassVar[tuple[str, ...] | None] = None

    def __init__(self, corpus: Corpus, name: str, subset: str) -> None:
        self.corpus, self.name, self.subset = corpus, name, subset

    def key(self, record: Mapping[str, Any]) -> str:
        """The corpus's id of a record; by default a digest of all that was read of it."""
        return content_key(json.dumps(record, sort_keys=True, ensure_ascii=False, default=repr))

    def pairs(self, record: Mapping[str, Any], place: Place) -> Iterable[Draft]:
        """The drafts of one record.

        Raises:
            Reject: no pair can be made of it.
        """
        raise TypeError(f"{type(self).__name__} does not say how a record becomes pairs")

    def seen(self, record: Mapping[str, Any]) -> str:
        """A refused record for a person's eyes."""
        return _seen(record)

    def units(self, files: Sequence[SourceFile]) -> list[WorkUnit]:
        """The work units of the files that hold records; every file is checked."""
        found: list[WorkUnit] = []
        for file in files:
            check_file(file.path, file.size)
            suffix = suffix_of(file.name)
            if suffix not in self.RECORD_SUFFIXES:
                continue
            if suffix == ".parquet":
                found += parquet.units(file.path, file.name, self.COLUMNS)
            elif suffix == ".jsonl":
                found += jsonl.units(file.path, file.name, file.size)
            else:
                found += json_list.units(file.path, file.name, file.size)
        return found

    def read(self, unit: WorkUnit) -> Iterator[SourceBatch]:
        """Read one unit in batches."""
        batch = _Batch(self)
        for place, record in _RECORDS[unit.format](self, unit):
            batch.add(place, record)
            if batch.records >= BATCH_RECORDS:
                yield batch.done()
                batch = _Batch(self)
        if batch.records:
            yield batch.done()


@dataclass(frozen=True)
class Place:
    """Where a record was met: the file, its row, and for Parquet the row group."""

    file: str
    row: int
    group: int | None = None

    def __str__(self) -> str:
        group = "" if self.group is None else f" group {self.group}"
        return f"{self.file}{group} row {self.row}"


class _Unreadable:
    """A line that is not JSON: its bytes and the parser's complaint."""

    def __init__(self, line: bytes, complaint: str) -> None:
        self.line, self.complaint = line, complaint


class _Batch:
    """Collects drafts and dead letters of up to `BATCH_RECORDS` records."""

    def __init__(self, adapter: RecordAdapter) -> None:
        self.adapter = adapter
        self.records = 0
        self.drafts: list[Draft] = []
        self.dead: list[DeadLetter] = []
        self.notes: dict[str, int] = {}

    def add(self, place: Place, record: Any) -> None:
        self.records += 1
        if isinstance(record, _Unreadable):
            self._bury(
                place,
                content_key(record.line),
                "not_json",
                record.complaint,
                record.line.decode("utf-8", "replace"),
            )
            return
        if not isinstance(record, Mapping):
            self._bury(
                place,
                content_key(repr(record)),
                "not_a_record",
                f"expected an object, found {type(record).__name__}",
                repr(record),
            )
            return
        key = self.adapter.key(record)
        try:
            drafts = [_encodable(draft) for draft in self.adapter.pairs(record, place)]
        except Reject as reject:
            self._bury(place, key, reject.reason, reject.message, self.adapter.seen(record))
            return
        for draft in drafts:
            self.drafts.append(draft)
            for note in draft.notes:
                self.notes[note] = self.notes.get(note, 0) + 1

    def _bury(self, place: Place, key: str, reason: str, message: str, seen: str) -> None:
        adapter = self.adapter
        key = key.encode("utf-8", "backslashreplace").decode("utf-8")
        self.dead.append(
            DeadLetter(
                "sources", adapter.subset, adapter.name, key, reason, message, seen, str(place)
            )
        )

    def done(self) -> SourceBatch:
        return SourceBatch(
            draft_table(self.drafts), dead_letter_table(self.dead), self.records, self.notes
        )


def _encodable(draft: Draft) -> Draft:
    """Refuse text that has no UTF-8 form; JSON can spell it, nothing after us can hold it."""
    contents = (turn.content for turn in draft.prompt)
    for text in (draft.key, *contents, draft.first.text, draft.second.text):
        if text is None or text.isascii():
            continue
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise Reject(
                "lone_surrogate", f"text holds a lone surrogate at character {error.start}"
            ) from None
    return draft


def _seen(record: Mapping[str, Any]) -> str:
    """A record for a person's eyes: JSON, bytes by their length."""

    def plain(value: object) -> str:
        return f"<{len(value)} bytes>" if isinstance(value, bytes) else repr(value)

    return json.dumps(record, ensure_ascii=False, sort_keys=True, default=plain)


def _parquet_records(adapter: RecordAdapter, unit: WorkUnit) -> Iterator[tuple[Place, Any]]:
    for start, table in parquet.read(unit, adapter.PROJECTION):
        for offset, record in enumerate(table.to_pylist()):
            yield Place(unit.file, start + offset, unit.start), record


def _jsonl_records(adapter: RecordAdapter, unit: WorkUnit) -> Iterator[tuple[Place, Any]]:
    start, data = jsonl.read(unit)
    position = start
    unrepeated = _unrepeated({name for column in adapter.COLUMNS for name in column.names})
    for line in io.BytesIO(data):
        place = Place(unit.file, position)
        position += len(line)
        if not line.strip():
            continue
        try:
            record = json.loads(line.rstrip(b"\r\n"), object_pairs_hook=unrepeated)
        except (ValueError, RecursionError) as error:
            yield place, _Unreadable(line.rstrip(b"\r\n"), str(error))
            continue
        if place.row == 0 and isinstance(record, Mapping):
            check_keys(record, adapter.COLUMNS, unit.path)
        yield place, record


def _unrepeated(names: set[str]) -> Callable[[list[tuple[str, Any]]], dict[str, Any]]:
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


def _json_list_records(adapter: RecordAdapter, unit: WorkUnit) -> Iterator[tuple[Place, Any]]:
    for position, record in json_list.read(unit):
        if position == 0 and isinstance(record, Mapping):
            check_keys(record, adapter.COLUMNS, unit.path)
        yield Place(unit.file, position), record


_RECORDS: dict[str, Callable[[RecordAdapter, WorkUnit], Iterator[tuple[Place, Any]]]] = {
    "parquet": _parquet_records,
    "jsonl": _jsonl_records,
    "json": _json_list_records,
}


def text_of(record: Mapping[str, Any], name: str) -> str:
    """A text field that must be there and must not be blank.

    Raises:
        Reject: `missing_field`, `not_text`, or `empty_response` for blank ones.
    """
    value = record.get(name)
    if value is None:
        raise Reject("missing_field", f"{name} is missing or null")
    if not isinstance(value, str):
        raise Reject("not_text", f"{name} is {type(value).__name__}, expected text")
    return value


def response_text(record: Mapping[str, Any], name: str) -> str:
    """A response's text: `text_of`, and not blank.

    Raises:
        Reject: as `text_of`; `empty_response` when only white space is there.
    """
    value = text_of(record, name)
    if not value.strip():
        raise Reject("empty_response", f"{name} is empty")
    return value


def need(condition: bool, reason: str, message: str) -> None:
    """Reject the record unless the condition holds."""
    if not condition:
        raise Reject(reason, message)


__all__ = [
    "Adapter",
    "BuildError",
    "NoOptions",
    "Place",
    "RecordAdapter",
    "SourceBatch",
    "SourceFile",
    "need",
    "response_text",
    "text_of",
]
