"""Deciding which prepared pairs of a subset go on: on keys and fingerprints alone.

Works on all rows of a subset and the kept rows of the subsets before it, on one worker.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from schemas.columns import one_array
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

    def duplicates(self, prints: pa.Table) -> Iterable[pl.DataFrame]:
        """Edges (`edges.EDGE_SCHEMA`) between near-equal pairs."""

    def prompts(self, prints: pa.Table) -> pl.DataFrame | None:
        """``later`` and ``earlier`` of rows with near-equal prompts; None: no such groups."""

    def media(self, prints: pa.Table) -> pl.DataFrame | None:
        """``later`` and ``earlier`` of rows that share a near-equal medium."""


@dataclass(frozen=True)
class Earlier:
    """The index of a subset that comes before: its groups and sides of the split are known.

    `rival`: whether a pair may be a copy of one of its rows. Those of instruction subsets are under
    criteria, most of which are not known yet: only who gives them the same way can copy them.
    """

    index: pa.Table
    rival: bool


@dataclass(frozen=True)
class Decision:
    """What was decided on one subset.

    `index`: prints of all rows that are kept, with their groups and split; later subsets are
    compared with those of them that are published in the end.
    """

    roster: pa.Table
    duplicates: pa.Table
    index: pa.Table
    counts: list[Count]


def decide(
    subset: str,
    prints: pa.Table,
    contaminated: Mapping[str, str],
    earlier: Sequence[Earlier],
    likeness: Likeness,
    settings: DedupSettings,
) -> Decision:
    """Decide on the rows of a subset.

    Args:
        subset: its name.
        prints: `likeness.row_prints` of all its prepared pairs, in any order.
        contaminated: ``row_id`` of rows that copy a benchmark item -> the rule by which they go.
        earlier: the subsets before it, in the recipe's order.
        likeness: finds what is near-equal.
        settings: the rules.
    """
    lost, clean = _without(prints.combine_chunks(), contaminated)
    order = [(name, "ascending") for name in _BY_RANK]
    clean = clean.take(pc.sort_indices(clean, sort_keys=order))

    removes = settings.copies == "remove"
    before = [one.index for one in earlier if one.rival and removes]
    rivals = pa.concat_tables([clean.schema.empty_table(), *(_as(t, clean) for t in before), clean])
    first = rivals.num_rows - clean.num_rows
    edges = [exact_edges(pl.Series(rivals["pair_id" if removes else "row_id"]))]
    if removes:
        edges += likeness.duplicates(rivals)
    preferences = rivals["preference"].to_pylist()
    settled = settle(joined(edges, first), preferences, first, settings.contradictions)
    fates = {place - first: fate for place, fate in settled.fates.items()}
    stays = np.delete(np.arange(clean.num_rows), list(fates))
    changed = {place - first: side for place, side in settled.preferences.items()}
    named = _names(before, rivals.select(["row_id", "key"]), subset)

    kept = clean.take(pa.array(stays))
    groups, bridges = _grouped(kept, [one.index for one in earlier], likeness, settings)
    kept = groups.append_column("changed", _named_places(stays, changed))
    for at in stays[bridges].tolist():
        fates[at] = Fate("bridges_split", first + at, 1.0)
    if bridges:
        kept = kept.take(pa.array(np.delete(np.arange(kept.num_rows), bridges)))

    rules = [fate.rule for fate in fates.values()]
    return Decision(
        _roster(kept),
        _duplicates(subset, clean, fates, named),
        _index(kept, subset),
        [
            *_tally(DECONTAMINATION, prints.num_rows, lost),
            *_tally(DEDUP, clean.num_rows, rules),
        ],
    )


def _without(prints: pa.Table, contaminated: Mapping[str, str]) -> tuple[list[str], pa.Table]:
    """The rules by which rows go, row by row, and the rows that stay."""
    if not contaminated:
        return [], prints
    ids = prints["row_id"].to_pylist()
    stays = pa.array([row not in contaminated for row in ids], pa.bool_())
    return [contaminated[row] for row in ids if row in contaminated], prints.filter(stays)


def _named_places(places: np.ndarray, names: Mapping[int, str]) -> pa.Array:
    """The name of each place, null where it has none; mostly there are no names at all."""
    if not names:
        return pa.nulls(len(places), pa.string())
    return pa.array([names.get(place) for place in places.tolist()], pa.string())


def _index(kept: pa.Table, subset: str) -> pa.Table:
    named = pa.repeat(pa.scalar(subset, pa.string()), kept.num_rows)
    return kept.drop_columns(["changed"]).append_column("subset", named)


def _as(index: pa.Table, prints: pa.Table) -> pa.Table:
    """An index without what it has beyond prints."""
    return index.select(prints.column_names)


def _names(before: Sequence[pa.Table], rows: pa.Table, subset: str) -> pl.DataFrame:
    """Subset, row and key of every row, by place."""
    frame = pl.from_arrow(rows)
    assert isinstance(frame, pl.DataFrame)
    subsets = [name for index in before for name in index["subset"].to_pylist()]
    return frame.with_columns(
        subset=pl.Series([*subsets, *[subset] * (frame.height - len(subsets))], dtype=pl.String)
    )


def _grouped(
    kept: pa.Table, earlier: Sequence[pa.Table], likeness: Likeness, settings: DedupSettings
) -> tuple[pa.Table, list[int]]:
    """Rows with their groups and split, and those that link what lies on both sides."""
    rows = pa.concat_tables([kept.schema.empty_table(), *(_as(t, kept) for t in earlier), kept])
    first = rows.num_rows - kept.num_rows
    linked = {"prompt_group": likeness.prompts(rows), "media_group": likeness.media(rows)}
    ids = rows["pair_id"].to_pylist() if any(e is not None for e in linked.values()) else []
    groups = {
        name: pa.nulls(kept.num_rows, pa.string())
        if edges is None
        else pa.array(group_ids(ids, _said(earlier, name), edges, first), pa.string())
        for name, edges in linked.items()
    }
    none = pa.scalar(None, pa.string())
    groups["media_group"] = pc.if_else(one_array(kept["has_media"]), groups["media_group"], none)
    split, bridges = splits(
        list(zip(*(group.to_pylist() for group in groups.values()), strict=True)),
        _sides(earlier),
        settings.split.seed,
        settings.split.validation,
    )
    for name, values in {**groups, "split": pa.array(split, pa.string())}.items():
        kept = kept.append_column(name, values)
    return kept, bridges


def _said(earlier: Sequence[pa.Table], name: str) -> list[str | None]:
    """What the indexes of earlier subsets say of their rows."""
    return [value for index in earlier for value in index[name].to_pylist()]


def _sides(earlier: Sequence[pa.Table]) -> dict[str, str]:
    """The split of every group of earlier subsets."""
    known: dict[str, str] = {}
    for index in earlier:
        sides = index["split"].to_pylist()
        for kind in ("prompt", "media"):
            for name, side in zip(index[f"{kind}_group"].to_pylist(), sides, strict=True):
                if name is not None:
                    known.setdefault(f"{kind}/{name}", side)
    return known


def _roster(kept: pa.Table) -> pa.Table:
    """The rows that go on, in `ROSTER_SCHEMA`."""
    taken = {"base_id": kept["row_id"], "preference": kept["changed"]}
    arrays = [
        taken[field.name]
        if field.name in taken
        else kept[field.name]
        if field.name in kept.column_names
        else pa.nulls(kept.num_rows, field.type)
        for field in ROSTER_SCHEMA
    ]
    return pa.Table.from_arrays(arrays, schema=ROSTER_SCHEMA)


def _duplicates(
    subset: str, clean: pa.Table, fates: Mapping[int, Fate], named: pl.DataFrame
) -> pa.Table:
    """What was removed, with what it matched, in order of rank."""
    order = sorted(fates)
    mine = clean.select(["row_id", "pair_id", "key"]).take(pa.array(order, pa.int64()))
    matched = named[[fates[at].matched for at in order]]
    columns = {
        "subset": pa.array([subset] * len(order), pa.string()),
        **{name: mine[name] for name in mine.column_names},
        "rule": pa.array([fates[at].rule for at in order], pa.string()),
        **{f"matched_{name}": matched[column].to_arrow().cast(pa.string())
           for name, column in (("subset", "subset"), ("row", "row_id"), ("key", "key"))},
        "strength": pa.array([fates[at].strength for at in order], pa.float32()),
    }  # fmt: skip
    return pa.table({name: columns[name] for name in DUPLICATE_SCHEMA.names}, DUPLICATE_SCHEMA)


def _tally(stage: str, came: int, rules: Sequence[str]) -> list[Count]:
    dropped = [(stage, f"dropped:{rule}", number) for rule, number in Counter(rules).items()]
    return [(stage, "in", came), (stage, "out", came - len(rules)), *dropped]
