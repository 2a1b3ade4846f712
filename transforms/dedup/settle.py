"""What becomes of duplicates, and of the same pair with opposite preferences.

A row is a duplicate if there is an edge from it to an earlier row, kept or not. That rule looks
backwards only, so more rows at the end change nothing before them; and rows that are not alike
themselves never fall to one another because a third is like both, unless that third comes first.
Copies of which nobody can say which response is which contradict nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from transforms.dedup.settings import Contradictions

_OPPOSITE: Final = {"a": "b", "b": "a", "tie": "tie"}


@dataclass(frozen=True)
class Fate:
    """Why a row goes: the rule, the place of the row that it matched, and how strongly."""

    rule: str
    matched: int
    strength: float


@dataclass
class Settled:
    """Fates of rows by place; a row without one stays. `preferences` are those that change."""

    fates: dict[int, Fate] = field(default_factory=dict)
    preferences: dict[int, str] = field(default_factory=dict)


def settle(
    edges: pl.DataFrame, preferences: Sequence[str], first: int, policy: Contradictions
) -> Settled:
    """Decide on the rows from place `first` on.

    Args:
        edges: `edges.EDGE_SCHEMA`, in order of place, later rows from `first` on.
        preferences: a, b or tie of every row, by place.
        first: rows before it belong to earlier subsets and are kept as they are.
        policy: what becomes of the same pair with opposite preferences. Where the earlier row
            belongs to another subset it stays, and those that contradict it go.
    """
    found = Settled()
    keeper: dict[int, tuple[int, bool | None]] = {}
    members: dict[int, list[tuple[int, bool | None]]] = {}
    for later, group in _by_later(edges):
        earlier, strength, swapped, how = group
        root, root_swapped = keeper.get(earlier, (earlier, False))
        known = swapped is not None and root_swapped is not None
        mirrored = swapped != root_swapped if known else None
        keeper[later] = (root, mirrored)
        members.setdefault(root, []).append((later, mirrored))
        found.fates[later] = Fate(f"duplicate_{how}", earlier, strength)
    for root, rows in members.items():
        _contradiction(found, root, rows, preferences, first, policy)
    return found


def _by_later(edges: pl.DataFrame) -> list[tuple[int, tuple[int, float, bool | None, str]]]:
    """The edge of each later row to the earliest row that it is like, in order of place."""
    nearest = edges.unique("later", keep="first", maintain_order=True)
    return [
        (later, (earlier, strength, swapped, how))
        for later, earlier, strength, swapped, how in nearest.iter_rows()
    ]


def _contradiction(
    found: Settled,
    root: int,
    rows: Sequence[tuple[int, bool | None]],
    preferences: Sequence[str],
    first: int,
    policy: Contradictions,
) -> None:
    """Apply the policy if a pair's copies disagree; ties say nothing against either side."""
    votes = {"a": 0, "b": 0, "tie": 0}
    votes[preferences[root]] += 1
    said = {}
    for row, mirrored in rows:
        if mirrored is None:
            continue
        said[row] = _OPPOSITE[preferences[row]] if mirrored else preferences[row]
        votes[said[row]] += 1
    if not (votes["a"] and votes["b"]) or policy == "first":
        return
    against = [row for row, side in said.items() if side == _OPPOSITE[preferences[root]]]
    for row in against:
        fate = found.fates[row]
        found.fates[row] = Fate("contradiction", fate.matched, fate.strength)
    if root < first:  # of another subset, which is finished
        return
    majority = max("ab", key=lambda side: votes[side])
    if policy == "tie":
        found.preferences[root] = "tie"
    elif policy == "majority" and votes["a"] != votes["b"]:
        if preferences[root] != majority:
            found.preferences[root] = majority
    else:
        partner = against[0] if against else rows[0][0]
        found.fates[root] = Fate("contradiction", partner, found.fates[partner].strength)
