"""Writing whole files: a temporary name first, Parquet by row groups, archives by members."""

from __future__ import annotations

import gzip
import json
import string
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

_BLOCK: Final = tarfile.BLOCKSIZE
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_LETTERS: Final = string.ascii_lowercase


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


def write_json(path: Path, value: object) -> None:
    """Write one JSON value."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False)


def write_lines(path: Path, records: Iterable[object]) -> None:
    """Write JSON lines; text stands as it is, not as escapes. A str is written as it stands."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        for record in records:
            line = record if isinstance(record, str) else json.dumps(record, ensure_ascii=False)
            file.write(line + "\n")


def write_zip(path: Path, members: Iterable[tuple[str, bytes]], part_bytes: int = 0) -> list[Path]:
    """Write a zip archive whose bytes depend on its members alone; returns the files.

    With `part_bytes` it is cut into ``<name>.part-aa``, ``.part-ab`` ... as `split` does.
    """
    with replacing(path) as temporary:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
            for name, data in members:
                archive.writestr(zipfile.ZipInfo(name, _EPOCH), data)
        if not part_bytes:
            return [path]
        parts: list[Path] = []
        with temporary.open("rb") as whole:
            while data := whole.read(part_bytes):
                nth = len(parts)
                letters = f"{_LETTERS[nth // 26]}{_LETTERS[nth % 26]}"
                parts.append(path.with_name(f"{path.name}.part-{letters}"))
                parts[-1].write_bytes(data)
    path.unlink()
    return parts


def write_tar(path: Path, members: Iterable[tuple[str, bytes]]) -> None:
    """Write a plain tar whose bytes depend on its members alone."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            file.write(info.tobuf(tarfile.GNU_FORMAT) + data + bytes(-len(data) % _BLOCK))
        file.write(bytes(2 * _BLOCK))
