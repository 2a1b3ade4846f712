"""Gzipped text of records: one stream, which can't be cut, so the file is one unit."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator

from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.sources.work_unit import WorkUnit

#: A line beyond this is a bomb, not a record that anybody judged.
MAX_LINE = 64 * 1024 * 1024


def units(path: str, file: str, size: int) -> list[WorkUnit]:
    """One unit for the whole file."""
    return [WorkUnit(path, file, "jsonl.gz", 0, size, size)]


def lines(unit: WorkUnit) -> Iterator[bytes]:
    """The file's lines.

    Raises:
        BuildError: the file is truncated or damaged, or a line has no end.
    """
    position = 0
    with files.open_read(unit.path) as raw, gzip.GzipFile(fileobj=raw) as stream:
        while True:
            try:
                line = stream.readline(MAX_LINE)
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                raise BuildError(
                    f"{unit.path}: the gzip file is truncated or damaged after {position:,} "
                    f"unpacked bytes ({error}); download it again"
                ) from None
            if not line:
                return
            if len(line) == MAX_LINE:
                raise BuildError(
                    f"{unit.path}: the line at unpacked byte {position:,} is longer than "
                    f"{MAX_LINE:,} bytes; is it JSON lines?"
                )
            position += len(line)
            yield line
