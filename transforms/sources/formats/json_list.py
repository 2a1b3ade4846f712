"""One JSON list of records, parsed as a stream: the file is never held whole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import ijson

from transforms.beamkit.errors import BuildError
from transforms.beamkit.sniff import HEAD_BYTES, sniff
from transforms.sources.formats.gzipped import unpacked
from transforms.sources.work_unit import WorkUnit


def units(path: str, file: str, size: int) -> list[WorkUnit]:
    """A list can't be cut without parsing it, so it is one unit."""
    return [WorkUnit(path, file, "json", 0, size, size)]


def read(unit: WorkUnit) -> Iterator[tuple[int, Any]]:
    """The list's items as ``(position, item)``; numbers come as int and float.

    Raises:
        BuildError: the file is cut short or not JSON, with the position of the last good item.
    """
    if _has_lone_surrogate(unit.path):
        yield from enumerate(_whole(unit.path))
        return
    position = -1
    with unpacked(unit.path) as stream:
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


#: An escaped character outside the first plane: two halves, one after the other.
_PAIR: Final = re.compile(rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_HALF: Final = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_BLOCK: Final = 8 * 1024 * 1024
#: No escape is longer.
_OVERLAP: Final = 16


def _has_lone_surrogate(path: str) -> bool:
    """Whether half a character is spelt anywhere; the streaming parser would make it a ``?``."""
    with unpacked(path) as stream:
        tail = b""
        while block := stream.read(_BLOCK):
            text = tail + block
            cut = len(text) - _OVERLAP if len(block) == _BLOCK else len(text)
            while 0 < cut < len(text) and b"\\" in text[cut - _OVERLAP : cut]:
                cut -= _OVERLAP  # never between the halves of a pair
            if _HALF.search(text, 0, cut) and _HALF.search(_PAIR.sub(b"", text[: max(cut, 0)])):
                return True
            tail = text[max(cut, 0) :]
        return bool(_HALF.search(_PAIR.sub(b"", tail)))


def _whole(path: str) -> list[Any]:
    """The list parsed at once, by the parser that keeps halves of characters as they are."""
    try:
        with unpacked(path) as stream:
            items = json.loads(stream.read())
    except (ValueError, RecursionError) as error:
        raise BuildError(f"{path}: not valid JSON: {error}") from None
    if not isinstance(items, list):
        raise BuildError(f"{path}: expected a JSON list of records, found {type(items).__name__}")
    return items
