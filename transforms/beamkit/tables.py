"""Tables as files of a unit: Arrow IPC for what goes on, Parquet for what people read."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from transforms.beamkit import files
from transforms.beamkit.digesting import DigestingFile
from transforms.beamkit.manifest import Part


def write_ipc(table: pa.Table, path: str, role: str) -> Part:
    """A table as an Arrow IPC file, one chunk a column."""
    with files.create(path) as stream:
        sink = DigestingFile(stream)
        with pa.ipc.new_file(pa.PythonFile(sink, "w"), table.schema) as writer:
            writer.write_table(table.combine_chunks())
    return Part(role, path, table.num_rows, sink.tell(), sink.digest)


def read_ipc(part: Part) -> pa.Table:
    """A table that `write_ipc` wrote; on this machine it is mapped, not copied."""
    source = pa.memory_map(part.path) if files.is_local(part.path) else files.open_read(part.path)
    return pa.ipc.open_file(source).read_all()


def write_parquet(table: pa.Table, path: str, role: str) -> Part:
    """A table as a Parquet file."""
    with files.create(path) as stream:
        sink = DigestingFile(stream)
        pq.write_table(table, sink, compression="zstd")
    return Part(role, path, table.num_rows, sink.tell(), sink.digest)
