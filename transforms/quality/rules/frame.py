"""The frame that row rules look at: one line for each row of a roster, its texts and slots flat.

Columns: ``row_id, key`` (the roster's), ``prompt_text`` (all turns, a line each), ``user_text``,
``roles``, ``a_text, b_text``, ``prompt_slots, a_slots, b_slots`` (one name for each medium),
``a_digests, b_digests``, ``a_score, b_score, margin, preference, criterion, agreement``.
"""

from __future__ import annotations

from typing import Final

import polars as pl
import pyarrow as pa

#: What rules need of prepared pairs.
_PREPARED: Final = (
    "row_id", "key", "prompt", "prompt_media", "a_text", "b_text", "a_media", "b_media",
    "a_score", "b_score", "margin", "preference", "criterion",
)  # fmt: skip

_TURN: Final = pl.element().struct


def rule_frame(prepared: pa.Table, roster: pa.Table) -> pl.DataFrame:
    """The rows of a roster whose pairs are in `prepared`.

    Args:
        prepared: rows of `flight.PREPARED_SCHEMA`; of several with one id and key the first counts.
        roster: rows of `flight.ROSTER_SCHEMA`, others among them.
    """
    said = _polars(
        roster.select(["row_id", "base_id", "key", "preference", "criterion", "agreement"])
    )
    keys = _polars(prepared.select(["row_id", "key"])).with_row_index("at")
    found = keys.unique(["row_id", "key"], keep="first", maintain_order=True).join(
        said.rename({"row_id": "own_id"}),
        left_on=["row_id", "key"],
        right_on=["base_id", "key"],
        maintain_order="left",
    )
    at = pa.array(found["at"].to_list(), pa.int64())
    pairs = _polars(prepared.select(list(_PREPARED)).take(at))
    return pairs.select(
        found["own_id"].alias("row_id"),
        "key",
        pl.col("prompt").list.eval(_TURN.field("content")).list.join("\n").alias("prompt_text"),
        pl.col("prompt")
        .list.eval(pl.element().filter(_TURN.field("role") == "user").struct.field("content"))
        .list.join("\n")
        .alias("user_text"),
        pl.col("prompt").list.eval(_TURN.field("role")).alias("roles"),
        "a_text",
        "b_text",
        *(_of_media(side, "slot").alias(f"{side}_slots") for side in ("prompt", "a", "b")),
        *(_of_media(side, "digest").alias(f"{side}_digests") for side in ("a", "b")),
        "a_score",
        "b_score",
        "margin",
        pl.coalesce(found["preference"], pl.col("preference")).alias("preference"),
        pl.coalesce(found["criterion"], pl.col("criterion")).alias("criterion"),
        found["agreement"].alias("agreement"),
    )


def _of_media(side: str, what: str) -> pl.Expr:
    """The slot or digest of each medium; an empty list where there is none."""
    medium = pl.element().struct.field("slot" if what == "slot" else "info")
    if what == "digest":
        medium = medium.struct.field("digest")
    return pl.col(f"{side}_media").list.eval(medium).fill_null([])


def _polars(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame
