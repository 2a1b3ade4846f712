"""The head of a file of records: its schema, its first records, and a small copy that holds them.

Of the copy an adapter can make pairs as it would of the whole, and it is all that it can read.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.source_check.meter import Meter, bounded
from transforms.beamkit.errors import BuildError
from transforms.beamkit.sniff import HEAD_BYTES, sniff
from transforms.sources.formats.check import suffix_of
from transforms.sources.formats.json_items import ItemsError, runs, split
from transforms.sources.formats.json_text import JsonReader, parse_json
from transforms.sources.records import Unreadable, plain_rows

#: Bytes of one file that are read for its first records, as they lie there and unpacked.
MOST_BYTES: Final = 32 * 1024 * 1024
#: A footer or page of Parquet beyond this is read by nobody.
_MOST_PARQUET: Final = 96 * 1024 * 1024
#: A line beyond this is no record that anybody judged.
_MOST_LINE: Final = 8 * 1024 * 1024
#: Column chunks are read in pieces of this size, so that of a long one only the head is. That
#: takes `pre_buffer` off: it would fetch them whole.
_PIECE: Final = 256 * 1024

#: Bytes by which a text is known, and how far the end of its first line is looked for.
_HEAD: Final = 64 * 1024
_LONG_HEAD: Final = 1024 * 1024

Projection = tuple[str, ...] | None


class Unlike(Exception):  # noqa: N818 - what was seen, not an error of the code
    """A file that holds no records in the expected arrangement: what there is instead."""


@dataclass(frozen=True)
class Excerpt:
    """What was read of a file. `path` is the copy; `rows` are those of the whole, if it says so.

    `record_bytes` is the mean size of the records that were read, where it can be told.
    """

    name: str
    path: str
    records: list[Any]
    schema: pa.Schema | None = None
    rows: int | None = None
    record_bytes: float | None = None


def excerpt(
    meter: Meter,
    source: str,
    name: str,
    folder: Path,
    number: int,
    projection: Projection,
    *,
    keyed: bool = False,
) -> Excerpt:
    """Read the first `number` records of the file `name` that lies at `source`.

    The copy lies below `folder` under the file's own name. Of Parquet only the columns of
    `projection` are read (None: all that hold no bytes); the others are null in the copy. With
    `keyed` the values of one JSON object are records too.

    Raises:
        Unlike: it is one JSON object, or something else that holds no records.
        BuildError, OSError, ValueError, Enough: it can't be read.
    """
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    suffix = suffix_of(name)
    if suffix == ".parquet":
        return _parquet(meter, source, name, path, number, projection)
    with _unpacked(meter, source) as stream:
        return _text(stream, suffix.removesuffix(".gz"), name, path, number, keyed=keyed)


def _parquet(
    meter: Meter, source: str, name: str, path: Path, number: int, projection: Projection
) -> Excerpt:
    with meter.exactly(source, _MOST_PARQUET) as stream:
        try:
            file = pq.ParquetFile(stream, buffer_size=_PIECE, pre_buffer=False)
            schema, rows = file.schema_arrow.remove_metadata(), file.metadata.num_rows
            table = _first_rows(file, schema, number, projection)
        except pa.ArrowException as error:
            raise BuildError(f"not a readable Parquet file: {error}") from None
    whole = pa.table(
        [
            table.column(field.name)
            if field.name in table.column_names
            else pa.nulls(table.num_rows, field.type)
            for field in schema
        ],
        names=schema.names,
    )
    pq.write_table(whole, path)
    sound = [row for row in plain_rows(table) if not isinstance(row, Unreadable)]
    return Excerpt(name, str(path), sound, schema, rows)


def _first_rows(
    file: pq.ParquetFile, schema: pa.Schema, number: int, projection: Projection
) -> pa.Table:
    tops = set(schema.names)
    wanted = (
        [field.name for field in schema if not holds_bytes(field.type)]
        if projection is None
        else [column for column in projection if column.split(".")[0] in tops]
    )
    if number and wanted and file.metadata.num_rows:
        for batch in file.iter_batches(number, columns=wanted, use_threads=False):
            return pa.Table.from_batches([batch])
    return schema.empty_table().select([name for name in schema.names if name in wanted])


def holds_bytes(kind: pa.DataType) -> bool:
    """Whether values of a type are bytes, or have some inside."""
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return True
    return any(holds_bytes(kind.field(at).type) for at in range(kind.num_fields))


@contextmanager
def _unpacked(meter: Meter, source: str) -> Iterator[BinaryIO]:
    with meter.open(source, MOST_BYTES) as raw:
        if not source.lower().endswith(".gz"):
            yield raw
            return
        with gzip.GzipFile(fileobj=raw) as packed:
            yield bounded(cast(BinaryIO, packed), MOST_BYTES)


class _Rejoined(io.RawIOBase):
    """A stream whose head was read already, from its beginning again."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head, self._stream = head, stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        if self._head:
            data, self._head = self._head[: len(view)], self._head[len(view) :]
        else:
            data = self._stream.read(len(view))
        view[: len(data)] = data
        return len(data)


def _text(
    stream: BinaryIO, plain: str, name: str, path: Path, number: int, *, keyed: bool
) -> Excerpt:
    head = stream.read(_HEAD)
    kind = sniff(head[:HEAD_BYTES])
    if kind == "json object" and b"\n" not in head:
        head += stream.read(_LONG_HEAD)
    whole = cast(BinaryIO, io.BufferedReader(_Rejoined(head, stream), _HEAD))
    if keyed and plain == ".json" and kind == "json object":
        return _values(whole, name, path, number)
    if plain == ".json" and not (kind == "json object" and _is_object(head.partition(b"\n")[0])):
        return _list(whole, kind, name, path, number)
    lines = iter(partial(whole.readline, _MOST_LINE), b"")
    records, copy = (_table if plain in (".csv", ".tsv") else _lines)(lines, number)
    _write(path, copy)
    return Excerpt(name, str(path), records, None, None, len(copy) / max(1, len(records)))


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(parse_json(line), dict)
    except ValueError:
        return False


def _lines(lines: Iterator[bytes], number: int) -> tuple[list[Any], bytes]:
    """JSON lines; one that can't be parsed is left out of the records, and stays in the copy."""
    records, kept = [], []
    for line in islice((line for line in lines if line.strip()), number):
        kept.append(line)
        try:
            records.append(parse_json(line))
        except ValueError:
            continue
    return records, b"".join(kept)


def _table(lines: Iterator[bytes], number: int) -> tuple[list[Any], bytes]:
    """Lines of a table, the header first, and on to where all quotes are closed."""
    kept: list[bytes] = []
    for line in lines:
        kept.append(line)
        closed = sum(text.count(b'"') for text in kept) % 2 == 0
        if (len(kept) > number and closed) or len(kept) > 20 * number:
            break
    text = b"".join(kept).decode("utf-8-sig", "replace").splitlines(keepends=True)
    header = text[0] if text else ""
    mark = next((mark for mark in (",", ";", "\t") if mark in header), ",")
    csv.field_size_limit(_MOST_LINE)
    return list(islice(csv.DictReader(text, delimiter=mark), number)), b"".join(kept)


def _list(whole: BinaryIO, kind: str, name: str, path: Path, number: int) -> Excerpt:
    import ijson

    if kind == "json object":
        try:
            raise Unlike(_object(ijson.parse(whole)))
        except ijson.JSONError as error:
            raise _not_json(error, number) from None
    if kind != "json list":
        raise Unlike(kind)
    return _items(whole, b"[", name, path, number)


def _values(whole: BinaryIO, name: str, path: Path, number: int) -> Excerpt:
    """The first values of one object, which are its records."""
    return _items(whole, b"{", name, path, number)


def _items(whole: BinaryIO, opening: bytes, name: str, path: Path, number: int) -> Excerpt:
    """The first items of a list or object; one that can't be read stays in the copy only."""
    form = b"[%b]" if opening == b"[" else b"{%b}"
    reader = JsonReader(around=1)
    records: list[Any] = []
    try:
        found = (text for run in runs(whole, opening) for text in split(run))
        texts = list(islice(found, number))
        for text in texts:
            try:
                held = reader.read(form % text if text else b"")
            except json.JSONDecodeError:
                raise
            except ValueError:
                continue
            records += held.values() if isinstance(held, dict) else held
    except (ItemsError, json.JSONDecodeError) as error:
        raise _not_json(error, number) from None
    _write(path, form % b", ".join(texts))
    size = sum(map(len, texts)) / max(1, len(texts))
    return Excerpt(name, str(path), records, None, None, size)


def _not_json(error: Exception, number: int) -> BuildError:
    said = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return BuildError(f"not valid JSON within its first {number} records: {said}")


def _object(events: Iterator[tuple[str, str, Any]]) -> str:
    """What one JSON object holds, in the words of a person: its first keys and their kinds."""
    kinds: Mapping[str, str] = {"start_array": "a list", "start_map": "an object"}
    keys: dict[str, str] = {}
    key = None
    for prefix, event, value in islice(events, 20_000):
        if event == "map_key" and prefix == "":
            if len(keys) == 4:
                break
            key = str(value)
        elif key is not None and prefix == key and key not in keys:
            keys[key] = kinds.get(event, event)
    told = ", ".join(f"{name!r}: {kind}" for name, kind in keys.items())
    return f"one object, of {told or 'nothing'}"


def _write(path: Path, data: bytes) -> None:
    if path.name.lower().endswith(".gz"):
        data = gzip.compress(data, 1)
    path.write_bytes(data)
