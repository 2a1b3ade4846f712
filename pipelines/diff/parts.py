"""Which files of two sides are compared with which: ranges of ids that files of both sides fill."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from pipelines.dataset.shard import PLACES, Shard

#: Rows of a side that are held at a time; a range with more is read several times over.
MAX_ROWS: Final = 65_536


@dataclass(frozen=True)
class Part:
    """A range of ids, half open, in 65,536ths, and the files of each side that touch it."""

    low: int
    high: int
    before: tuple[Shard, ...]
    after: tuple[Shard, ...]

    @property
    def is_equal(self) -> bool:
        """Whether the same files are known, by digest, to stand on both sides."""
        first, second = _known(self.before), _known(self.after)
        return first is not None and first == second

    def pieces(self) -> Iterator[Part]:
        """The range cut so that no piece is expected to hold more than `MAX_ROWS` of a side."""
        rows = max(_rows(self.before), _rows(self.after))
        count = 1
        while rows / count > MAX_ROWS and count < self.high - self.low:
            count *= 2
        step = (self.high - self.low) // count
        for number in range(count):
            low = self.low + number * step
            yield Part(low, low + step, self.before, self.after)


def parts(before: Sequence[Shard], after: Sequence[Shard]) -> Iterator[Part]:
    """The smallest ranges that no file of either side reaches over, in order of id."""
    shards = [*before, *after]
    inside = {place for one in shards for place in range(one.span[0] + 1, one.span[1])}
    edges = {edge for one in shards for edge in one.span} - inside
    bounds = sorted(edges | {0, PLACES})
    for low, high in pairwise(bounds):
        yield Part(low, high, _within(before, low, high), _within(after, low, high))


def _within(shards: Sequence[Shard], low: int, high: int) -> tuple[Shard, ...]:
    return tuple(one for one in shards if one.span[0] < high and one.span[1] > low)


def _known(shards: Sequence[Shard]) -> set[tuple[str, str]] | None:
    """Split and digest of each file; None where a digest is not known."""
    if not shards or any(one.digest is None for one in shards):
        return None
    return {(one.split, str(one.digest)) for one in shards}


def _rows(shards: Sequence[Shard]) -> int:
    return sum(shard.metadata().num_rows for shard in shards)
