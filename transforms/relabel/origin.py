"""What an origin of criteria is: how the pairs of a subset come to criteria and labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final, Protocol, cast

import polars as pl
import pyarrow as pa

from schemas.dead_letter import DEAD_FLIGHT_SCHEMA
from schemas.flight import ROSTER_SCHEMA
from schemas.ids import row_id
from schemas.label import LABEL_SCHEMA
from transforms.beamkit.counts import Count

RELABEL: Final = "relabel"

#: One labelled row: `base_id` and `key` name the prepared pair, `source` is what the corpus says of
#: it, `preference` what holds under the criterion.
LABELLED_SCHEMA: Final = pl.Schema(
    {
        "base_id": pl.String(),
        "key": pl.String(),
        "criterion": pl.String(),
        "source": pl.String(),
        "preference": pl.String(),
        "agreement": pl.Float32(),
        "n_votes": pl.Int32(),
    }
)


@dataclass(frozen=True)
class Labelled:
    """What an origin gives: rows (`LABELLED_SCHEMA`), the label table, and what was lost."""

    rows: pl.DataFrame
    labels: pa.Table = field(default_factory=LABEL_SCHEMA.empty_table)
    dead: pa.Table = field(default_factory=DEAD_FLIGHT_SCHEMA.empty_table)
    counts: Sequence[Count] = ()


class Labeller(Protocol):
    """Labels a share of the pairs of a subset, on one worker. It travels there."""

    @property
    def share(self) -> tuple[int, int]:
        """(n, of): every `of`-th pair in order of rank is its, from the `n`-th (from 0)."""

    def label(self, survivors: pa.Table, looked: pa.Table, wanted: int | None) -> Labelled:
        """Label pairs in order of rank.

        Args:
            survivors: rows of the roster of the unit `select`, in order of rank.
            looked: what `Origin.look` gave for the same pairs, in the same order.
            wanted: labelled rows that are wanted; None for all there are.
        """


class Origin(Protocol):
    """One way to criteria. It travels to the workers."""

    @property
    def name(self) -> str:
        """One of `schemas.tasks.CRITERION_ORIGINS`."""

    @property
    def inputs(self) -> object:
        """All that its labels depend on beside the pairs, as a value for JSON."""

    @property
    def admits_by(self) -> object:
        """All that `admits` depends on, as a value for JSON; None where it admits every draft."""

    @property
    def reserve(self) -> float | None:
        """N x (1 + reserve) pairs are drawn, as not every pair gets a criterion; None: all are."""

    def admits(self, drafts: pa.Table) -> pa.Array | None:
        """Which drafts (`flight.DRAFT_SCHEMA`) can be labelled at all; None: all of them."""

    def look(self, rows: pa.Table) -> pa.Table:
        """What `label` needs of prepared pairs, row by row; made where they lie, in parallel."""

    def labellers(self, looked: pa.Table, wanted: int | None) -> Sequence[Labeller]:
        """Who labels the pairs: one, or several that share them. Made once, before any of them.

        Args:
            looked: what `look` gave for all pairs, in order of rank.
            wanted: labelled rows that are wanted; None for all there are.
        """


class AtOnce:
    """An origin that labels all pairs of a subset at once: it is its own and only labeller."""

    share: ClassVar[tuple[int, int]] = (0, 1)

    def labellers(self, looked: pa.Table, wanted: int | None) -> Sequence[Labeller]:
        """See `Origin`."""
        return [cast(Labeller, self)]


def shared(number: int, share: tuple[int, int]) -> int:
    """How many of `number` things are a labeller's."""
    at, of = share
    return number // of + (at < number % of)


def roster_of(survivors: pa.Table, labelled: Labelled, origin: str, subset: str) -> pa.Table:
    """The roster of labelled rows; a row's id is that of its pair under its criterion."""
    roster = pl.from_arrow(survivors)
    assert isinstance(roster, pl.DataFrame)
    said = ["criterion", "preference", "agreement", "n_votes"]
    rows = labelled.rows.join(
        roster.drop("criterion_origin", "flipped", "row_id", *said),
        on=["base_id", "key"],
        how="inner",
        maintain_order="left",
    )
    ids = [
        row_id(subset, pair, criterion)
        for pair, criterion in zip(rows["pair_id"], rows["criterion"], strict=True)
    ]
    opposite = pl.col("preference") != pl.col("source")
    sided = pl.col("preference").is_in(["a", "b"]) & pl.col("source").is_in(["a", "b"])
    rows = rows.with_columns(
        row_id=pl.Series(ids, dtype=pl.String),
        criterion_origin=pl.lit(origin),
        flipped=opposite & sided,
    ).unique("row_id", keep="first", maintain_order=True)
    return rows.select(ROSTER_SCHEMA.names).to_arrow().cast(ROSTER_SCHEMA)
