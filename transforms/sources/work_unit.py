"""Work units: the pieces in which a corpus's files are read, small enough to spread and retry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Format = Literal["parquet", "jsonl", "jsonl.gz", "json", "delimited", "several"]


@dataclass(frozen=True)
class WorkUnit:
    """A piece of one file.

    `path` is where the file is, `file` its name within the corpus. `start` and `stop` are row
    groups of a Parquet file, or bytes of JSON lines; what can't be cut is one unit from 0 to its
    size. `size` is what reading it costs, in bytes. `parts` are the units that are read as one.
    """

    path: str
    file: str
    format: Format
    start: int
    stop: int
    size: int
    parts: tuple[WorkUnit, ...] = ()
