"""The adapter protocol: native records of one corpus become drafts of preference pairs.

An adapter is one module. It names its files and native columns and turns one record into drafts;
reading in work units, column checks, dead letters and batching are done here once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Protocol

from schemas.ids import content_key
from transforms.sources.batch import Batch, SourceBatch
from transforms.sources.columns import Column
from transforms.sources.draft import Draft, Reject
from transforms.sources.formats.check import check_file, is_medium, suffix_of
from transforms.sources.formats.cut import units_of
from transforms.sources.records import Place, Records, read_records
from transforms.sources.settings import Corpus
from transforms.sources.work_unit import WorkUnit


@dataclass(frozen=True)
class SourceFile:
    """A file of a corpus: its name within the corpus, where it is, its size in bytes."""

    name: str
    path: str
    size: int


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
    #: Suffixes of the files that hold records.
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
            Dropped: none is made of it by a rule of the recipe.
        """
        raise TypeError(f"{type(self).__name__} does not say how a record becomes pairs")

    def seen(self, record: Mapping[str, Any]) -> str:
        """A refused record for a person's eyes."""
        return _seen(record)

    def units(self, files: Sequence[SourceFile]) -> list[WorkUnit]:
        """The work units of the files that hold records; all but plain media are checked."""
        found: list[WorkUnit] = []
        for file in files:
            if not is_medium(file.name):
                check_file(file.path, file.size)
            if self.holds_records(file.name):
                found += units_of(file.path, file.name, file.size, self.COLUMNS)
        return found

    def holds_records(self, name: str) -> bool:
        """Whether a file of the corpus holds records; others are read by the media stage."""
        return suffix_of(name) in self.RECORD_SUFFIXES

    def read(self, unit: WorkUnit) -> Iterator[SourceBatch]:
        """Read one unit in batches."""
        yield from self.batches(self.records(unit))

    def batches(self, records: Records) -> Iterator[SourceBatch]:
        """What records become, in batches."""
        batch = Batch(self)
        for place, record in records:
            batch.add(place, record, partial(self.pairs, place=place))
            if batch.is_full:
                yield batch.done()
                batch = Batch(self)
        if batch.records:
            yield batch.done()

    def records(self, unit: WorkUnit) -> Records:
        """The records of a unit as they stand in its file."""
        return read_records(unit, self.COLUMNS, self.PROJECTION)


def _seen(record: Mapping[str, Any]) -> str:
    """A record for a person's eyes: JSON, bytes by their length."""

    def plain(value: object) -> str:
        return f"<{len(value)} bytes>" if isinstance(value, bytes) else repr(value)

    return json.dumps(record, ensure_ascii=False, sort_keys=True, default=plain)


def text_of(record: Mapping[str, Any], name: str) -> str:
    """A text field that must be there; it may be blank.

    Raises:
        Reject: `missing_field` or `not_text`.
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
    "NoOptions",
    "Place",
    "RecordAdapter",
    "SourceBatch",
    "SourceFile",
    "need",
    "response_text",
    "text_of",
]
