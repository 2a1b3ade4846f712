"""Near-duplicates of text: candidates by bands, verified part by part, as edges to earlier rows.

The rule: a row is a near-duplicate of another if their prompts are similar and their responses
are, as they stand or swapped, each to the least similarity of the settings. A shared prompt alone
is never enough: the answers of many models to one instruction are no copies.

Rows have a `place`, an order of keeping that is total: of two copies the one with the lower place
stays. A row goes if it has an edge to an earlier row, so edges lead to earlier rows only, and what
comes later in the order never changes what was kept before.

Recall. Copies that are equal after folding are always found: they are taken together first, and
only the earliest of them goes on. Others are found if they meet in a band in whose bucket fewer
than `max_comparisons` rows are earlier than the earlier one of them. They meet with probability
``settings.recall_of_bands(similarity)``; only a pair all of whose common buckets are crowded with
earlier, different rows is lost by the limit. For it a bucket of n rows costs no more than
n x `max_comparisons` comparisons.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from transforms.dedup.minhash import similarity
from transforms.dedup.prints import Part, Prints
from transforms.dedup.settings_text import NearTextSettings

#: Pairs that are compared at a time: bounds the signatures gathered to some tens of megabytes.
_BLOCK = 1 << 15
#: Similarities of signatures that are so far apart are told apart: three standard errors of 128
#: values at 0.7.
_CLEARLY = 0.13

EDGES_SCHEMA = pa.schema(
    [
        pa.field("later", pa.int64(), nullable=False),
        pa.field("earlier", pa.int64(), nullable=False),
        pa.field("similarity", pa.float32(), nullable=False),
        pa.field("swapped", pa.bool_(), nullable=False),
    ]
)


class Edges(NamedTuple):
    """Pairs of rows that are copies: `later` goes because of `earlier`."""

    #: int64: rows of the prints that were given.
    later: np.ndarray
    earlier: np.ndarray
    #: float32: the least similarity of the parts; 1 where all are equal after folding.
    similarity: np.ndarray
    #: Whether response a of one is the other's response b.
    swapped: np.ndarray

    def table(self) -> pa.Table:
        """The edges by `EDGES_SCHEMA`, by later and earlier row."""
        order = np.lexsort((self.earlier, self.later))
        return pa.table([pa.array(column[order]) for column in self], schema=EDGES_SCHEMA)


def near_pairs(prints: Prints, places: np.ndarray, settings: NearTextSettings) -> Edges:
    """For every row that is a copy of an earlier one, one edge to an earlier row.

    It leads to the earliest equal row, or else to the earliest row verified in the first band that
    has one. `places` is int64[rows]. Raises ValueError if two rows have one place.
    """
    order = _order(places, prints.rows)
    order = order[prints.has_text[order]]
    first, again = _equal(prints.pair, order)
    straight = prints.a.sequences[again[0]] == prints.a.sequences[again[1]]
    equal = Edges(*again, np.ones(len(again[0]), np.float32), ~straight)
    near = _walk(
        prints.bands,
        first,
        settings.max_comparisons,
        lambda later, earlier: verify(prints, later, earlier, settings),
        one_edge=True,
    )
    return _joined([equal, near])


def near_prompts(prints: Prints, places: np.ndarray, settings: NearTextSettings) -> Edges:
    """Edges between rows whose prompts are near-equal: their components are the prompt groups.

    Equal prompts have an edge to the earliest of them, and these among each other all edges that
    were verified. Rows without prompt text have none. As `near_pairs` otherwise.
    """
    order = _order(places, prints.rows)
    order = order[prints.prompt.tokens[order] > 0]
    first, again = _equal(prints.prompt.sequences, order)
    count = len(again[0])
    equal = Edges(*again, np.ones(count, np.float32), np.zeros(count, bool))
    near = _walk(
        prints.prompt_bands,
        first,
        settings.max_comparisons,
        lambda later, earlier: _verify_prompts(prints, later, earlier, settings),
        one_edge=False,
    )
    return _joined([equal, near])


def prompt_similarity(
    prints: Prints, later: np.ndarray, earlier: np.ndarray, settings: NearTextSettings
) -> np.ndarray:
    """float32: how similar the prompts of given pairs of rows are, 0 to 1."""
    found = [
        _similarity(
            prints.prompt,
            later[at : at + _BLOCK],
            prints.prompt,
            earlier[at : at + _BLOCK],
            settings,
        )
        for at in range(0, len(later), _BLOCK)
    ]
    return np.concatenate([np.empty(0, np.float32), *found])


def candidates(
    hashes: np.ndarray, limit: int, asked: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of rows that share a bucket of one band: ``(later, earlier)``, two int64 arrays.

    `hashes` is uint64[n], the rows in the order of their places. Each row is paired with the first
    `limit` rows of its bucket that come before it; rows that are not `asked` (bool[n]) are paired
    with none. By later bucket mate; earlier ones of one row are in order and side by side.
    """
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    new = np.ones(len(order), bool)
    new[1:] = ordered[1:] != ordered[:-1]
    starts = np.flatnonzero(new)
    bucket_start = starts[np.cumsum(new) - 1] if len(order) else starts
    counts = np.minimum(np.arange(len(order)) - bucket_start, limit)
    if asked is not None:
        counts[~asked[order]] = 0
    later = np.repeat(order, counts)
    step = np.arange(len(later)) - np.repeat(np.cumsum(counts) - counts, counts)
    return later, order[np.repeat(bucket_start, counts) + step]


def verify(
    prints: Prints, later: np.ndarray, earlier: np.ndarray, settings: NearTextSettings
) -> Edges:
    """The candidates that are near-duplicates: similar prompts, and both responses one way round.

    A pair that is similar both ways counts by the better one, as it stands if they are equal.
    """
    least = settings.min_response_similarity
    found = []
    for first in range(0, len(later), _BLOCK):
        x, y = later[first : first + _BLOCK], earlier[first : first + _BLOCK]
        prompt = _similarity(prints.prompt, x, prints.prompt, y, settings)
        passed = prompt >= settings.min_prompt_similarity
        x, y, prompt = x[passed], y[passed], prompt[passed]
        straight = _responses(prints, x, y, settings, swapped=False)
        crossed = _responses(prints, x, y, settings, swapped=True)
        swapped = crossed > straight
        responses = np.where(swapped, crossed, straight)
        passed = responses >= least
        worst = np.minimum(prompt, responses)
        found.append(Edges(x[passed], y[passed], worst[passed], swapped[passed]))
    return _joined(found)


def unclear_sides(prints: Prints, edges: Edges, settings: NearTextSettings) -> np.ndarray:
    """bool[edges]: whether copies can't be said to be swapped or not.

    Where the responses of a pair are alike themselves, each is alike to both of the copy's. Which
    is which is told by what is equal, or else by similarities that are apart for sure.
    """
    x, y = edges.later, edges.earlier
    found = np.zeros(len(x), bool)
    for first in range(0, len(x), _BLOCK):
        at = slice(first, first + _BLOCK)
        straight = _responses(prints, x[at], y[at], settings, swapped=False)
        crossed = _responses(prints, x[at], y[at], settings, swapped=True)
        both = np.minimum(straight, crossed) >= settings.min_response_similarity
        both &= np.abs(straight - crossed) < _CLEARLY
        # Equal in one way alone: then it is that one, however alike the others are.
        found[at] = both & (
            _same(prints, x[at], y[at], swapped=False) == _same(prints, x[at], y[at], swapped=True)
        )
    return found


def _same(prints: Prints, x: np.ndarray, y: np.ndarray, *, swapped: bool) -> np.ndarray:
    """bool: whether both responses are equal after folding, as they stand or swapped."""
    a_mate, b_mate = (prints.b, prints.a) if swapped else (prints.a, prints.b)
    same: np.ndarray = (prints.a.sequences[x] == a_mate.sequences[y]) & (
        prints.b.sequences[x] == b_mate.sequences[y]
    )
    return same


def _verify_prompts(
    prints: Prints, later: np.ndarray, earlier: np.ndarray, settings: NearTextSettings
) -> Edges:
    found = []
    for first in range(0, len(later), _BLOCK):
        x, y = later[first : first + _BLOCK], earlier[first : first + _BLOCK]
        prompt = _similarity(prints.prompt, x, prints.prompt, y, settings)
        passed = prompt >= settings.min_prompt_similarity
        found.append(Edges(x[passed], y[passed], prompt[passed], np.zeros(passed.sum(), bool)))
    return _joined(found)


def _responses(
    prints: Prints,
    x: np.ndarray,
    y: np.ndarray,
    settings: NearTextSettings,
    *,
    swapped: bool,
) -> np.ndarray:
    """The lesser similarity of the responses of `x` to those of `y`, as they stand or swapped."""
    a_mate, b_mate = (prints.b, prints.a) if swapped else (prints.a, prints.b)
    lesser = _similarity(prints.a, x, a_mate, y, settings)
    open_ = np.flatnonzero(lesser >= settings.min_response_similarity)
    other = _similarity(prints.b, x[open_], b_mate, y[open_], settings)
    lesser[open_] = np.minimum(lesser[open_], other)
    return lesser


def _similarity(
    one: Part, x: np.ndarray, other: Part, y: np.ndarray, settings: NearTextSettings
) -> np.ndarray:
    """float32: similarity of texts; 1 if equal after folding, else 0 where one of them is short."""
    equal = one.sequences[x] == other.sequences[y]
    short = np.minimum(one.tokens[x], other.tokens[y]) < settings.short_tokens
    result = equal.astype(np.float32)
    open_ = np.flatnonzero(~equal & ~short)
    result[open_] = similarity(one.signatures[x[open_]], other.signatures[y[open_]])
    return result


def _order(places: np.ndarray, rows: int) -> np.ndarray:
    if len(places) != rows:
        raise ValueError(f"{len(places)} places of {rows} rows: every row needs one")
    order = np.argsort(places, kind="stable")
    if (places[order][1:] == places[order][:-1]).any():
        raise ValueError("two rows have one place: the order of keeping must be total")
    return order


def _equal(keys: np.ndarray, order: np.ndarray) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """The first rows with each key, in order, and the others with the first ones of their key."""
    _, first, group = np.unique(keys[order], return_index=True, return_inverse=True)
    mate = first[group]
    again = np.flatnonzero(mate != np.arange(len(order)))
    return order[np.sort(first)], (order[again], order[mate[again]])


def _walk(
    bands: np.ndarray,
    rows: np.ndarray,
    limit: int,
    check: Callable[[np.ndarray, np.ndarray], Edges],
    *,
    one_edge: bool,
) -> Edges:
    """Candidates of one band after the other, checked.

    With `one_edge` a row that has an edge asks no more, and has the earliest of its first band.
    """
    found: list[Edges] = []
    asked = np.ones(len(rows), bool)
    place = np.empty(len(bands), np.int64)
    place[rows] = np.arange(len(rows))
    for band in range(bands.shape[1]):
        later, earlier = candidates(bands[rows, band], limit, asked)
        edges = check(rows[later], rows[earlier])
        if one_edge:
            _, first = np.unique(edges.later, return_index=True)
            edges = Edges(*(column[first] for column in edges))
            asked[place[edges.later]] = False
        found.append(edges)
    return _joined(found) if one_edge else _distinct(_joined(found), place)


def _distinct(edges: Edges, place: np.ndarray) -> Edges:
    pairs = place[edges.later] * len(place) + place[edges.earlier]
    _, first = np.unique(pairs, return_index=True)
    return Edges(*(column[first] for column in edges))


def _joined(found: list[Edges]) -> Edges:
    empty = Edges(
        np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0, bool)
    )
    return Edges(*(np.concatenate(columns) for columns in zip(empty, *found, strict=True)))
