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
        right=("rows", "exported"), fold=True,
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
    for reason in dict.fromkeys(done.left_out.values()):
        names = [name for name, why in done.left_out.items() if why == reason]
        lines.append(Text(f"left out: {', '.join(names)}: {reason}", style="dim"))
    total = sum(counts.rows_out for counts in done.parts)
    dropped: Counter[str] = sum((counts.dropped for counts in done.parts), Counter())
    lines.append(
        Text(
            f"{folder}: {total:,} rows of {sum(one.rows_in for one in done.parts):,}"
            + (f"; left out: {_counted(dropped)}" if dropped else "")
        )
    )
    return Group(*lines)


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {counts[name]:,}" for name in sorted(counts))
