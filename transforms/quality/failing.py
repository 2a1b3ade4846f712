"""Which rows fail an expectation, and how what is wanted and what was seen are put into words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from schemas.dead_letter import excerpt
from transforms.quality.expectation import Expectation, Named

#: Ids that are named of each failed expectation.
IDS_SHOWN: Final = 20

_VALUES_SHOWN: Final = 3
_VALUE_CHARS: Final = 60


def failing(frame: pl.DataFrame, named: Named) -> pl.DataFrame:
    """The rows of a facts frame that fail an expectation; of a share, those of the side that is too
    many. None for the number of rows.
    """
    expectation = named.expectation
    if expectation.check == "rows":
        return frame.clear()
    return frame.filter(_fails(frame, pl.col(named.column or ""), expectation).fill_null(False))


def _fails(frame: pl.DataFrame, column: pl.Expr, expectation: Expectation) -> pl.Expr:
    if expectation.check == "is_null":
        return column.is_not_null() if expectation.is_null else column.is_null()
    if expectation.check == "unique":
        return column.is_duplicated() & column.is_not_null()
    if expectation.check == "values":
        return ~column.is_in(expectation.values or ())
    if expectation.check == "matches":
        return ~column.cast(pl.String).str.contains(f"^(?:{expectation.matches})")
    if expectation.check == "equals":
        return column.ne_missing(pl.col(expectation.equals or ""))
    if expectation.check == "share":
        mean = frame.select(column.mean()).item()
        return column == int(expectation.max is not None and (mean or 0) > expectation.max)
    low, high = expectation.min, expectation.max
    bounds = [column < low] if low is not None else []
    bounds += [column > high] if high is not None else []
    return pl.any_horizontal(*bounds, column.is_nan() if _float(frame, expectation) else False)


def _float(frame: pl.DataFrame, expectation: Expectation) -> bool:
    return frame.schema[expectation.columns[0]].is_float()


def wanted(expectation: Expectation) -> str:
    """What an expectation asks for."""
    if expectation.check == "is_null":
        return "null" if expectation.is_null else "not null"
    if expectation.check == "unique":
        return "unique"
    if expectation.check == "values":
        return "one of " + ", ".join(expectation.values or ())
    if expectation.check == "matches":
        return f"matches {expectation.matches}"
    if expectation.check == "equals":
        return f"equal to {expectation.equals}"
    what = {"share": "share ", "rows": ""}.get(expectation.check, "")
    low, high = expectation.min, expectation.max
    if low == high and low is not None:
        return f"{what}exactly {number(low)}"
    if low is None or high is None:
        bound = f"at least {number(low)}" if low is not None else f"at most {number(high)}"
        return what + bound
    return f"{what}{number(low)} to {number(high)}"


def observed(frame: pl.DataFrame, named: Named, rows: pl.DataFrame) -> str:
    """What was seen; `rows` are those that fail."""
    expectation = named.expectation
    if expectation.check == "rows":
        return f"{frame.height:,} rows"
    column = frame[named.column or ""]
    if expectation.check == "share":
        mean = column.mean()
        known = len(column) - column.null_count()
        return f"{number(mean)} of {known:,} rows" if mean is not None else "no rows"
    if not rows.height:
        return _span(column) if expectation.check == "between" else "as wanted"
    values = rows[named.column or ""].unique(maintain_order=True).head(_VALUES_SHOWN + 1).to_list()
    return f"{rows.height:,} of {frame.height:,} rows: {_some(values)}"


def _span(column: pl.Series) -> str:
    low, high = column.min(), column.max()
    return "null" if low is None else f"{number(low)} to {number(high)}"


def _some(values: Sequence[object]) -> str:
    shown = [
        number(value) if isinstance(value, int | float) else excerpt(printable(value), _VALUE_CHARS)
        if isinstance(value, str) else "null"
        for value in values[:_VALUES_SHOWN]
    ]  # fmt: skip
    return ", ".join(shown) + (", …" if len(values) > _VALUES_SHOWN else "")


def printable(text: str) -> str:
    """A text of the dataset as a terminal may show it: nothing in it moves the cursor."""
    return "".join(one if one.isprintable() else "\ufffd" for one in text)


def number(value: Any) -> str:
    """A number for reading, at four significant digits where it is a fraction."""
    if value is None:
        return "null"
    if isinstance(value, float) and not value.is_integer():
        return f"{value:.4g}"
    return f"{int(value):,}"
