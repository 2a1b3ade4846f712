"""Tables as text: comma- or tab-separated values with a header line, read as a stream."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.sources.work_unit import WorkUnit

#: A field beyond this is a missing quote, not a text that anybody judged.
MAX_FIELD: int = 16 * 1024 * 1024


def units(path: str, file: str, size: int) -> list[WorkUnit]:
    """A quoted field may hold line ends, so a file can't be cut: it is one unit."""
    return [WorkUnit(path, file, "delimited", 0, size, size)]


def read(unit: WorkUnit) -> Iterator[tuple[int, dict[str, str | None]]]:
    """The rows as ``(position, column -> text)``; a short row lacks its last columns (None).

    Raises:
        BuildError: the header names a column twice, a row has more fields than the header, a
            quote is never closed, or the text is not UTF-8.
    """
    csv.field_size_limit(MAX_FIELD)
    delimiter = "\t" if ".tsv" in unit.file.lower() else ","
    with files.open_read(unit.path) as raw, io.TextIOWrapper(raw, "utf-8-sig", newline="") as text:
        rows = csv.DictReader(text, delimiter=delimiter, strict=True)
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
