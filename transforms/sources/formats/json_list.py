"""One JSON list of records, parsed as a stream: the file is never held whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ijson

from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.beamkit.sniff import HEAD_BYTES, sniff
from transforms.sources.work_unit import WorkUnit


def units(path: str, file: str, size: int) -> list[WorkUnit]:
    """A list can't be cut without parsing it, so it is one unit."""
    return [WorkUnit(path, file, "json", 0, size, size)]


def read(unit: WorkUnit) -> Iterator[tuple[int, Any]]:
    """The list's items as ``(position, item)``; numbers come as int and float.

    Raises:
        BuildError: the file is cut short or not JSON, with the position of the last good item.
    """
    position = -1
    with files.open_read(unit.path) as stream:
        try:
            for position, item in enumerate(ijson.items(stream, "item", use_float=True)):
                yield position, item
            if position < 0:
                stream.seek(0)
                found = sniff(stream.read(HEAD_BYTES))
                if found != "json list":
                    raise BuildError(f"{unit.path}: expected a JSON list of records, found {found}")
        except ijson.IncompleteJSONError as error:
            raise BuildError(
                f"{unit.path}: the JSON list ends in mid-record after {position + 1:,} records "
                f"({_first_line(error)}); download it again"
            ) from None
        except (ijson.JSONError, UnicodeDecodeError) as error:
            raise BuildError(
                f"{unit.path}: not valid JSON after {position + 1:,} records: {_first_line(error)}"
            ) from None


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
