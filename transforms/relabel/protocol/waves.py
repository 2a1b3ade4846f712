"""Waves: how many pairs are asked about next, so that little is bought beyond what is wanted."""

from __future__ import annotations

import math

#: A wave asks for a little more than is expected to be needed: the last rows cost few calls, and
#: one more wave costs the time of its slowest answer.
_MORE = 1.1
#: Rows per pair that are expected at least, however few were kept so far.
_LEAST_YIELD = 0.02


def next_wave(asked: int, kept: int, wanted: int | None, left: int, first: int) -> int:
    """Pairs of the next wave.

    Args:
        asked: pairs that were asked about so far.
        kept: rows that came of them.
        wanted: rows wanted; None for all there are.
        left: pairs that are left.
        first: size of the first wave.
    """
    if wanted is not None and kept >= wanted:
        return 0
    if not asked:
        return min(first if wanted is None else min(first, max(wanted, 1)), left)
    if wanted is None:
        return min(4 * first, left)
    yields = max(kept / asked, _LEAST_YIELD)
    needed = math.ceil((wanted - kept) / yields * _MORE)
    return min(max(needed, 1), 4 * asked, left)
