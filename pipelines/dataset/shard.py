"""One Parquet file of a dataset: its place among the shards of its split, and its content by name.

The shard of a pair is the top bits of its id, so a shard stands for a range of ids. Ranges are in
65,536ths, and half open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.dataset.clips import filled, root_of, with_clips
from transforms.beamkit import files
from transforms.beamkit.column_chunks import column_chunks
from transforms.beamkit.errors import BuildError

#: Ranges of ids are told in these steps: four hexadecimal digits.
PLACES: Final = 1 << 16
_BATCH_ROWS: Final = 1_000
_NAME: Final = re.compile(r"(?P<split>[\w-]+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.parquet")
#: What a list puts into the path of a column: the second word is the writer's choice.
_LIST_STEP: Final = re.compile(r"\.list\.(?:element|item)")


@dataclass(frozen=True)
class Shard:
    """A file. `digest` is the SHA-256 of its bytes in hex where it is known without reading."""

    subset: str
    split: str
    number: int
    count: int
    path: str
    size: int
    digest: str | None

    @property
    def span(self) -> tuple[int, int]:
        """The range of ids inside; all of them where the count is no power of two."""
        if self.count & (self.count - 1) or self.count > PLACES:
            return 0, PLACES
        step = PLACES // self.count
        return self.number * step, (self.number + 1) * step

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The rows in order, up to a thousand at a time; nothing but these columns is read.

        A name like ``response_a_image.path`` stands for one field of a struct, or of the structs of
        a list. Columns that the file lacks are left out.

        Raises:
            BuildError: the file can't be read, or a page of it is damaged.
        """
        try:
            with files.open_read(self.path) as stream:
                file = pq.ParquetFile(stream, pre_buffer=False)
                wanted = None if columns is None else leaves_of(file.metadata, columns)
                groups = list(range(file.num_row_groups))
                files.announce(stream, column_chunks(file.metadata, groups, wanted))
                for group in groups:  # a batch over several would hold the media of all of them
                    for batch in file.iter_batches(_BATCH_ROWS, row_groups=[group], columns=wanted):
                        yield from with_clips(pa.Table.from_batches([batch]), root_of(self.path))
        except (pa.ArrowInvalid, OSError) as error:
            raise BuildError(f"{self.path}: can't be read as Parquet: {error}") from None

    def find(self, ids: Set[str]) -> Iterator[dict[str, Any]]:
        """The rows with these ids, whole; only row groups that hold one are read.

        Raises:
            BuildError: the file can't be read, or a page of it is damaged.
        """
        wanted = pa.array(sorted(ids), pa.string())
        try:
            with files.open_read(self.path) as stream:
                file = pq.ParquetFile(stream, pre_buffer=False)
                for group in range(file.num_row_groups):
                    found = file.read_row_group(group, columns=["row_id"])["row_id"]
                    places = pc.indices_nonzero(pc.is_in(found, wanted))
                    if len(places):
                        rows = file.read_row_group(group).take(places).to_pylist()
                        yield from (filled(row, root_of(self.path)) for row in rows)
        except (pa.ArrowInvalid, OSError) as error:
            raise BuildError(f"{self.path}: can't be read as Parquet: {error}") from None

    def metadata(self) -> pq.FileMetaData:
        """The footer.

        Raises:
            BuildError: there is none to be read.
        """
        try:
            with files.open_read(self.path) as stream:
                return pq.ParquetFile(stream).metadata
        except (pa.ArrowInvalid, OSError) as error:
            raise BuildError(f"{self.path}: can't be read as Parquet: {error}") from None


def leaves_of(meta: pq.FileMetaData, columns: Sequence[str]) -> list[str]:
    """The leaf columns below these names. Names pass over the steps that lists put into paths."""
    wanted = set(columns)
    found = []
    for index in range(meta.num_columns):
        path = meta.schema.column(index).path
        steps = _LIST_STEP.sub("", path).split(".")
        if any(".".join(steps[:depth]) in wanted for depth in range(1, len(steps) + 1)):
            found.append(path)
    return found


def shard_at(subset: str, path: str, size: int, digest: str | None) -> Shard:
    """The shard at a path; a file of another name is the only one of a split ``train``."""
    found = _NAME.fullmatch(path.rsplit("/", 1)[-1])
    if found is None:
        return Shard(subset, "train", 0, 1, path, size, digest)
    number, count = int(found["number"]), max(1, int(found["count"]))
    return Shard(subset, found["split"], number, count, path, size, digest)
