"""Which rows carry which fault or trap, and the random numbers of each row."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

#: Share of records given to each fault.
FAULT_SHARE: Final = 0.002

_word = functools.cache(lambda name: zlib.crc32(name.encode()))


class Mark(NamedTuple):
    """What a row carries: a fault or trap, and its place among the rows that carry the same."""

    code: str
    nth: int


def stream(seed: int, corpus: str, purpose: str, number: int = 0) -> np.random.Generator:
    """Independent random numbers for one thing (a row, a picture), whatever else is written."""
    return np.random.default_rng((seed, _word(corpus), _word(purpose), number))


def scaled(full: int, scale: float, least: int) -> int:
    """The number of things at `scale`, never below `least`."""
    return max(least, round(full * scale))


def counts(records: int, shares: Mapping[str, float]) -> dict[str, int]:
    """How many of `records` carry each code: its share, and at least one."""
    return {code: max(1, round(records * share)) for code, share in shares.items()}


def spread(slots: int, planned: Mapping[str, int], rng: np.random.Generator) -> dict[int, Mark]:
    """Lay `planned` (code -> number) over `slots`, one mark a slot at most: slot -> mark.

    The slots are cut into as many equal parts as there are marks, and each part holds one; the
    marks of one code lie equally far apart but for chance, so none clusters.

    Raises:
        ValueError: there are more marks than slots.
    """
    total = sum(planned.values())
    if total > slots:
        raise ValueError(f"{total} marks do not fit into {slots} slots")
    marks = [Mark(code, nth) for code, number in planned.items() for nth in range(number)]
    ideal = [(mark.nth + rng.random()) / planned[mark.code] for mark in marks]
    order = np.argsort(ideal, kind="stable").tolist()
    edges = [part * slots // total for part in range(total + 1)] if total else []
    return {
        int(rng.integers(edges[part], edges[part + 1])): marks[at] for part, at in enumerate(order)
    }
