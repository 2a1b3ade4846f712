"""Which files of two sides are compared with which: ranges of ids that files of both sides fill."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
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

    @property
    def rows(self) -> int:
        """Rows of the side that has more."""
        return max(_rows(self.before), _rows(self.after))

    def pieces(self) -> Iterator[Part]:
        """The range cut so that no piece is expected to hold more than `MAX_ROWS` of a side."""
        count = 1
        while self.rows / count > MAX_ROWS and count < self.high - self.low:
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


def together(found: Iterable[Part]) -> Iterator[Part]:
    """Neighbouring parts put together while they hold no more than `MAX_ROWS`: media make shards of
    few rows, and every comparison has its price.

    Parts between them that are left out stay so: what is compared are the files of a part.
    """
    held: list[Part] = []
    rows = 0
    for part in found:
        if held and rows + part.rows > MAX_ROWS:
            yield _joined(held)
            held, rows = [], 0
        held.append(part)
        rows += part.rows
    if held:
        yield _joined(held)


def _joined(neighbours: Sequence[Part]) -> Part:
    return Part(
        neighbours[0].low,
        neighbours[-1].high,
        tuple(shard for part in neighbours for shard in part.before),
        tuple(shard for part in neighbours for shard in part.after),
    )


def _within(shards: Sequence[Shard], low: int, high: int) -> tuple[Shard, ...]:
    return tuple(one for one in shards if one.span[0] < high and one.span[1] > low)


def _known(shards: Sequence[Shard]) -> set[tuple[str, str]] | None:
    """Split and digest of each file; None where a digest is not known."""
    if not shards or any(one.digest is None for one in shards):
        return None
    return {(one.split, str(one.digest)) for one in shards}


def _rows(shards: Sequence[Shard]) -> int:
    return sum(map(rows_of, shards))


@lru_cache(maxsize=65_536)
def rows_of(shard: Shard) -> int:
    """Rows of a file by its footer, which is read once."""
    return shard.metadata().num_rows
