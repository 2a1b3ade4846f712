"""Corpora whose records are the values of one JSON object, or the items of one list."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

from transforms.beamkit import files as beam_files
from transforms.beamkit.errors import BuildError
from transforms.beamkit.sniff import HEAD_BYTES, sniff
from transforms.sources.adapter import RecordAdapter, SourceFile
from transforms.sources.columns import check_keys
from transforms.sources.formats import json_list
from transforms.sources.formats.check import check_file, is_medium
from transforms.sources.formats.gzipped import unpacked
from transforms.sources.formats.json_text import JsonReader, parse_json
from transforms.sources.records import Place, Records, Unreadable, read_items
from transforms.sources.work_unit import WorkUnit

#: Under this key a record bears the name that its file gives it: its key, or its place in the list.
NAME: Final = "@name"


class KeyedAdapter(RecordAdapter):
    """Base of an adapter for such files; records reach `pairs` with their `NAME`."""

    RECORD_SUFFIXES: ClassVar = (".json",)
    #: Told to whoever looks at the head of a file: one object is as good as a list.
    KEYED: ClassVar = True

    def units(self, files: Sequence[SourceFile]) -> list[WorkUnit]:
        """One unit a file of records; all but plain media are checked."""
        for file in files:
            if not is_medium(file.name):
                check_file(file.path, file.size)
        return [
            WorkUnit(file.path, file.name, "json", 0, file.size, file.size)
            for file in files
            if self.holds_records(file.name)
        ]

    def records(self, unit: WorkUnit) -> Records:
        """The records of a file by name; one that gives a column twice can't be read."""
        columns = {name for column in self.COLUMNS for name in column.names}
        for row, entry in enumerate(_entries(unit.path)):
            place = Place(unit.file, row)
            if isinstance(entry, Unreadable):
                yield place, entry
                continue
            name, record = entry
            if not isinstance(record, Mapping):
                yield place, record
                continue
            if row == 0:
                check_keys(record, self.COLUMNS, unit.path)
            twice = sorted(columns.intersection(getattr(record, "repeated", ())))
            if twice:
                text = json.dumps({name: record}, ensure_ascii=True)
                yield place, Unreadable(text.encode(), f"the key {twice[0]!r} occurs twice")
                continue
            yield place, {**record, NAME: name}

    def key(self, record: Mapping[str, Any]) -> str:
        """The record's name, which its file gives once, with a digest of its content."""
        own = {name: value for name, value in record.items() if name != NAME}
        return f"{record[NAME]}/{super().key(own)}"


class _Object(dict[str, Any]):
    """A JSON object that knows which of its keys were given more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        counts = Counter(name for name, _ in pairs) if len(self) < len(pairs) else {}
        self.repeated = frozenset(name for name, count in counts.items() if count > 1)


def load_json(path: str) -> Any:
    """The one JSON value of a file.

    Raises:
        BuildError: it is not JSON, or nested too deep.
    """
    try:
        return parse_json(beam_files.read_bytes(path))
    except ValueError as error:
        raise BuildError(f"{path}: not valid JSON: {error}; download it again") from None


def _entries(path: str) -> Iterator[tuple[str, Any] | Unreadable]:
    """The entries of a file's object by name, or of its list by position.

    Of a name that is given twice, both records are there to be looked at.
    """
    with unpacked(path, whole=False) as stream:
        found = sniff(stream.read(HEAD_BYTES))
    if found not in ("json object", "json list"):
        raise BuildError(f"{path}: expected one JSON object or list of records, found {found}")
    is_object = found == "json object"
    # A member is read as an object of its own.
    form, reader = b"{%b}" if is_object else b"%b", JsonReader(_Object, around=int(is_object))
    position = 0
    for run in json_list.runs_of(path, b"{" if is_object else b"[", found.removeprefix("json ")):
        for held in read_items(run, reader, path, position, form):
            if isinstance(held, Unreadable):
                yield held
            else:
                yield next(iter(held.items())) if is_object else (str(position), held)
            position += 1
