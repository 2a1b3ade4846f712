"""The roster of a subset: which rows are published, and what later stages say of each.

One Arrow IPC file (`flight.ROSTER_SCHEMA`) in order of ``(pair_id, row_id, key)``, so that the rows
of a shard, whose number is the top bits of `pair_id`, lie together and the same rows give the same
bytes. The text stays in the spool; the shard writer joins the two.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa

from schemas.flight import ROSTER_SCHEMA
from transforms.beamkit import tables
from transforms.beamkit.manifest import Manifest, Part
from transforms.writing.prepared import shard_of

ROSTER_ROLE = "roster"

#: What planning a subset's shards needs of each row.
ROSTER_KEYS = ("pair_id", "row_id", "key", "rank", "payload_bytes", "split")


def write_roster(rows: pa.Table, path: str) -> Part:
    """Write a roster; its digest is that of its content, whoever writes it."""
    ordered = rows.cast(ROSTER_SCHEMA).sort_by(
        [(name, "ascending") for name in ("pair_id", "row_id", "key")]
    )
    return tables.write_ipc(ordered, path, ROSTER_ROLE)


def read_roster(manifest: Manifest) -> pa.Table:
    """The roster that a unit wrote; on this machine it is mapped, not copied."""
    (part,) = manifest.of_role(ROSTER_ROLE)
    return tables.read_ipc(part)


def of_shard(roster: pa.Table, split: str, number: int, count: int) -> pa.Table:
    """The rows of one shard of a split."""
    places = shard_of(roster["pair_id"], count)
    first, end = np.searchsorted(places, [number, number + 1])
    mine = roster.slice(int(first), int(end - first))
    return mine.filter(pa.compute.equal(mine["split"], split))


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
