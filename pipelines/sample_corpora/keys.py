"""The key that an adapter gives to the pair of a native record: how the truth names records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Record = Mapping[str, Any]


def record_key(adapter: str) -> Callable[[Record], str]:
    """What `adapter` calls a native record, of which it reads its own columns only."""
    from transforms.sources.registry import ADAPTERS
    from transforms.sources.settings import Corpus
    from transforms.sources.unified_reward import UnifiedRewardAdapter

    kind: Any = ADAPTERS[adapter]
    made = kind(Corpus(adapter, "sample", "unknown", (), "model"), adapter, "")
    projection = made.PROJECTION
    named = made.group if isinstance(made, UnifiedRewardAdapter) else made.key

    def key(record: Record) -> str:
        read = record if projection is None else _projected(record, projection)
        return str(named(read))

    return key


def _projected(record: Record, names: Sequence[str]) -> dict[str, Any]:
    """The columns `names` of a record, in its own order; ``chosen.path`` is a field of one."""
    wanted: dict[str, list[str]] = {}
    for name in names:
        column, _, inner = name.partition(".")
        wanted.setdefault(column, []).extend([inner] if inner else [])
    return {
        name: {inner: value[inner] for inner in wanted[name]} if wanted[name] else value
        for name, value in record.items()
        if name in wanted
    }
