"""Parquet files of an export that `datasets` reads with pictures and sounds, cut at a size."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.media import MEDIUM_STRUCT
from transforms.beamkit import files

#: Bytes of media and text that are held before a row group is written, and rows.
_GROUP_BYTES: Final = 32_000_000
_GROUP_ROWS: Final = 500
#: A file is closed when it has grown beyond this; the next row group opens another.
_FILE_BYTES: Final = 500_000_000

TEXT: Final = pa.string()
TURNS: Final = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
#: Turns whose content is parts: texts, and places of pictures.
_PARTS: Final = pa.list_(pa.struct([("type", pa.string()), ("text", pa.string())]))
TURNS_OF_PARTS: Final = pa.list_(pa.struct([("role", pa.string()), ("content", _PARTS)]))
MEDIUM: Final = MEDIUM_STRUCT
MEDIA: Final = pa.list_(MEDIUM_STRUCT)

_STRING: Final = {"dtype": "string", "_type": "Value"}
_PARTS_FEATURE: Final = {"feature": {"type": _STRING, "text": _STRING}, "_type": "List"}
_FEATURES: Final = {
    TEXT: _STRING,
    TURNS: {"feature": {"role": _STRING, "content": _STRING}, "_type": "List"},
    TURNS_OF_PARTS: {"feature": {"role": _STRING, "content": _PARTS_FEATURE}, "_type": "List"},
}


def schema_of(columns: Mapping[str, pa.DataType], media: Mapping[str, str]) -> pa.Schema:
    """A schema with the ``huggingface`` metadata; `media` says ``Image`` or ``Audio`` a column."""
    features = {
        name: _media_feature(kind, media[name]) if name in media else _FEATURES[kind]
        for name, kind in columns.items()
    }
    said = json.dumps({"info": {"features": features}})
    return pa.schema(list(columns.items()), metadata={"huggingface": said})


def _media_feature(kind: pa.DataType, name: str) -> dict[str, Any]:
    inner = {"_type": name}
    return {"feature": inner, "_type": "List"} if pa.types.is_list(kind) else inner


class ParquetFiles:
    """Writes rows to ``<stem>-00000.parquet`` and on, below a folder; in place at the end.

    Without a row there is no file: `datasets` can't read one that holds none.
    """

    def __init__(self, folder: str, stem: str, schema: pa.Schema) -> None:
        self.folder, self.stem, self.schema = folder, stem, schema
        self.names: list[str] = []
        self._attempts: list[tuple[str, str]] = []
        self._rows: list[Mapping[str, Any]] = []
        self._bytes = 0
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> ParquetFiles:
        return self

    def add(self, row: Mapping[str, Any], size: int) -> None:
        """Write a row of about `size` bytes."""
        self._rows.append(row)
        self._bytes += size
        if len(self._rows) >= _GROUP_ROWS or self._bytes >= _GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        writer = self._writer or self._open()
        writer.write_table(pa.Table.from_pylist(self._rows, schema=self.schema))
        self._rows, self._bytes = [], 0
        if self._sink.tell() >= _FILE_BYTES:
            self._close()

    def _open(self) -> pq.ParquetWriter:
        name = f"{self.stem}-{len(self.names):05d}.parquet"
        target = files.join(self.folder, name)
        attempt = files.attempt_name(target)
        self._manager = files.create_native(attempt)
        self._sink = self._manager.__enter__()
        self._writer = pq.ParquetWriter(self._sink, self.schema, compression="zstd")
        self.names.append(name)
        self._attempts.append((attempt, target))
        return self._writer

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._manager.__exit__(None, None, None)
            self._writer = None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None and self._rows:
            self._flush()
        self._close()
        if kind is not None:
            files.remove([attempt for attempt, _ in self._attempts])
            return
        own = re.compile(re.escape(self.stem.rsplit("/", 1)[-1]) + r"-\d{5}\.parquet")
        beside = files.find(self.folder, self.stem + "-*")
        stale = [path for path, _ in beside if own.fullmatch(path.rsplit("/", 1)[-1])]
        for attempt, target in self._attempts:
            files.rename(attempt, target)
        put = {place for pair in self._attempts for place in pair}
        files.remove([path for path in stale if path not in put])
