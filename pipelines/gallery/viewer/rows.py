"""Rows by their number, and the bytes of one medium: read from the row group where they lie."""

from __future__ import annotations

import bisect
import re
import threading
from collections import OrderedDict
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from pipelines.dataset.clips import filled, root_of
from pipelines.gallery.reading import Built, Place, paths_only, read_places
from schemas.pair import MEDIA_FEATURES, PAIR_SCHEMA

#: Bytes of media columns that are kept for the next request: a clip is asked for in many ranges.
_KEPT_BYTES: Final = 256 << 20

MEDIA_COLUMNS: Final = tuple(
    field.name
    for field in PAIR_SCHEMA
    if re.sub("^response_[ab]_", "", field.name) in MEDIA_FEATURES
)


class Rows:
    """The rows of a dataset by number, in the order of its shards."""

    def __init__(self, built: Built) -> None:
        self._built = built
        self._groups = [
            (shard, group) for shard in built.shards for group in range(len(shard.groups))
        ]
        sizes = [shard.groups[group] for shard, group in self._groups]
        self._ends = list(accumulate(sizes))
        self._columns = paths_only()
        self._kept: OrderedDict[tuple[Path, int, str], Any] = OrderedDict()
        self._lock = threading.Lock()

    def place(self, number: int) -> Place:
        """Where a row lies.

        Raises:
            IndexError: there is no such row.
        """
        which = bisect.bisect_right(self._ends, number)
        if number < 0 or which >= len(self._ends):
            raise IndexError(number)
        shard, group = self._groups[which]
        return Place(shard, group, number - (self._ends[which] - shard.groups[group]))

    def read(self, numbers: Sequence[int]) -> list[dict[str, Any]]:
        """Rows without the bytes of their media."""
        return read_places([self.place(number) for number in numbers], self._columns)

    def media(self, number: int, column: str) -> list[bytes]:
        """The bytes of the media in one column of a row; none where the place is empty.

        Raises:
            IndexError: there is no such row.
            KeyError: no column of media is called so.
        """
        if column not in MEDIA_COLUMNS:
            raise KeyError(column)
        place = self.place(number)
        value = self._column(place, column)[place.row].as_py()
        whole = filled({column: value}, root_of(str(place.shard.path)))[column]
        items = whole if isinstance(whole, list) else [whole]
        return [item["bytes"] for item in items if item and item["bytes"]]

    def _column(self, place: Place, column: str) -> Any:
        key = (place.shard.path, place.group, column)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            with pq.ParquetFile(place.shard.path, memory_map=True) as file:
                table = file.read_row_group(place.group, columns=[column])
            self._kept[key] = table.column(0).combine_chunks()
            while len(self._kept) > 1 and self._size() > _KEPT_BYTES:
                self._kept.popitem(last=False)
            return self._kept[key]

    def _size(self) -> int:
        return sum(column.nbytes for column in self._kept.values())
