"""Writing whole files: a temporary name first, Parquet by row groups, tar.gz member by member."""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

_BLOCK: Final = tarfile.BLOCKSIZE


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; it takes the place of `path` if the block succeeds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_parquet(
    path: Path, schema: pa.Schema, rows: Iterable[Mapping[str, object]], group_rows: int
) -> None:
    """Write `rows` in row groups of `group_rows`; no more than one group is held in memory."""
    pending = iter(rows)
    # No dictionaries: nearly every text is distinct, and trying costs half the writing time.
    with (
        replacing(path) as temporary,
        pq.ParquetWriter(temporary, schema, use_dictionary=False) as writer,
    ):
        while group := list(islice(pending, group_rows)):
            writer.write_table(pa.Table.from_pylist(group, schema=schema))


class TarGz:
    """A gzipped tar whose bytes depend on its members alone: no time, owner or file name.

    Written without `tarfile.TarFile`, which remembers every member: too much for 430,060 of them.
    """

    def __init__(self, stream: gzip.GzipFile) -> None:
        self._stream = stream

    def add(self, name: str, data: bytes) -> None:
        """Add a regular file."""
        info = tarfile.TarInfo(name)
        info.size = len(data)
        self._stream.write(info.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % _BLOCK))

    @classmethod
    @contextmanager
    def writing(cls, path: Path) -> Iterator[TarGz]:
        """Open `path` for writing, under a temporary name until the block succeeds."""
        with (
            replacing(path) as temporary,
            temporary.open("wb") as raw,
            gzip.GzipFile("", "wb", compresslevel=1, fileobj=raw, mtime=0) as stream,
        ):
            yield cls(stream)
            stream.write(bytes(2 * _BLOCK))
