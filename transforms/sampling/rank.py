"""Ranks: the place of every draft in a seeded hash order, and the first N of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.columns import one_array
from transforms.beamkit.hashing import beginnings, joined, sha256_digits

_sha256 = hashlib.sha256

LAST_RANK = np.uint64(2**64 - 1)


def rank_of(seed: int, corpus: str, key: str) -> int:
    """The rank of a source key: 64 bits of a hash, free of file order, subset and runner."""
    return int.from_bytes(_sha256(_before(seed, corpus) + key.encode()).digest()[:8], "big")


def _before(seed: int, corpus: str) -> bytes:
    return f"omni-reward/rank/1\0{seed}\0{corpus}\0".encode()


def with_ranks(drafts: pa.Table, seed: int, corpus: str) -> pa.Table:
    """Drafts with their `rank` filled in: `rank_of` every key."""
    digests = sha256_digits(joined(_before(seed, corpus), one_array(drafts["key"])))
    position = drafts.schema.get_field_index("rank")
    return drafts.set_column(position, drafts.schema.field("rank"), pa.array(beginnings(digests)))


def smallest(ranks: Iterable[np.ndarray], number: int) -> np.ndarray:
    """The `number` smallest of several arrays of ranks, unordered."""
    merged = np.concatenate([np.empty(0, np.uint64), *ranks])
    return np.partition(merged, number)[:number] if len(merged) > number else merged


def threshold(ranks: np.ndarray, number: int) -> int:
    """The largest rank that is still among the first `number`; the last rank if there are fewer."""
    return int(ranks.max()) if len(ranks) >= number else int(LAST_RANK)


def reserved(target: int, reserve: float) -> int:
    """How many drafts go on for a target: N x (1 + reserve), rounded up, at least N + 1 spare."""
    return target + max(1, int(np.ceil(target * reserve))) if reserve else target


@dataclass(frozen=True)
class Cut:
    """Where a subset ends: rows before ``(rank, row_id, key)`` stay, and `copies` of that one.

    Copies matter only where a corpus holds the same record twice.
    """

    rank: int
    row_id: str
    key: str
    copies: int

    def keep(self, rows: pa.Table) -> pa.Table:
        """The rows of one shard that stay; equal rows lie in one shard, so it can count them."""
        if self.rank > LAST_RANK:
            return rows
        before = pc.less(rows["rank"], pa.scalar(self.rank, pa.uint64()))
        at = pc.equal(rows["rank"], pa.scalar(self.rank, pa.uint64()))
        kept = before.to_numpy(zero_copy_only=False).copy()
        equal_seen = 0
        for row in pc.indices_nonzero(at).to_pylist():
            order = (rows["row_id"][row].as_py(), rows["key"][row].as_py())
            if order < (self.row_id, self.key):
                kept[row] = True
            elif order == (self.row_id, self.key) and equal_seen < self.copies:
                equal_seen += 1
                kept[row] = True
        return rows.filter(pa.array(kept))


NO_CUT = Cut(int(LAST_RANK) + 1, "", "", 0)


def cut_at(keys: pa.Table, target: int | None) -> Cut:
    """The cut after which `target` of the prepared pairs stay; `NO_CUT` where there are no more.

    `keys` needs ``rank``, ``row_id`` and ``key``.
    """
    if target is None or keys.num_rows <= target:
        return NO_CUT
    ranks = keys["rank"].to_numpy()
    limit = np.partition(ranks, target - 1)[target - 1]
    before = int((ranks < limit).sum())
    at = keys.filter(pc.equal(keys["rank"], pa.scalar(int(limit), pa.uint64())))
    order = sorted(zip(at["row_id"].to_pylist(), at["key"].to_pylist(), strict=True))
    taken = order[: target - before]
    last = taken[-1]
    return Cut(int(limit), *last, copies=taken.count(last))
