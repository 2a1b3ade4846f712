"""Groups of rows with near-equal prompts or media, and the split that keeps groups whole.

A group is a connected component of a subset's rows. What belongs to a group of an earlier subset
joins it; two groups of earlier subsets are never made one, so a subset's groups do not depend on
the subsets after it. Components are found on one worker: ten million edges take about a gigabyte.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

Places = npt.NDArray[np.int64]

#: Most rows that are grouped at a time: what one worker's memory is planned for.
MOST_ROWS = 20_000_000


def components(number: int, one: Places, other: Places) -> Places:
    """The smallest node of each node's component; nodes are 0 to `number` - 1.

    Raises:
        ValueError: there are more than `MOST_ROWS` nodes.
    """
    if number > MOST_ROWS:
        raise ValueError(f"{number:,} rows to group, at most {MOST_ROWS:,} can be")
    if not len(one):  # the import below takes longer than a small subset
        return np.arange(number)
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(one), np.int8), (one, other)), shape=(number, number))
    _, labels = connected_components(graph, directed=False)
    smallest = np.full(labels.max(initial=-1) + 1, number, np.int64)
    np.minimum.at(smallest, labels, np.arange(number))
    return smallest[labels]


def group_ids(
    ids: Sequence[str], earlier: Sequence[str | None], edges: pl.DataFrame, first: int
) -> list[str]:
    """The group of every row from place `first` on.

    Args:
        ids: a name for each row by place; a group is called by that of its first row.
        earlier: groups of the rows before `first`.
        edges: columns ``later`` and ``earlier``: rows that belong together.
        first: where the subset begins.
    """
    pairs = edges.filter(pl.col("later") >= first)
    inside = pairs.filter(pl.col("earlier") >= first)
    root = components(
        len(ids) - first,
        inside["later"].to_numpy() - first,
        inside["earlier"].to_numpy() - first,
    )
    joins: dict[int, int] = {}
    outside = pairs.filter(pl.col("earlier") < first)
    for later, place in zip(outside["later"].to_list(), outside["earlier"].to_list(), strict=True):
        at = int(root[later - first])
        joins[at] = min(place, joins.get(at, place))
    return [
        (earlier[joins[at]] or ids[joins[at]]) if at in joins else ids[first + at]
        for at in root.tolist()
    ]


def side_of(name: str, seed: int, share: float) -> str:
    """The split that a component goes to: by a hash of its name, so that nothing else matters."""
    digest = hashlib.sha256(f"omni-reward/split/1\0{seed}\0{name}".encode()).digest()
    return "validation" if int.from_bytes(digest[:8], "big") < share * 2**64 else "train"


def splits(
    groups: Sequence[tuple[str | None, str | None]],
    known: dict[str, str],
    seed: int,
    share: float,
) -> tuple[list[str], list[int]]:
    """The split of each row, and the rows that hold together what lies on both sides already.

    Args:
        groups: prompt group and media group of each row, in order of rank.
        known: split of each group of earlier subsets.
        seed: of the hash.
        share: of the components that go to validation.
    """
    if not share:
        return ["train"] * len(groups), []
    names = [
        [f"{kind}/{name}" for kind, name in zip(("prompt", "media"), row, strict=True) if name]
        for row in groups
    ]
    number = {name: at for at, name in enumerate(dict.fromkeys(n for row in names for n in row))}
    links = [(number[row[0]], number[name]) for row in names for name in row[1:]]
    one, other = (np.array([link[side] for link in links], np.int64) for side in (0, 1))
    root = components(len(number), one, other)
    called = list(number)
    side: dict[int, str] = {}
    for name, at in number.items():
        if name in known:
            side.setdefault(int(root[at]), known[name])
    found, bridges = [], []
    for row, mine in enumerate(names):
        at = int(root[number[mine[0]]])
        decided = side.setdefault(at, side_of(called[at], seed, share))
        found.append(decided)
        if any(known.get(name, decided) != decided for name in mine):
            bridges.append(row)
    return found, bridges
