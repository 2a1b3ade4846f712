"""The roster of a subset: which rows are published, and what later stages say of each.

One Arrow IPC file (`flight.ROSTER_SCHEMA`) in order of ``(pair_id, row_id, key)``, so that the rows
of a shard, whose number is the top bits of `pair_id`, lie together and the same rows give the same
bytes. The text stays in the spool; the shard writer joins the two.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from schemas.columns import text_bytes
from schemas.flight import ROSTER_SCHEMA
from schemas.ids import ID_HEX
from transforms.beamkit import tables
from transforms.beamkit.hashing import beginnings
from transforms.beamkit.manifest import Manifest, Part

ROSTER_ROLE = "roster"

_ID: Final = np.dtype(f"S{ID_HEX}")

#: What the first four hexadecimal digits of an id can be: a shard is a range of them.
_PLACES: Final = 1 << 16

_ORDER: Final = ["pair_id", "row_id", "key"]

#: What planning a subset's shards needs of each row.
ROSTER_KEYS = ("pair_id", "row_id", "key", "rank", "payload_bytes", "split")


def write_roster(rows: pa.Table, path: str) -> Part:
    """Write a roster; its digest is that of its content, whoever writes it."""
    rows = rows.cast(ROSTER_SCHEMA).combine_chunks()
    keys = pl.from_arrow(rows.select(_ORDER))
    assert isinstance(keys, pl.DataFrame)
    order = keys.select(pl.arg_sort_by(_ORDER, maintain_order=True)).to_series().to_numpy()
    if not np.array_equal(order, np.arange(rows.num_rows)):
        rows = rows.take(pa.array(order))
    return tables.write_ipc(rows, path, ROSTER_ROLE)


def read_roster(manifest: Manifest) -> pa.Table:
    """The roster that a unit wrote; on this machine it is mapped, not copied."""
    (part,) = manifest.of_role(ROSTER_ROLE)
    return tables.read_ipc(part)


def of_pairs(manifest: Manifest, pairs: pa.Table) -> pa.Table:
    """The rows of the roster that a unit wrote whose pairs are in a table of prepared pairs.

    The roster is opened once a process, and searched, not read: it is asked for each of the many
    files of prepared pairs.
    """
    roster, ids, begun = _opened(*manifest.of_role(ROSTER_ROLE))
    wanted = np.unique(_ids(pairs["pair_id"]))
    looked_for = _beginnings(wanted)
    first = np.searchsorted(begun, looked_for, "left")
    counts = np.searchsorted(begun, looked_for, "right") - first
    before = np.cumsum(counts) - counts
    at = np.repeat(first - before, counts) + np.arange(counts.sum())
    return roster.take(pa.array(at[ids[at] == np.repeat(wanted, counts)]))


@lru_cache(maxsize=1)
def _opened(part: Part) -> tuple[pa.Table, np.ndarray, np.ndarray]:
    """A roster, its pairs' ids in their order, and how those begin. Another has another path."""
    roster = tables.read_ipc(part)
    ids = _ids(roster["pair_id"])
    return roster, ids, _beginnings(ids)


def _ids(column: pa.ChunkedArray) -> np.ndarray:
    """Ids as fixed strings of bytes, without a copy."""
    return text_bytes(column).view(_ID)


def _beginnings(ids: np.ndarray) -> np.ndarray:
    """How ids begin, as numbers: those are found faster than strings."""
    return beginnings(ids.view(np.uint8).reshape(-1, ID_HEX))


def of_shard(roster: pa.Table, split: str, number: int, count: int) -> pa.Table:
    """The rows of one shard of a split. `count` is a power of two up to 65,536."""
    starts = [f"{place * _PLACES // count:04x}".encode() for place in (number, number + 1)]
    ids = _ids(roster["pair_id"])
    first = np.searchsorted(ids, np.array(starts[0], _ID))
    end = len(ids) if number + 1 == count else np.searchsorted(ids, np.array(starts[1], _ID))
    mine = roster.slice(int(first), int(end - first))
    return mine.filter(pc.equal(mine["split"], split))


def positions(roster: pa.Table, order: pa.Array, prepared: pa.Table) -> pa.Array:
    """Where the prepared pair of each row of `roster` stands.

    `prepared` holds ``row_id`` and ``key``, `order` its canonical order: of several pairs alike in
    both the first is meant.

    Raises:
        ValueError: a pair is not there.
    """
    keys = pl.from_arrow(prepared.select(["row_id", "key"]).take(order))
    assert isinstance(keys, pl.DataFrame)
    known = keys.with_columns(pl.Series("at", order)).unique(["row_id", "key"], keep="first")
    wanted = pl.from_arrow(roster.select(["base_id", "key"]))
    assert isinstance(wanted, pl.DataFrame)
    found = wanted.join(
        known, left_on=["base_id", "key"], right_on=["row_id", "key"], how="left",
        maintain_order="left",
    )["at"]  # fmt: skip
    if found.null_count():
        raise ValueError(f"{found.null_count()} rows of a roster have no prepared pair")
    return found.to_arrow()
