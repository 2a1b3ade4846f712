"""What an expectation of a subset is: one check on its facts frame, as YAML and schema state it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Final, Literal

#: What an expectation may ask of a column; exactly one.
CheckName = Literal["is_null", "unique", "values", "matches", "equals", "share", "rows", "between"]

#: Standard errors by which the bounds of a share give way: a small sample of a sound corpus passes.
STANDARD_ERRORS: Final = 4.0


@dataclass(frozen=True)
class Expectation:
    """One check. Nulls break none but ``is_null: false``.

    `column` may name several: each is then checked on its own.
    """

    column: str | tuple[str, ...] = ()
    #: Whether the column must be null, or must not.
    is_null: bool | None = None
    unique: bool = False
    #: One of these.
    values: tuple[str, ...] | None = None
    #: A regular expression that matches from the beginning.
    matches: str | None = None
    #: The name of another column, with equal values.
    equals: str | None = None
    #: The bounds are of the mean of a column of 0 and 1, wider for few rows.
    share: bool = False
    #: The bounds are of the number of rows; no column.
    rows: bool = False
    min: float | None = None
    max: float | None = None
    #: Said where it fails.
    why: str = ""

    def __post_init__(self) -> None:
        named = [
            name
            for name in ("is_null", "values", "matches", "equals")
            if getattr(self, name) is not None
        ]
        named += [name for name in ("unique", "share", "rows") if getattr(self, name)]
        bounded = self.min is not None or self.max is not None
        plain = not named and bounded
        if len(named) + plain != 1:
            raise ValueError(
                "an expectation checks one thing: is_null, unique, values, matches, equals, share, "
                f"rows, or min and max; here {', '.join(named) or 'none'}"
            )
        if bounded != (plain or self.share or self.rows):
            raise ValueError("min and max belong to a column's values, a share, or rows")
        if self.rows == bool(self.column):
            raise ValueError("name a column, unless the rows are counted")
        for bound in (self.min, self.max):
            if bound is not None and not math.isfinite(bound):
                raise ValueError("min and max are finite numbers")
        if self.matches is not None:
            try:
                re.compile(self.matches)
            except re.error as error:
                raise ValueError(f"matches: no regular expression: {error}") from None

    @property
    def check(self) -> CheckName:
        """What it asks."""
        if self.is_null is not None:
            return "is_null"
        if self.unique:
            return "unique"
        for name in ("values", "matches", "equals"):
            if getattr(self, name) is not None:
                return name
        return "share" if self.share else "rows" if self.rows else "between"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it looks at, one after the other."""
        return (self.column,) if isinstance(self.column, str) else self.column

    def single(self) -> list[Expectation]:
        """One expectation for each column."""
        if self.rows:
            return [self]
        return [replace(self, column=column) for column in self.columns]

    def widened(self, rows: int) -> Expectation:
        """The bounds of a share, as far apart as `rows` rows ask for."""
        if not self.share or not rows:
            return self
        low = None if self.min is None else max(0.0, self.min - _slack(self.min, rows))
        high = None if self.max is None else min(1.0, self.max + _slack(self.max, rows))
        return replace(self, min=low, max=high)


def _slack(share: float, rows: int) -> float:
    return STANDARD_ERRORS * math.sqrt(max(0.0, share * (1 - share)) / rows)


#: Expectations by name; None takes away what a more general suite has under that name.
Suite = dict[str, Expectation | None]


@dataclass(frozen=True)
class Named:
    """An expectation on one column, with its name in the suite."""

    name: str
    expectation: Expectation

    @property
    def column(self) -> str | None:
        """Its column; None for the number of rows."""
        columns = self.expectation.columns
        return columns[0] if columns else None


def suite_of(*suites: Suite) -> list[Named]:
    """One suite from several, the more special after the more general; column by column."""
    merged: Suite = {}
    for suite in suites:
        merged |= suite
    return [
        Named(name, single)
        for name, expectation in merged.items()
        if expectation is not None
        for single in expectation.single()
    ]
