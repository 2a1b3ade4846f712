"""Gzipped files of records: one stream, which can't be cut, so the file is one unit."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.sources.work_unit import WorkUnit

#: A line beyond this is a bomb, not a record that anybody judged.
MAX_LINE = 64 * 1024 * 1024


def units(path: str, file: str, size: int) -> list[WorkUnit]:
    """One unit for the whole file."""
    return [WorkUnit(path, file, "jsonl.gz", 0, size, size)]


@contextmanager
def unpacked(path: str, *, whole: bool = True) -> Iterator[BinaryIO]:
    """Open a file for reading, unpacked where its name ends in ``.gz``.

    `whole` says that it will be read to its end; otherwise a look at its beginning is meant.

    Raises:
        BuildError: what is read of it inside the block is truncated or damaged.
    """
    with files.open_whole(path) if whole else files.open_read(path) as raw:
        if not path.lower().endswith(".gz"):
            yield raw
            return
        try:
            with gzip.GzipFile(fileobj=raw) as stream:
                yield cast(BinaryIO, stream)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise BuildError(
                f"{path}: the gzip file is truncated or damaged ({error}); download it again"
            ) from None


def lines(unit: WorkUnit) -> Iterator[bytes]:
    """The file's lines.

    Raises:
        BuildError: the file is truncated or damaged, or a line has no end.
    """
    position = 0
    with unpacked(unit.path) as stream:
        while line := stream.readline(MAX_LINE):
            if len(line) == MAX_LINE:
                raise BuildError(
                    f"{unit.path}: the line at unpacked byte {position:,} is longer than "
                    f"{MAX_LINE:,} bytes; is it JSON lines?"
                )
            position += len(line)
            yield line
