"""Deciding which prepared pairs of a subset go on: on keys and fingerprints alone.

Works on all rows of a subset and the kept rows of the subsets before it, on one worker.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import polars as pl
import pyarrow as pa

from schemas.flight import ROSTER_SCHEMA
from schemas.removed import DUPLICATE_SCHEMA
from transforms.beamkit.counts import Count
from transforms.dedup.edges import exact_edges, joined
from transforms.dedup.groups import group_ids, splits
from transforms.dedup.settings import DedupSettings
from transforms.dedup.settle import Fate, settle

DECONTAMINATION: Final = "decontamination"
DEDUP: Final = "dedup"

_BY_RANK: Final = ("rank", "row_id", "key", "preference")


class Likeness(Protocol):
    """Finds near-equal rows among prints that are in order of place."""

    def duplicates(self, prints: pl.DataFrame, first: int) -> Iterable[pl.DataFrame]:
        """Edges (`edges.EDGE_SCHEMA`) between near-equal pairs, later rows from `first` on."""

    def prompts(self, prints: pl.DataFrame, first: int) -> pl.DataFrame:
        """``later`` and ``earlier`` of rows with near-equal prompts."""

    def media(self, prints: pl.DataFrame, first: int) -> pl.DataFrame:
        """``later`` and ``earlier`` of rows that share a near-equal medium."""

    def has_media(self, prints: pl.DataFrame) -> pl.Series:
        """Whether each row has any medium."""


@dataclass(frozen=True)
class Earlier:
    """The index of a subset that comes before, and whether it is of the same kind."""

    index: pl.DataFrame
    same_kind: bool


@dataclass(frozen=True)
class Decision:
    """What was decided on one subset.

    `index`: prints of the rows that later subsets are compared with, those that are kept and not
    beyond the target, with their groups and split.
    """

    roster: pa.Table
    duplicates: pa.Table
    index: pl.DataFrame
    counts: list[Count]


def decide(
    subset: str,
    prints: pl.DataFrame,
    contaminated: Mapping[str, str],
    earlier: Sequence[Earlier],
    likeness: Likeness,
    settings: DedupSettings,
    target: int | None,
) -> Decision:
    """Decide on the rows of a subset.

    Args:
        subset: its name.
        prints: `likeness.row_prints` of all its prepared pairs, in any order.
        contaminated: ``row_id`` of rows that copy a benchmark item -> the rule by which they go.
        earlier: the subsets before it, in the recipe's order.
        likeness: finds what is near-equal.
        settings: the rules.
        target: rows wanted; None for all.
    """
    gone = pl.Series(list(contaminated), dtype=pl.String)
    lost = prints.filter(pl.col("row_id").is_in(gone.implode()))["row_id"].to_list()
    clean = prints.filter(~pl.col("row_id").is_in(gone.implode())).sort(_BY_RANK)
    clean = clean.with_columns(subset=pl.lit(subset))

    rivals = _together([one.index for one in earlier if one.same_kind], clean)
    first = rivals.height - clean.height
    edges = joined([exact_edges(rivals["pair_id"]), *likeness.duplicates(rivals, first)], first)
    settled = settle(edges, rivals["preference"].to_list(), first, settings.contradictions)
    fates = {place - first: fate for place, fate in settled.fates.items()}
    changed = {place - first: side for place, side in settled.preferences.items()}
    rows = clean.with_columns(
        changed=pl.Series([changed.get(at) for at in range(clean.height)], dtype=pl.String)
    )
    stays = [at for at in range(clean.height) if at not in fates]
    kept = rows[stays]

    kept, bridges = _grouped(kept, [one.index for one in earlier], likeness, settings)
    fates |= {stays[at]: Fate("bridges_split", first + stays[at], 1.0) for at in bridges}
    kept = kept.filter(~pl.int_range(pl.len()).is_in(bridges))

    rules = [fate.rule for fate in fates.values()]
    return Decision(
        _roster(kept),
        _duplicates(rivals, first, fates),
        kept.head(kept.height if target is None else target).drop("changed"),
        [
            *_tally(DECONTAMINATION, prints.height, [contaminated[row] for row in lost]),
            *_tally(DEDUP, clean.height, rules),
        ],
    )


def _together(before: Sequence[pl.DataFrame], mine: pl.DataFrame) -> pl.DataFrame:
    """Rows in order of place: those of the earlier subsets, then the subset's own."""
    return pl.concat([*before, mine], how="diagonal_relaxed")


def _grouped(
    kept: pl.DataFrame,
    earlier: Sequence[pl.DataFrame],
    likeness: Likeness,
    settings: DedupSettings,
) -> tuple[pl.DataFrame, list[int]]:
    """Rows with their groups and split, and those that link what lies on both sides."""
    rows = _together(earlier, kept)
    first = rows.height - kept.height
    ids = rows["pair_id"].to_list()
    groups: dict[str, list[str | None]] = {}
    for name, edges in (("prompt_group", likeness.prompts), ("media_group", likeness.media)):
        before = rows[name].to_list()[:first] if name in rows.columns else []
        groups[name] = list(group_ids(ids, before, edges(rows, first), first))
    has_media = likeness.has_media(kept).to_list()
    groups["media_group"] = [
        group if has else None for group, has in zip(groups["media_group"], has_media, strict=True)
    ]
    known: dict[str, str] = {}
    for index in earlier:
        for kind in ("prompt", "media"):
            pairs = index.select(f"{kind}_group", "split").drop_nulls().unique()
            for name, side in pairs.iter_rows():
                known.setdefault(f"{kind}/{name}", side)
    split, bridges = splits(
        list(zip(groups["prompt_group"], groups["media_group"], strict=True)),
        known,
        settings.split.seed,
        settings.split.validation,
    )
    columns: dict[str, Sequence[str | None]] = {**groups, "split": split}
    added = [pl.Series(name, values, dtype=pl.String) for name, values in columns.items()]
    return kept.with_columns(added), bridges


def _roster(kept: pl.DataFrame) -> pa.Table:
    values: dict[str, Any] = {
        name: kept[name].to_arrow()
        for name in ROSTER_SCHEMA.names
        if name in kept.columns and name != "preference"
    }
    values |= {"base_id": values["row_id"], "preference": kept["changed"].to_arrow()}
    arrays = [
        values[field.name].cast(field.type)
        if field.name in values
        else pa.nulls(kept.height, field.type)
        for field in ROSTER_SCHEMA
    ]
    return pa.Table.from_arrays(arrays, schema=ROSTER_SCHEMA)


def _duplicates(rivals: pl.DataFrame, first: int, fates: Mapping[int, Fate]) -> pa.Table:
    """What was removed, with what it matched, in order of rank."""
    order = sorted(fates)
    mine = rivals[[first + at for at in order]].select("subset", "row_id", "pair_id", "key")
    matched = rivals[[fates[at].matched for at in order]].select("subset", "row_id", "key")
    frame = mine.with_columns(
        rule=pl.Series([fates[at].rule for at in order], dtype=pl.String),
        matched_subset=matched["subset"],
        matched_row=matched["row_id"],
        matched_key=matched["key"],
        strength=pl.Series([fates[at].strength for at in order], dtype=pl.Float32),
    )
    return frame.select(DUPLICATE_SCHEMA.names).to_arrow().cast(DUPLICATE_SCHEMA)


def _tally(stage: str, came: int, rules: Sequence[str]) -> list[Count]:
    dropped = [(stage, f"dropped:{rule}", number) for rule, number in Counter(rules).items()]
    return [(stage, "in", came), (stage, "out", came - len(rules)), *dropped]
