"""The work units of a file of records, by its suffix and what it really holds."""

from __future__ import annotations

import json
from collections.abc import Sequence

from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.beamkit.sniff import HEAD_BYTES, sniff
from transforms.sources.columns import Column
from transforms.sources.formats import delimited, gzipped, json_list, jsonl, parquet
from transforms.sources.formats.check import suffix_of
from transforms.sources.work_unit import WorkUnit

#: Suffixes of files whose records can be read.
RECORD_SUFFIXES = (".parquet", ".jsonl", ".json", ".jsonl.gz", ".json.gz", ".csv", ".tsv")

_FIRST_LINE_BYTES = 16 * 1024 * 1024


def units_of(path: str, file: str, size: int, columns: Sequence[Column]) -> list[WorkUnit]:
    """Cut one file into work units.

    A ``.json`` file that holds JSON lines, as many do, is read as those.

    Raises:
        BuildError: no reader for the suffix, or what the reader of a format says.
    """
    suffix = suffix_of(file)
    if suffix == ".parquet":
        return parquet.units(path, file, columns)
    if suffix == ".jsonl" or (suffix == ".json" and _holds_lines(path)):
        return jsonl.units(path, file, size)
    if suffix == ".json":
        return json_list.units(path, file, size)
    if suffix in (".jsonl.gz", ".json.gz"):
        return gzipped.units(path, file, size)
    if suffix in (".csv", ".tsv"):
        return delimited.units(path, file, size)
    raise BuildError(f"{path}: records can be read from {', '.join(RECORD_SUFFIXES)}, not {suffix}")


def _holds_lines(path: str) -> bool:
    with files.open_read(path) as stream:
        if sniff(stream.read(HEAD_BYTES)) != "json object":
            return False
        stream.seek(0)
        try:
            return isinstance(json.loads(stream.readline(_FIRST_LINE_BYTES)), dict)
        except ValueError:
            return False
