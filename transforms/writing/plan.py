"""How a subset is cut into shards, and a shard into row groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from transforms.writing.settings import WritingSettings

#: The count in force stays while the mean shard lies within these multiples of its target size.
KEEP_WITHIN: Final = (0.25, 2.0)
MAX_SHARDS: Final = 65_536


def shard_count(payload_bytes: int, settings: WritingSettings, current: int | None) -> int:
    """How many shards a subset of this payload gets: a power of two.

    `current` is the count in force, from the lock; it is kept while the mean shard stays within
    `KEEP_WITHIN` of the target, so that a small change of a dataset changes few files.
    """
    if current is not None:
        mean = payload_bytes / current
        low, high = (settings.shard_bytes * factor for factor in KEEP_WITHIN)
        if low <= mean <= high or (current == 1 and mean <= high):
            return current
    count = 1
    while payload_bytes / count > settings.shard_bytes and count < MAX_SHARDS:
        count *= 2
    return count


def row_group_ends(payloads: Sequence[int], settings: WritingSettings) -> list[int]:
    """Where row groups end: at most so many rows, and so many bytes unless one row is larger."""
    ends: list[int] = []
    rows = size = 0
    for number, payload in enumerate(payloads):
        full = rows == settings.row_group_rows or size + payload > settings.row_group_bytes
        if rows and full:
            ends.append(number)
            rows = size = 0
        rows += 1
        size += payload
    return [*ends, len(payloads)] if payloads else []
