"""Rows whose media are near-equal: verdicts on given pairs, candidates, and edges of groups.

Media alone never make a duplicate: what these functions find is one of the conditions, the text of
prompt and responses the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from transforms.dedup.hamming import near_pairs, near_pairs_between
from transforms.dedup.media_prints import MARK_COLUMNS, MODALITIES, Media
from transforms.dedup.perceptual import WORDS, distance_rows, near_rows, radius
from transforms.dedup.settings_media import PerceptualSettings

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_DEFAULT: Final = PerceptualSettings()
#: Pairs of rows that are looked at together: bounds memory, not results.
_AT_ONCE: Final = 1 << 17
#: Words that a medium is looked up by: of a 3D model its shape's alone.
_SOUGHT: Final = {**WORDS, "mesh": WORDS["mesh"] - 1}


@dataclass(frozen=True)
class MediaVerdicts:
    """What media say of pairs of rows, each array (n,).

    `equal`: the media are near-equal in one of the two ways. `swapped`: in the way in which A of
    one row is B of the other, and better than straight. `unclear`: in both ways, neither of which
    is by equal digests alone. `strength`: 0 to 1, the share of bits that the least alike media have
    in common (1: digests are equal, or there are none).
    """

    equal: Flags
    swapped: Flags
    unclear: Flags
    strength: npt.NDArray[np.float32]


@dataclass(frozen=True)
class MediaOfRows:
    """Media of the prompts and of both responses of rows, read from columns of marks."""

    prompt: Media
    a: Media
    b: Media

    @classmethod
    def of(
        cls, marks: pa.Table | pl.DataFrame | Mapping[str, Any], settings: PerceptualSettings
    ) -> MediaOfRows:
        """Read the columns `media_prints.MARK_COLUMNS` of a table."""
        return cls(*(Media.of(marks[name], settings) for name in MARK_COLUMNS))

    def __len__(self) -> int:
        return len(self.prompt)


def near_pairs_media(
    rows: MediaOfRows,
    one: Rows,
    other: Rows,
    settings: PerceptualSettings = _DEFAULT,
    edits: bool = False,
) -> MediaVerdicts:
    """Whether the media of rows `one` and `other` (n,) are near-equal, pair by pair.

    They are if those of the prompts are, and those of the responses straight or swapped: as many,
    of the same modalities, near-equal one by one in their order. No media on both sides match.
    `edits` says that responses are edits of the prompt's picture (task ti2i): see
    `PerceptualSettings.edits`.
    """
    exact = edits and settings.edits == "digest"
    parts = [
        _verdicts(rows, one[at : at + _AT_ONCE], other[at : at + _AT_ONCE], settings, exact)
        for at in range(0, max(len(one), 1), _AT_ONCE)
    ]
    return MediaVerdicts(
        *(
            np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(MediaVerdicts)
        )
    )


def _verdicts(
    rows: MediaOfRows, one: Rows, other: Rows, settings: PerceptualSettings, exact: bool
) -> MediaVerdicts:
    prompt = _alike(rows.prompt, rows.prompt, one, other, settings, exact=False)
    straight = np.minimum(
        _alike(rows.a, rows.a, one, other, settings, exact),
        _alike(rows.b, rows.b, one, other, settings, exact),
    )
    crossed = np.minimum(
        _alike(rows.a, rows.b, one, other, settings, exact),
        _alike(rows.b, rows.a, one, other, settings, exact),
    )
    best = np.minimum(prompt, np.maximum(straight, crossed))
    equal = best >= 0
    both = (straight >= 0) & (crossed >= 0) & ((straight == 1) == (crossed == 1))
    return MediaVerdicts(equal, equal & (crossed > straight), equal & both, np.maximum(best, 0))


def _alike(
    left: Media, right: Media, one: Rows, other: Rows, settings: PerceptualSettings, exact: bool
) -> npt.NDArray[np.float32]:
    """Strength of media compared one by one, in the mean; -1 where they are not near.

    Of several pictures (frames, views) each may be twice as far as one alone, if they are near in
    the mean: among many one is always far.
    """
    found = np.ones(len(one), np.float32)
    count = left.count[one]
    found[count != right.count[other]] = -1
    compared = np.flatnonzero((found > 0) & (count > 0))
    number = count[compared]
    pair = np.repeat(compared, number)
    nth = np.arange(len(pair)) - np.repeat(np.cumsum(number) - number, number)
    first, second = left.start[one[pair]] + nth, right.start[other[pair]] + nth
    several = replace(settings, image_radius=min(2 * settings.image_radius, 31))
    strength = _strength(left, right, first, second, settings, exact)
    of_many = np.repeat(number, number) > 1
    strength[of_many] = _strength(left, right, first[of_many], second[of_many], several, exact)
    far = np.zeros(len(one), bool)
    far[pair[strength < 0]] = True
    found[compared] = np.bincount(pair, strength, len(one))[compared] / number
    mean_too_far = (count > 1) & (found < 1 - settings.image_radius / 64)
    found[far | mean_too_far] = -1
    return found


def _strength(
    left: Media, right: Media, first: Rows, second: Rows, settings: PerceptualSettings, exact: bool
) -> npt.NDArray[np.float32]:
    """Of each two media: 1 for one digest, else the share of bits in common; -1 if not near."""
    found = np.full(len(first), -1, np.float32)
    for code, modality in MODALITIES.items():
        if exact:
            break
        mine = np.flatnonzero((left.code[first] == code) & (right.code[second] == code))
        mine = mine[left.known[first[mine]] & right.known[second[mine]]]
        words = WORDS[modality]
        one, two = left.words[first[mine], :words], right.words[second[mine], :words]
        near = near_rows(one, two, modality, settings)
        bits = distance_rows(one, two, modality)[near] / (64 * _SOUGHT[modality])
        found[mine[near]] = 1 - bits
    same = (left.digest[first] == right.digest[second]).all(axis=1)
    found[same & (left.code[first] == right.code[second])] = 1
    return found


def response_candidates(
    rows: MediaOfRows,
    first: int = 0,
    settings: PerceptualSettings = _DEFAULT,
    edits: bool = False,
    group: Rows | None = None,
) -> tuple[Rows, Rows]:
    """Pairs of rows whose responses begin with near-equal media: later and earlier, int64 (n,).

    Rows are numbered in order of place; later ones are from `first` on. `group` numbers rows that
    may be duplicates at all (one number for near-equal prompts, say): without it a row is a
    candidate to at most `max_links` of the rows with the very same two responses, and to as many
    swapped. Rows without media in a response have no candidates here.

    Every pair that `near_pairs_media` calls equal is among the candidates, but for that bound.
    """
    exact = edits and settings.edits == "digest"
    there = np.flatnonzero((rows.a.count > 0) & (rows.b.count > 0))
    at_a, at_b = rows.a.start[there], rows.b.start[there]
    found: list[tuple[Rows, Rows]] = [(np.empty(0, np.int64), np.empty(0, np.int64))]
    kinds = np.stack([rows.a.code[at_a], rows.b.code[at_b]], axis=1)
    groups = np.zeros(len(rows), np.int64) if group is None else group
    for code_a, code_b in np.unique(kinds, axis=0).tolist():
        mine = np.flatnonzero((kinds == (code_a, code_b)).all(axis=1))
        turned = np.flatnonzero((kinds == (code_b, code_a)).all(axis=1))
        widths = [_SOUGHT[MODALITIES[code]] for code in (code_a, code_b)]
        most = 0 if exact else sum(radius(MODALITIES[code], settings) for code in (code_a, code_b))
        straight = np.concatenate(
            [
                rows.a.sought(at_a[mine], widths[0], exact),
                rows.b.sought(at_b[mine], widths[1], exact),
            ],
            axis=1,
        )
        crossed = np.concatenate(
            [
                rows.b.sought(at_b[turned], widths[0], exact),
                rows.a.sought(at_a[turned], widths[1], exact),
            ],
            axis=1,
        )
        links = settings.max_links
        pairs = near_pairs(straight, most, group=groups[there[mine]], max_links=links)
        found.append((there[mine[pairs.later]], there[mine[pairs.earlier]]))
        of_both = groups[there[mine]], groups[there[turned]]
        swapped = near_pairs_between(straight, crossed, most, of_both, links)
        found.append((there[mine[swapped.later]], there[turned[swapped.earlier]]))
    return _distinct(found, len(rows), first)


def _distinct(found: list[tuple[Rows, Rows]], count: int, first: int) -> tuple[Rows, Rows]:
    one, other = (np.concatenate([pair[side] for pair in found]) for side in (0, 1))
    later, earlier = np.maximum(one, other), np.minimum(one, other)
    kept = (later != earlier) & (later >= first)
    numbers = np.unique(later[kept] * count + earlier[kept])
    return numbers // max(count, 1), numbers % max(count, 1)


def media_edges(
    rows: MediaOfRows, first: int = 0, settings: PerceptualSettings = _DEFAULT
) -> tuple[Rows, Rows]:
    """Rows that share a near-equal medium, of prompt or response: later and earlier, int64 (n,).

    Rows are numbered in order of place, later ones are from `first` on. Of the rows with one hash
    each has an edge to the first of them, and the first ones of near hashes have one to each other:
    enough to connect all, with no more edges than there are media, near hashes apart.
    """
    found: list[tuple[Rows, Rows]] = [(np.empty(0, np.int64), np.empty(0, np.int64))]
    for code in MODALITIES:
        found += _shared(rows, code, settings)
    return _distinct(found, len(rows), first)


def _shared(
    rows: MediaOfRows, code: int, settings: PerceptualSettings
) -> Iterator[tuple[Rows, Rows]]:
    modality = MODALITIES[code]
    sides = [(media, np.flatnonzero(media.code == code)) for media in (rows.prompt, rows.a, rows.b)]
    of_row: Rows = np.concatenate([media.row()[mine] for media, mine in sides])
    of_words = np.concatenate([media.sought(mine, WORDS[modality]) for media, mine in sides])
    of_known = np.concatenate([media.known[mine] for media, mine in sides])
    order: Rows = np.lexsort((of_row, *of_words.T[::-1], of_known)).astype(np.int64)
    new = np.ones(len(order), bool)
    new[1:] = (of_words[order[1:]] != of_words[order[:-1]]).any(axis=1)
    new[1:] |= of_known[order[1:]] != of_known[order[:-1]]
    leader = order[new]
    yield of_row[order], of_row[leader[np.cumsum(new) - 1]]
    leader = leader[of_known[leader]]
    hashes = of_words[leader]
    pairs = near_pairs(
        np.ascontiguousarray(hashes[:, : _SOUGHT[modality]]),
        radius(modality, settings),
        max_links=settings.max_links,
    )
    near = near_rows(hashes[pairs.later], hashes[pairs.earlier], modality, settings)
    yield of_row[leader[pairs.later[near]]], of_row[leader[pairs.earlier[near]]]
