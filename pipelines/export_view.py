"""An export in the terminal: rows in and out of each subset, and why rows were left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.text import Text

from pipelines.display import table_of
from pipelines.exporting import Exported


def export_view(done: Exported, folder: str) -> Group:
    """A line a part, then what was left out as a whole, and the sum."""
    table = table_of(
        None, "subset", "split", "rows", "exported", "left out", "fitted",
        right=("rows", "exported"),
    )  # fmt: skip
    for counts in done.parts:
        table.add_row(
            escape(counts.part.subset),
            escape(counts.part.split),
            f"{counts.rows_in:,}",
            f"{counts.rows_out:,}",
            _counted(counts.dropped),
            _counted(counts.notes),
        )
    lines: list[RenderableType] = [table] if done.parts else []
    rows = done.rows
    dropped: Counter[str] = sum((counts.dropped for counts in done.parts), Counter())
    lines.append(
        Text(
            f"{folder}: {rows['out']:,} {_rows(rows['out'])} of {rows['in']:,}"
            + (f"; left out: {_counted(dropped)}" if dropped else "")
        )
    )
    if done.left_out:
        lines.append(Text(_without_form(done)))
    lines += [Text(remark) for remark in done.remarks]
    return Group(*lines)


def _without_form(done: Exported) -> str:
    """The rows of tasks that the format has no form for, by task and subset."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in done.left_out.items():
        task = reason.split(" no form for ")[-1]
        by_reason.setdefault(task, []).append(f"{name} {done.left_out_rows[name]:,}")
    number = done.rows["without_form"]
    told = ", ".join(f"{task} ({', '.join(names)})" for task, names in by_reason.items())
    return f"{number:,} {_rows(number)} of tasks that {done.format} has no form for: {told}"


def _rows(number: int) -> str:
    return "row" if number == 1 else "rows"


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {counts[name]:,}" for name in sorted(counts))
