"""The work units of a file of records, by its suffix and what it really holds."""

from __future__ import annotations

from collections.abc import Sequence

from transforms.beamkit.errors import BuildError
from transforms.beamkit.sniff import HEAD_BYTES, sniff
from transforms.sources.columns import Column
from transforms.sources.formats import delimited, gzipped, json_list, jsonl, parquet
from transforms.sources.formats.check import suffix_of
from transforms.sources.formats.gzipped import unpacked
from transforms.sources.formats.json_text import TooDeepError, parse_json
from transforms.sources.work_unit import WorkUnit

#: Suffixes of files whose records can be read.
_LINES = (".jsonl", ".ndjson")
_TABLES = (".csv", ".tsv")
RECORD_SUFFIXES = (
    ".parquet",
    ".json",
    *_LINES,
    *_TABLES,
    *(f"{suffix}.gz" for suffix in (".json", *_LINES, *_TABLES)),
)

_FIRST_LINE_BYTES = 16 * 1024 * 1024


def units_of(path: str, file: str, size: int, columns: Sequence[Column]) -> list[WorkUnit]:
    """Cut one file into work units.

    A ``.json`` file that holds JSON lines, as many do, is read as those.

    Raises:
        BuildError: no reader for the suffix, or what the reader of a format says.
    """
    suffix = suffix_of(file)
    plain = suffix.removesuffix(".gz")
    if suffix not in RECORD_SUFFIXES:
        raise BuildError(f"{path}: records are read from {', '.join(RECORD_SUFFIXES)}")
    if suffix == ".parquet":
        return parquet.units(path, file, columns)
    if plain in _TABLES:
        return delimited.units(path, file, size)
    if plain == ".json" and not _holds_lines(path):
        return json_list.units(path, file, size)
    if suffix != plain:
        return gzipped.units(path, file, size)
    return jsonl.units(path, file, size)


def _holds_lines(path: str) -> bool:
    with unpacked(path, whole=False) as stream:
        if sniff(stream.read(HEAD_BYTES)) != "json object":
            return False
    with unpacked(path, whole=False) as stream:
        line = stream.readline(_FIRST_LINE_BYTES).rstrip()
    try:
        return isinstance(parse_json(line), dict)
    except TooDeepError:
        return line.endswith(b"}")
    except ValueError:
        return False
