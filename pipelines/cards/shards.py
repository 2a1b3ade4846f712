"""Reading shards for a card: counts by small columns, sizes, one real row; never a medium's bytes.

Only the leaf columns that are asked for are read, row group after row group: memory stays that of
one row group's short texts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.cards.facts import RowCounts, SplitFacts
from pipelines.layout import Layout
from schemas.pair import MEDIA_FEATURES
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError

_SHARD = re.compile(r"(?P<split>[a-z]+)-\d{5}-of-\d{5}\.parquet")
_COUNTED: Final = ("preference", "annotator", "criterion_origin", "flipped", "nc")


@contextmanager
def opened(path: str) -> Iterator[pq.ParquetFile]:
    """A Parquet file on any filesystem.

    Raises:
        BuildError: it is missing, or no Parquet file.
    """
    try:
        with files.open_read(path) as stream:
            yield pq.ParquetFile(stream)
    except (FileNotFoundError, pa.ArrowInvalid) as error:
        raise BuildError(f"{path} can't be read ({error}); build its subset again") from None


def split_of(shard: str) -> str:
    """The split that a shard belongs to, by its name.

    Raises:
        BuildError: it is not named as a shard.
    """
    found = _SHARD.fullmatch(shard)
    if found is None:
        raise BuildError(
            f"{shard!r} is not the name of a shard, such as train-00000-of-00001.parquet"
        )
    return found["split"]


def splits_of(layout: Layout, subset: str, shards: Mapping[str, Any]) -> dict[str, SplitFacts]:
    """The splits of a subset, from the run record and the footers of its shards.

    Raises:
        BuildError: a shard is missing, or does not have the rows of the run record.
    """
    found: dict[str, list[tuple[int, int, int, str, str]]] = {}
    for name, entry in sorted(shards.items()):
        with opened(layout.shard(subset, name)) as file:
            meta = file.metadata
        if meta.num_rows != entry["rows"]:
            raise BuildError(
                f"{layout.shard(subset, name)} has {meta.num_rows:,} rows, the run record says "
                f"{entry['rows']:,}; build the subset again"
            )
        size = sum(meta.row_group(at).total_byte_size for at in range(meta.num_row_groups))
        told = (meta.num_rows, entry["bytes"], size, name, entry["sha256"])
        found.setdefault(split_of(name), []).append(told)
    return {
        split: SplitFacts(
            sum(one[0] for one in several),
            sum(one[1] for one in several),
            sum(one[2] for one in several),
            {name: digest for *_, name, digest in several},
        )
        for split, several in found.items()
    }


def row_counts(layout: Layout, subset: str, shards: Mapping[str, Any]) -> RowCounts:
    """Rows of a subset by the values of small columns."""
    counted: dict[str, Counter[str]] = {name: Counter() for name in (*_COUNTED, "licence")}
    criteria = 0
    for name in sorted(shards):
        with opened(layout.shard(subset, name)) as file:
            columns = [*_COUNTED, "source.licence"]
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, columns=columns)
                licence = pc.struct_field(table["source"], "licence")
                for column in _COUNTED:
                    counted[column].update(_values(table[column]))
                counted["licence"].update(_values(licence))
                criteria += table.num_rows - table["criterion_origin"].null_count
    return RowCounts(
        preference=_sorted(counted["preference"]),
        annotator=_sorted(counted["annotator"]),
        criterion_origin=_sorted(counted["criterion_origin"]),
        licence=_sorted(counted["licence"]),
        flipped=counted["flipped"]["true"],
        nc=counted["nc"]["true"],
        with_criterion=criteria,
    )


def _values(column: pa.ChunkedArray) -> dict[str, int]:
    counted = pc.value_counts(pc.cast(column.combine_chunks(), pa.string()))
    return {
        one["values"]: one["counts"] for one in counted.to_pylist() if one["values"] is not None
    }


def _sorted(counter: Counter[str]) -> dict[str, int]:
    """Most frequent first; equally frequent ones by name."""
    return dict(sorted(counter.items(), key=lambda item: (-item[1], item[0])))


def first_row(layout: Layout, subset: str, shards: Mapping[str, Any]) -> dict[str, Any] | None:
    """The first row of a subset, media without their bytes; None if it has no rows."""
    for name in sorted(shards):
        with opened(layout.shard(subset, name)) as file:
            if not file.metadata.num_rows:
                continue
            batches = file.iter_batches(batch_size=1, columns=_without_bytes(file))
            row: dict[str, Any] = next(iter(batches)).to_pylist()[0]
            return row
    return None


def _without_bytes(file: pq.ParquetFile) -> list[str]:
    """The leaf columns of a file, but for the bytes of media."""
    paths = [file.schema.column(at).path for at in range(len(file.schema))]
    return [path for path in paths if not (path.endswith(".bytes") and _is_medium(path))]


def _is_medium(path: str) -> bool:
    column = path.partition(".")[0]
    return column.removeprefix("response_a_").removeprefix("response_b_") in MEDIA_FEATURES
