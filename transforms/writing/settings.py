"""Settings of the canonical shard writer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WritingSettings:
    """Shards and row groups; every value is part of the bytes that come out."""

    #: Mean payload of a shard (text and media, uncompressed). The count is a power of two,
    #: kept from build to build, and changed only when the mean leaves 0.25 to 2 times this.
    shard_bytes: int = 134_217_728
    row_group_rows: int = 1_000
    row_group_bytes: int = 64_000_000
    #: Zstandard level of text columns.
    compression_level: int = 1

    def __post_init__(self) -> None:
        if min(self.shard_bytes, self.row_group_rows, self.row_group_bytes) < 1:
            raise ValueError("shard_bytes, row_group_rows and row_group_bytes must be positive")
