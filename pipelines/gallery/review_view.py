"""The scores of a person's review, in the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group
from rich.markup import escape
from rich.text import Text

from pipelines.display import table_of
from pipelines.gallery.checks import ScoreLine, score_lines


def review_view(review: Mapping[str, Any]) -> Group:
    """Agreement of a person with the dataset: over all rows, by task, by subset."""
    columns = ("rows", "agree", "95 %", "kappa", "kappa 95 %")
    table = table_of("Review", "of", *columns, right=columns)
    lines = score_lines(review)
    for line in lines:
        numbers = (line.agreed, line.interval, line.kappa, line.kappa_interval)
        table.add_row(escape(line.name), f"{line.rows:,}", *numbers)
    return Group(table, Text(summary_of(lines[0])) if lines else Text("no answers that count"))


def summary_of(line: ScoreLine) -> str:
    """What the scores of all rows say, in a sentence."""
    skipped = f", {line.skipped:,} skipped" if line.skipped else ""
    return (
        f"A person agrees with the dataset in {line.agreed} of {line.rows:,} pairs{skipped}; "
        f"corrected for chance (kappa) {line.kappa}."
    )
