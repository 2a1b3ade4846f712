"""Rosters for tests: every prepared pair of a table, as it is."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from schemas.flight import ROSTER_SCHEMA


def roster_of(rows: pa.Table, **said: Any) -> pa.Table:
    """A roster that publishes `rows` (`flight.PREPARED_SCHEMA`) in their order."""
    entries = [
        {
            **dict.fromkeys(ROSTER_SCHEMA.names),
            **{name: row[name] for name in ("row_id", "pair_id", "key", "rank", "payload_bytes")},
            "base_id": row["row_id"],
            "split": "train",
            **said,
        }
        for row in rows.select(["row_id", "pair_id", "key", "rank", "payload_bytes"]).to_pylist()
    ]
    return pa.Table.from_pylist(entries, schema=ROSTER_SCHEMA)
