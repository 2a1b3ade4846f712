"""Step: the number of records, by the footers of Parquet files or by the size of the first ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pipelines.source_check.excerpt import Excerpt
from pipelines.source_check.finding import Difference
from pipelines.source_check.subject import Subject
from pipelines.source_check.words import yaml_line

#: By how many times an estimate may be off.
_OFF: Final = 2.0


def rows_of(excerpts: Sequence[Excerpt], sizes: Mapping[str, int]) -> tuple[int | None, bool]:
    """The number of records and whether it is exact; None where it can't be told.

    Of text it is estimated: size of the file by the mean size of its first records.
    """
    if not excerpts:
        return None, True
    if all(one.rows is not None for one in excerpts):
        return sum(one.rows or 0 for one in excerpts), True
    total = 0.0
    for one in excerpts:
        if one.rows is not None:
            total += one.rows
        elif one.record_bytes and not one.name.lower().endswith(".gz"):
            total += sizes[one.name] / one.record_bytes
        else:
            return None, False
    return _rounded(total), False


def _rounded(number: float) -> int:
    """Two digits of it: an estimate knows no more."""
    digits = max(0, len(str(int(number))) - 2)
    return int(round(number, -digits))


def check_count(subject: Subject, rows: int | None, *, exact: bool) -> list[Difference]:
    """Hold the number against the recipe's; an estimate only where it is far off."""
    expected = subject.corpus.rows
    if expected is None or rows is None:
        return []
    if exact and rows != expected:
        change = yaml_line("rows", rows) + "  # if the corpus has changed"
    elif not exact and not expected / _OFF <= rows <= expected * _OFF:
        change = "see that the files are whole, or mend `rows`"
    else:
        return []
    found = f"{rows:,} rows" if exact else f"about {rows:,} rows, by the size of the first"
    return [subject.differs("count", "warning", f"{expected:,} rows", found, change)]
