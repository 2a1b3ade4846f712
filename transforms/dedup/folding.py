"""Folding of texts to the form in which they are compared: NFKC, case folding, NFKC again.

Most characters fold to one character, whatever stands beside them. A text of such characters alone
is folded by a table, thousands of texts at once; the others (combining marks, jamo, ligatures,
``ß``) go through Python's functions one by one. Both give the same.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Final

import numpy as np

#: Code points below this are in the table; those above are rare, and many.
_TABLE: Final = 0x20000
#: In the table: what has to be looked at together with its neighbours.
_NOT_ALONE: Final = np.uint32(0xFFFFFFFF)
#: Hangul vowels and finals, which compose with what stands before them.
_JAMO: Final = ((0x1161, 0x1175), (0x11A8, 0x11C2))


def folded(text: str) -> str:
    """One text, folded."""
    once = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", once)


def folded_points(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """All texts, folded: code points one after another, and where each text begins and ends.

    Returns:
        uint32[total], and int64[texts + 1] from 0 to total.
    """
    points, offsets = _points(texts)
    inside = np.minimum(points, _TABLE)
    by_table = _table()[inside]
    apart = np.flatnonzero(by_table == _NOT_ALONE)
    if not len(apart):
        return by_table, offsets
    rows = np.unique(np.searchsorted(offsets, apart, side="right") - 1)
    others, other_offsets = _points([folded(texts[row]) for row in rows.tolist()])
    is_other = np.zeros(len(texts), bool)
    is_other[rows] = True
    lengths = np.diff(offsets)
    plain = by_table[np.repeat(~is_other, lengths)]
    lengths[is_other] = np.diff(other_offsets)
    from_others = np.repeat(is_other, lengths)
    whole = np.empty(len(from_others), np.uint32)
    whole[~from_others], whole[from_others] = plain, others
    return whole, offsets_of(lengths)


def offsets_of(counts: np.ndarray) -> np.ndarray:
    """int64[n + 1]: where each of n parts that lie one after another begins, and the end."""
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def _points(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), "<u4")
    return points, offsets_of(lengths)


@cache
def _table() -> np.ndarray:
    """uint32[_TABLE + 1]: what each code point folds to by itself; the last is all above."""
    seconds = _seconds()
    table = np.full(_TABLE + 1, _NOT_ALONE, np.uint32)
    for point in range(_TABLE):
        character = chr(point)
        steps = [unicodedata.normalize("NFKC", character)]
        steps += [steps[0].casefold()]
        steps += [unicodedata.normalize("NFKC", steps[1])]
        if all(_stands_alone(step, seconds) for step in (character, *steps)):
            table[point] = ord(steps[-1])
    return table


def _stands_alone(text: str, seconds: frozenset[str]) -> bool:
    """Whether it is one character that nothing before it can be ordered or composed with."""
    return len(text) == 1 and not unicodedata.combining(text) and text not in seconds


def _seconds() -> frozenset[str]:
    """Characters that compose with the one before them."""
    pairs = (unicodedata.decomposition(chr(point)).split() for point in range(_TABLE))
    jamo = (chr(point) for first, last in _JAMO for point in range(first, last + 1))
    composed = (chr(int(pair[1], 16)) for pair in pairs if len(pair) == 2 and pair[0][0] != "<")
    return frozenset([*composed, *jamo])
