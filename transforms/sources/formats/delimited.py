"""Tables as text: separated values with a header line, read as a stream."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Final

from transforms.beamkit.errors import BuildError
from transforms.sources.formats.gzipped import unpacked
from transforms.sources.work_unit import WorkUnit

#: A field beyond this is a missing quote, not a text that anybody judged.
MAX_FIELD: Final = 16 * 1024 * 1024


class _Quoted(csv.excel):
    """Fields that hold separators or line ends are quoted; anything amiss is an error."""

    strict = True


class _Bare(csv.excel):
    """Quotes are characters like others: a field holds neither separators nor line ends."""

    quoting = csv.QUOTE_NONE


def units(path: str, file: str, size: int) -> list[WorkUnit]:
    """A quoted field may hold line ends, so a file can't be cut: it is one unit."""
    return [WorkUnit(path, file, "delimited", 0, size, size)]


def read(unit: WorkUnit) -> Iterator[tuple[int, dict[str, str | None]]]:
    """The rows as ``(position, column -> text)``; a short row lacks its last columns (None).

    Separated by tabs, or by commas; by semicolons or tabs where a header has no comma. A table
    separated by tabs is often written without quoting: it is read so where it can't be read
    with it.

    Raises:
        BuildError: the header names a column twice, a row has more fields than the header, a
            quote is never closed, or the text is not UTF-8.
    """
    csv.field_size_limit(MAX_FIELD)
    separator = _separator(unit)
    dialect: type[csv.Dialect] = _Quoted
    if separator == "\t" and not _is_quoted(unit, separator):
        dialect = _Bare
    yield from _rows(unit, separator, dialect)


def _separator(unit: WorkUnit) -> str:
    if ".tsv" in unit.file.lower():
        return "\t"
    with unpacked(unit.path) as stream:
        header = stream.readline(MAX_FIELD)
    return next((mark for mark in (",", ";", "\t") if mark.encode() in header), ",")


def _is_quoted(unit: WorkUnit, separator: str) -> bool:
    """Whether the whole table can be read with quoting."""
    try:
        for _ in _rows(unit, separator, _Quoted):
            pass
    except BuildError:
        return False
    return True


def _rows(
    unit: WorkUnit, separator: str, dialect: type[csv.Dialect]
) -> Iterator[tuple[int, dict[str, str | None]]]:
    with (
        unpacked(unit.path) as raw,
        io.TextIOWrapper(raw, "utf-8-sig", newline="") as text,
    ):
        rows = csv.DictReader(text, dialect=dialect, delimiter=separator)
        position = -1
        try:
            names = list(rows.fieldnames or ())
            twice = {name for name in names if names.count(name) > 1}
            if twice:
                raise BuildError(f"{unit.path}: its header names {sorted(twice)[0]!r} twice")
            for position, row in enumerate(rows):
                if None in row:
                    raise BuildError(
                        f"{unit.path}: row {position} has more fields than the header's "
                        f"{len(names)}; is the text quoted?"
                    )
                yield position, row
        except (csv.Error, UnicodeDecodeError) as error:
            raise BuildError(
                f"{unit.path}: not readable as delimited text after {position + 1:,} rows: {error}"
            ) from None
