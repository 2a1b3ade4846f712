"""Corpora whose records are the values of one JSON object, or the items of one list.

Such files are small (text and numbers of some thousand records) and are read whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

from transforms.beamkit import files as beam_files
from transforms.beamkit.errors import BuildError
from transforms.sources.adapter import RecordAdapter, SourceFile
from transforms.sources.columns import check_keys
from transforms.sources.formats.check import check_file, is_medium
from transforms.sources.records import Place, Records, Unreadable
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
        for row, (name, record) in enumerate(_entries(load_json(unit.path), unit.path)):
            place = Place(unit.file, row)
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
        self.pairs = pairs if len(self) < len(pairs) else None
        names = [name for name, _ in pairs]
        self.repeated = (
            frozenset()
            if self.pairs is None
            else frozenset(name for name in self if names.count(name) > 1)
        )


def load_json(path: str) -> Any:
    """The one JSON value of a file.

    Raises:
        BuildError: it is not JSON.
    """
    try:
        return json.loads(beam_files.read_bytes(path), object_pairs_hook=_Object)
    except (ValueError, RecursionError) as error:
        raise BuildError(f"{path}: not valid JSON: {error}; download it again") from None


def _entries(whole: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(whole, _Object):
        # Of a name that is given twice, both records are there to be looked at.
        yield from whole.pairs or whole.items()
    elif isinstance(whole, list):
        yield from ((str(at), record) for at, record in enumerate(whole))
    else:
        raise BuildError(
            f"{path}: expected one JSON object or list of records, found {type(whole).__name__}"
        )
