"""The canonical shard file: the same rows give the same bytes, whoever writes them.

Total order by ``(row_id, source corpus, source key)``, one chunk a row group, a fixed row-group
rule, fixed schema metadata; content-defined chunking and the page index are on.
"""

from __future__ import annotations

import hashlib
from typing import Any, BinaryIO, Final

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.pair import PAIR_SCHEMA
from transforms.beamkit import progress
from transforms.writing.plan import row_group_ends
from transforms.writing.prepared import iter_slices
from transforms.writing.rows import Fetch, SubsetFacts, published
from transforms.writing.settings import WritingSettings

#: Columns of few distinct values; dictionaries of text would be built and thrown away.
_DICTIONARY: Final = [
    "task",
    "subset",
    "kind",
    "preference",
    "source_preference",
    "annotator",
    "criterion_origin",
    "prompt.list.element.role",
    "response_a_model",
    "response_b_model",
    "source.corpus",
    "source.revision",
    "source.licence",
]


class DigestingFile:
    """A binary file for writing that hashes and counts what passes."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._hash, self._size = stream, hashlib.sha256(), 0
        self.closed = False

    def write(self, data: Any) -> int:
        """Write on."""
        view = memoryview(data)
        self._hash.update(view)
        self._size += view.nbytes
        self._stream.write(view)
        return view.nbytes

    def tell(self) -> int:
        """Bytes written."""
        return self._size

    def flush(self) -> None:
        """Hand on to the stream."""
        self._stream.flush()

    def close(self) -> None:
        """Nothing more will be written; the stream's owner closes it."""
        self.closed = True

    def readable(self) -> bool:
        """Never."""
        return False

    def writable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Never: Parquet is written from front to back."""
        return False

    @property
    def digest(self) -> str:
        """SHA-256 of what was written, hex."""
        return self._hash.hexdigest()


def canonical_order(rows: pa.Table) -> pa.Table:
    """Rows of one corpus in their total order; only rows alike in every field can be equal."""
    frame = pl.from_arrow(rows.select(["row_id", "key"]))
    assert isinstance(frame, pl.DataFrame)
    order = frame.select(pl.arg_sort_by(["row_id", "key"], maintain_order=True)).to_series()
    ordered = rows.take(pa.array(order.to_arrow()))
    same = _ties(ordered)
    if same:
        numbers = list(range(ordered.num_rows))
        for start, end in same:
            tied = ordered.slice(start, end - start).to_pylist()
            ranked = sorted(range(end - start), key=lambda at: repr(tied[at]))
            numbers[start:end] = [start + at for at in ranked]
        ordered = ordered.take(pa.array(numbers, pa.int64()))
    return ordered


def _ties(ordered: pa.Table) -> list[tuple[int, int]]:
    """Runs of rows with equal ``(row_id, key)``, as (start, end)."""
    if ordered.num_rows < 2:
        return []
    equal = pc.and_(
        *(
            pc.equal(ordered[name].combine_chunks()[1:], ordered[name].combine_chunks()[:-1])
            for name in ("row_id", "key")
        )
    )
    runs: list[tuple[int, int]] = []
    for row in pc.indices_nonzero(equal).to_pylist():
        if runs and runs[-1][1] == row + 1:
            runs[-1] = (runs[-1][0], row + 2)
        else:
            runs.append((row, row + 2))
    return runs


def write_shard(
    rows: pa.Table, facts: SubsetFacts, fetch: Fetch, settings: WritingSettings, stream: BinaryIO
) -> DigestingFile:
    """Write prepared pairs as one Parquet file; returns what was written, with its digest.

    Media bytes are fetched for one row group at a time.
    """
    ordered = canonical_order(rows)
    sink = DigestingFile(stream)
    with pq.ParquetWriter(
        sink,
        PAIR_SCHEMA,
        compression="zstd",
        compression_level=settings.compression_level,
        use_dictionary=_DICTIONARY,
        write_statistics=["row_id", "pair_id", "task", "subset", "kind", "preference"],
        use_content_defined_chunking=True,
        write_page_index=True,
    ) as writer:
        ends = row_group_ends(ordered["payload_bytes"].to_pylist(), settings)
        for group in iter_slices(ordered, ends):
            writer.write_table(published(group, facts, fetch), row_group_size=len(group))
            progress.advance("rows written", len(group))
    return sink
