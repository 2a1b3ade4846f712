"""Work units: the pieces in which a corpus's files are read, small enough to spread and retry."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Format = Literal["parquet", "jsonl", "jsonl.gz", "json", "delimited", "name", "several"]


@dataclass(frozen=True)
class WorkUnit:
    """A piece of one file.

    `path` is where the file is, `file` its name within the corpus. `start` and `stop` are row
    groups of a Parquet file, or bytes of JSON lines; what can't be cut is one unit from 0 to its
    size, and a file of which only the name is read is ``name``. `size` is what reading it costs, in
    bytes. `parts` are the units that are read as one.
    """

    path: str
    file: str
    format: Format
    start: int
    stop: int
    size: int
    parts: tuple[WorkUnit, ...] = ()


def as_one(units: Iterable[WorkUnit]) -> list[WorkUnit]:
    """One unit of several, for records that can only be judged together; none of none."""
    parts = tuple(units)
    if not parts:
        return []
    size = sum(part.size for part in parts)
    return [WorkUnit(parts[0].path, parts[0].file, "several", 0, len(parts), size, parts)]
