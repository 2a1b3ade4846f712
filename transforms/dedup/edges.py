"""Edges between near-equal pairs: from a later row to an earlier one.

Rows are numbered by their *place*: 0 is the first row of the first subset in the recipe's order,
then by rank. The rule of the stage needs edges to earlier rows only, so what becomes of a row never
depends on rows after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

#: `later`, `earlier`: places. `strength`: 0 to 1, how alike the least alike part is. `swapped`:
#: whether A of the later is B of the earlier; null where the pair's own responses are so alike that
#: nobody can tell. `how`: exact, near or perceptual.
EDGE_SCHEMA: Final = pl.Schema(
    {
        "later": pl.Int64(),
        "earlier": pl.Int64(),
        "strength": pl.Float32(),
        "swapped": pl.Boolean(),
        "how": pl.String(),
    }
)

NO_EDGES: Final = pl.DataFrame(schema=EDGE_SCHEMA)


def exact_edges(pair_ids: pl.Series) -> pl.DataFrame:
    """An edge from every row to the first row of the same pair.

    `pair_ids` is in order of place. Sides are placed by a hash of the pair, so they never differ.
    """
    frame = pl.DataFrame({"id": pair_ids}).with_row_index("later").cast({"later": pl.Int64})
    first = frame.with_columns(earlier=pl.col("later").min().over("id"))
    found = first.filter(pl.col("later") > pl.col("earlier"))
    return found.select(
        "later",
        "earlier",
        strength=pl.lit(1.0, pl.Float32),
        swapped=pl.lit(value=False),
        how=pl.lit("exact"),
    )


def joined(edges: Sequence[pl.DataFrame], first: int) -> pl.DataFrame:
    """All edges of rows from place `first` on; of several between two rows the strongest.

    In order of the two places, so that nothing hangs on who found an edge.
    """
    whole = pl.concat([NO_EDGES, *edges]).filter(pl.col("later") >= first)
    order = ["later", "earlier", "how", "swapped"]
    return (
        whole.sort("strength", *order, descending=[True, *[False] * 4])
        .unique(["later", "earlier"], keep="first", maintain_order=True)
        .sort("later", "earlier")
    )
