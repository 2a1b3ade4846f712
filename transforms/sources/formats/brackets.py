"""Which brackets and commas of JSON text stand outside its strings, and how deep they lie.

Nothing is parsed, so text of any depth costs the same. Of text that is not JSON the depth is that
of its brackets.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

#: Bytes that are followed at once: what is kept of one block stays in the cache.
BLOCK: Final = 64 * 1024

_BACKSLASH, _QUOTE, COMMA, OPEN, CLOSE = range(1, 6)
_KINDS: Final = bytes.maketrans(
    bytes(range(256)),
    bytes(
        {
            ord("\\"): _BACKSLASH,
            ord('"'): _QUOTE,
            ord(","): COMMA,
            ord("["): OPEN,
            ord("{"): OPEN,
            ord("]"): CLOSE,
            ord("}"): CLOSE,
        }.get(code, 0)
        for code in range(256)
    ),
)
#: What each kind does to the depth.
_STEPS: Final = np.array([0, 0, 0, 0, 1, -1], np.int64)


class Marks(NamedTuple):
    """The brackets and commas of one block, one entry each: `at` in the block, the depth after."""

    at: np.ndarray
    kinds: np.ndarray
    depths: np.ndarray


class Brackets:
    """Follows JSON text block by block; a block may end anywhere. `depth` is that at its end."""

    def __init__(self) -> None:
        self.depth = 0
        self._in_string = self._is_escaped = False

    def follow(self, block: bytes) -> Marks:
        """The marks of the next block."""
        codes = np.frombuffer(block.translate(_KINDS), np.uint8)
        at = np.flatnonzero(codes != 0)
        kinds = codes[at]
        self._is_escaped = _drop_escaped(at, kinds, len(block), self._is_escaped)
        inside = (np.cumsum(kinds == _QUOTE) + self._in_string) & 1
        if len(inside):
            self._in_string = bool(inside[-1])
        outside = np.flatnonzero((inside == 0) & (kinds >= COMMA))
        at, kinds = at[outside], kinds[outside]
        depths = np.cumsum(_STEPS[kinds]) + self.depth
        if len(depths):
            self.depth = int(depths[-1])
        return Marks(at, kinds, depths)


def _drop_escaped(at: np.ndarray, kinds: np.ndarray, size: int, is_escaped: bool) -> bool:
    """Take from `kinds` what a backslash escapes; whether the first byte after them is escaped.

    A backslash escapes what follows it unless it is escaped itself: of a run of them, one by one.
    """
    if is_escaped and len(at) and at[0] == 0:
        kinds[0] = 0
    marks = np.flatnonzero(kinds == _BACKSLASH)
    if not len(marks):
        return is_escaped and size == 0
    places = at[marks]
    firsts = np.flatnonzero(np.diff(places, prepend=-2) != 1)
    lasts = np.append(firsts[1:], len(marks)) - 1
    odd = lasts[(lasts - firsts) % 2 == 0]
    following = marks[odd] + 1
    beyond = following == len(at)
    escaped = following[~beyond]
    escaped = escaped[at[escaped] == places[odd[~beyond]] + 1]
    kinds[escaped] = 0
    return bool(len(odd)) and int(places[odd[-1]]) == size - 1


def depth_of(text: bytes) -> int:
    """The most brackets of JSON text that are open at once."""
    brackets = Brackets()
    return max(
        (
            int(brackets.follow(text[start : start + BLOCK]).depths.max(initial=0))
            for start in range(0, len(text), BLOCK)
        ),
        default=0,
    )
