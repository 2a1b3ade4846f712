"""Prepared pairs on disk between the units `prepare` and `write`.

Arrow IPC files, cut into record batches by the top bits of `pair_id`, so that the writer of a shard
reads its own rows and no others. The text of a subset is moved once: it is written here and read by
the shard writer; what travels in between are keys.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import apache_beam as beam
import numpy as np
import pyarrow as pa

from schemas.columns import text_bounds
from schemas.dead_letter import DEAD_FLIGHT_SCHEMA
from schemas.flight import PREPARED_KEYS, PREPARED_SCHEMA
from transforms.beamkit import files
from transforms.beamkit.manifest import Manifest, Part
from transforms.beamkit.threads import ThreadedDoFn

#: Record batches of one file: more cuts than a subset usually has shards.
PARTITIONS: Final = 16

#: Bytes of tables that fill a file: what reads the files does some work for each.
FILE_BYTES: Final = 40 * 1024 * 1024

#: Arrow writes buffer by buffer, some a few bytes long; Python sees them in blocks.
_BUFFER_BYTES: Final = 4 * 1024 * 1024

#: What the first four hexadecimal digits of an id are worth.
_PLACES: Final = np.array([4096, 256, 16, 1])

PAIRS_ROLE: Final = "pairs"
DEAD_ROLE: Final = "dead"


def shard_of(pair_ids: pa.ChunkedArray | pa.Array, shards: int) -> np.ndarray:
    """The shard of each pair: the top bits of its id. `shards` is a power of two up to 65,536."""
    bounds, codes = text_bounds(pair_ids)
    digits = codes[bounds[:-1, None] + np.arange(4)].astype(np.int64)
    digits -= np.where(digits > ord("9"), ord("a") - 10, ord("0"))
    return digits @ _PLACES * shards >> 16


class SpoolTables(beam.PTransform):
    """Writes tables to files, several to one until it has `file_bytes`; gives the `Part`s."""

    def __init__(self, folder: str, role: str, file_bytes: int = FILE_BYTES) -> None:
        super().__init__()
        self.folder, self.role, self.file_bytes = folder, role, file_bytes

    def expand(self, tables: beam.PCollection[pa.Table]) -> beam.PCollection[Part]:
        """Write in threads, beside the work that makes the next table."""
        spool = _Spool(self.folder, self.role, self.file_bytes)
        return tables | beam.ParDo(spool).with_output_types(Part)


class _Spool(ThreadedDoFn):
    def __init__(self, folder: str, role: str, file_bytes: int = FILE_BYTES) -> None:
        super().__init__()
        self.folder, self.role, self.file_bytes = folder, role, file_bytes

    def start_bundle(self) -> None:
        """Nothing is held back yet."""
        super().start_bundle()
        self._held: list[pa.Table] = []
        self._bytes = 0

    def process(self, element: pa.Table, one: Any = None, two: Any = None) -> Iterator[Any]:
        """Hold tables back until they fill a file."""
        self._held.append(element)
        self._bytes += element.nbytes
        if self._bytes >= self.file_bytes:
            yield from super().process(self._filled(), one, two)

    def finish_bundle(self) -> Iterator[Any]:
        """Write what is left."""
        if self._held:
            self.begin(self._filled())
        yield from super().finish_bundle()

    def _filled(self) -> pa.Table:
        tables, self._held, self._bytes = self._held, [], 0
        return pa.concat_tables(tables)

    def work(self, element: pa.Table, one: object, two: object) -> Iterable[Part]:
        """Write one file."""
        path = files.join(self.folder, f"{self.role}-{uuid.uuid4().hex}.arrow")
        batches = _partitioned(element) if self.role == PAIRS_ROLE else element.to_batches()
        with (
            files.create_native(path) as stream,
            pa.BufferedOutputStream(stream, _BUFFER_BYTES) as buffered,
        ):
            # Not compressed: packing and unpacking cost more than a copy in the page cache.
            with pa.ipc.new_file(buffered, element.schema) as writer:
                for batch in batches:
                    writer.write_batch(batch)
            size = buffered.tell()
        return [Part(self.role, path, element.num_rows, size)]


def _partitioned(table: pa.Table) -> list[pa.RecordBatch]:
    """Exactly `PARTITIONS` record batches, some of them empty."""
    partition = shard_of(table["pair_id"], PARTITIONS)
    order = np.argsort(partition, kind="stable")
    ordered = table.take(pa.array(order))
    ends = np.searchsorted(partition[order], np.arange(PARTITIONS), side="right")
    starts = np.append(0, ends[:-1])
    return [
        _one_batch(ordered.slice(start, end - start))
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
    ]


def _one_batch(table: pa.Table) -> pa.RecordBatch:
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)


def read_keys(manifest: Manifest) -> pa.Table:
    """What planning needs of all prepared pairs of a subset: about 100 bytes a pair."""
    schema = pa.schema([PREPARED_SCHEMA.field(name) for name in PREPARED_KEYS])
    return pa.concat_tables([schema.empty_table(), *read_fields(manifest, PREPARED_KEYS)])


def read_fields(manifest: Manifest, names: Sequence[str]) -> Iterator[pa.Table]:
    """Some columns of all prepared pairs of a subset, file by file; no others are read."""
    for part in manifest.of_role(PAIRS_ROLE):
        # One chunk is a copy: what was read holds the text between these columns in memory too.
        yield read_part(part, names).combine_chunks()


def read_shard(parts: Sequence[Part], shard: int, shards: int) -> pa.Table:
    """The prepared pairs of one shard."""
    first = shard * PARTITIONS // shards
    last = max(first, (shard + 1) * PARTITIONS // shards - 1)
    batches = []
    for part in parts:
        reader = _open(part)
        batches += [reader.get_batch(number) for number in range(first, last + 1)]
    table = pa.Table.from_batches(batches, schema=PREPARED_SCHEMA)
    if shards > PARTITIONS:
        mine = shard_of(table["pair_id"], shards) == shard
        table = table.filter(pa.array(mine))
    return table


def read_part(part: Part, names: Sequence[str] | None = None) -> pa.Table:
    """All prepared pairs of one file; only the columns `names`, if they are given."""
    if names is None:
        return _open(part).read_all()
    included = [PREPARED_SCHEMA.get_field_index(name) for name in names]
    return _open(part, included).read_all().select(list(names))


def read_dead(parts: Sequence[Part]) -> pa.Table:
    """All dead letters of a subset."""
    tables = [_open(part).read_all() for part in parts]
    return pa.concat_tables([DEAD_FLIGHT_SCHEMA.empty_table(), *tables])


def _open(part: Part, fields: list[int] | None = None) -> pa.ipc.RecordBatchFileReader:
    # Not mapped: pages of a mapped spool count as this process's memory, which grew with the rows.
    source = pa.OSFile(part.path) if files.is_local(part.path) else files.open_read(part.path)
    options = pa.ipc.IpcReadOptions(included_fields=fields or [])
    return pa.ipc.open_file(source, options=options)
