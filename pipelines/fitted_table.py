"""A table that fits its terminal: texts wrap between words, and less important columns give way."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from typing import Any, Final

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Column, Table

#: Wider than any line that is measured.
_WIDE: Final = 10_000
#: Columns between two columns of the table with their padding, without it, and at both edges.
_GAP, _NARROW_GAP, _EDGES = 3, 1, 2


class FittedTable(Table):
    """A table whose words are never cut where the terminal has room for one of each column.

    Where it is too narrow, in this order: the padding goes, texts wrap between words, columns
    without a value go, and columns of `less` go, the first one first. What went is named below the
    table. When nothing is left to give way, texts that are no numbers fold.
    """

    def __init__(self, *, less: Sequence[str] = (), **how: Any) -> None:
        super().__init__(**how)
        self.less = less

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render what fits into the width given; columns of a ratio share it by that alone."""
        has_ratio = any(one.ratio for one in self.columns)
        fitted = self if has_ratio else self._fitted(console, options)
        yield from Table.__rich_console__(fitted, console, options)

    def _fitted(self, console: Console, options: ConsoleOptions) -> FittedTable:
        wide = options.update(width=_WIDE)
        sizes = {id(one): _size(console, wide, one) for one in self.columns}
        room = options.max_width - _EDGES

        def floor(columns: Sequence[Column], gap: int) -> int:
            return sum(sizes[id(one)].minimum for one in columns) + gap * (len(columns) - 1)

        chosen, gap = list(self.columns), _GAP
        longest = sum(one.maximum for one in sizes.values())
        if longest + gap * (len(chosen) - 1) > room:
            gap = _NARROW_GAP
        if floor(chosen, gap) > room and self.row_count:
            chosen = [one for one in chosen if any(one._cells)]
        gone: list[Column] = []
        for name in self.less:
            if floor(chosen, gap) > room:
                gone += [one for one in chosen if one.header == name]
                chosen = [one for one in chosen if one.header != name]
        for one in list(gone):  # a wide one may have made room for one that went before it
            if floor([*chosen, one], gap) <= room:
                gone.remove(one)
                kept = {id(one), *map(id, chosen)}
                chosen = [other for other in self.columns if id(other) in kept]
        fitted = copy(self)
        if gap == _NARROW_GAP:
            fitted.padding = 0
        widths = _widths([sizes[id(one)] for one in chosen], room - gap * (len(chosen) - 1))
        if sum(widths) + gap * (len(chosen) - 1) <= room:
            fitted.columns = [
                replace(one, _index=at, width=width)
                for at, (one, width) in enumerate(zip(chosen, widths, strict=True))
            ]
        else:
            fitted.columns = [replace(one, _index=at) for at, one in enumerate(chosen)]
        if gone:
            names = ", ".join(" ".join(str(one.header).split()) for one in gone)
            told = [str(one) for one in (self.caption,) if one]
            fitted.caption = "\n".join([*told, f"not shown at this width: {names}"])
        return fitted


def _size(console: Console, wide: ConsoleOptions, column: Column) -> Measurement:
    """The longest word and the longest line of a column; of one that is not wrapped both are it."""
    found = [Measurement.get(console, wide, one) for one in (column.header, *column._cells)]
    most = max((one.maximum for one in found), default=1)
    least = most if column.no_wrap else max((one.minimum for one in found), default=1)
    return Measurement(max(least, 1), max(most, 1))


def _widths(sizes: Sequence[Measurement], room: int) -> list[int]:
    """A width for each column: the widest give first, none less than its longest word."""
    widths = [one.maximum for one in sizes]
    while sum(widths) > room:
        able = [at for at, one in enumerate(sizes) if widths[at] > one.minimum]
        if not able:
            break
        widths[max(able, key=lambda at: widths[at])] -= 1
    return widths
