"""The canonical shard file: the same rows give the same bytes, whoever writes them.

Total order by ``(row_id, source corpus, source key)``, one chunk a row group, a fixed row-group
rule, fixed schema metadata; content-defined chunking and the page index are on.
"""

from __future__ import annotations

from itertools import pairwise
from typing import BinaryIO, Final

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.columns import one_array
from schemas.pair import PAIR_SCHEMA
from transforms.beamkit import progress
from transforms.beamkit.digesting import DigestingFile
from transforms.writing.cells import Cells
from transforms.writing.packing import compressed_columns
from transforms.writing.plan import row_group_ends
from transforms.writing.rows import SubsetFacts, published
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


#: The Parquet writer hands out a few bytes at a time; Python sees them in blocks.
_BUFFER_BYTES: Final = 1024 * 1024


def canonical_order(rows: pa.Table) -> pa.Array:
    """The total order of rows of one corpus; only rows alike in every field can be equal."""
    keys = rows.select(["row_id", "key"])
    frame = pl.from_arrow(keys)
    assert isinstance(frame, pl.DataFrame)
    sort = pl.arg_sort_by(["row_id", "key"], maintain_order=True)
    order = frame.select(sort).to_series().to_numpy().copy()
    for start, end in _ties(keys.take(pa.array(order))):
        tied = rows.take(pa.array(order[start:end])).to_pylist()
        ranked = sorted(range(end - start), key=lambda at: repr(tied[at]))
        order[start:end] = order[start:end][ranked]
    return pa.array(order)


def _ties(ordered: pa.Table) -> list[tuple[int, int]]:
    """Runs of rows with equal ``(row_id, key)``, as (start, end)."""
    if ordered.num_rows < 2:
        return []
    equal = pc.and_(
        *(
            pc.equal(column[1:], column[:-1])
            for column in (one_array(ordered["row_id"]), one_array(ordered["key"]))
        )
    )
    runs: list[tuple[int, int]] = []
    for row in pc.indices_nonzero(equal).to_pylist():
        if runs and runs[-1][1] == row + 1:
            runs[-1] = (runs[-1][0], row + 2)
        else:
            runs.append((row, row + 2))
    return runs


_LARGE: Final = ("a_text", "b_text")


class _Gather:
    """Takes rows from a table of many chunks, without making one chunk of its text.

    The long texts are read through views, so that they are copied once, into the row group; Arrow
    would first join the chunks.
    """

    def __init__(self, rows: pa.Table) -> None:
        self._schema = rows.schema
        texts = pl.from_arrow(rows.select(_LARGE))
        assert isinstance(texts, pl.DataFrame)
        self._texts = texts
        self._others = rows.drop_columns(list(_LARGE)).combine_chunks()

    def take(self, order: pa.Array) -> pa.Table:
        """The rows at these positions, one chunk a column."""
        found = self._others.take(order)
        texts = self._texts[order.to_numpy()]
        columns = {name: texts[name].to_arrow().cast(pa.string()) for name in _LARGE}
        ordered = [columns[name] if name in columns else found[name] for name in self._schema.names]
        return pa.Table.from_arrays(ordered, schema=self._schema)


def write_shard(
    rows: pa.Table,
    order: pa.Array,
    roster: pa.Table,
    facts: SubsetFacts,
    cells: Cells,
    settings: WritingSettings,
    stream: BinaryIO,
) -> DigestingFile:
    """Write prepared pairs as one Parquet file; returns what was written, with its digest.

    `order` is the position of the prepared pair of each row of `roster`, which is in the order in
    which rows are written. Rows are copied and media bytes fetched for one row group at a time.
    """
    gather = _Gather(rows)
    sink = DigestingFile(stream)
    compressed = compressed_columns(facts.task)
    with (
        pa.BufferedOutputStream(pa.PythonFile(sink, "w"), _BUFFER_BYTES) as buffered,
        pq.ParquetWriter(
            buffered,
            PAIR_SCHEMA,
            compression=dict.fromkeys(compressed, "zstd"),
            compression_level=dict.fromkeys(compressed, settings.compression_level),
            use_dictionary=_DICTIONARY,
            write_statistics=["row_id", "pair_id", "task", "subset", "kind", "preference"],
            use_content_defined_chunking=True,
            write_page_index=True,
        ) as writer,
    ):
        ends = row_group_ends(rows["payload_bytes"].take(order).to_pylist(), settings)
        for start, end in pairwise([0, *ends]):
            group = gather.take(order[start:end])
            said = roster.slice(start, end - start)
            writer.write_table(published(group, said, facts, cells), row_group_size=len(group))
            progress.advance("rows written", len(group))
    return sink
