"""A diff in the terminal: a table of subsets, the columns that changed, and rows if wanted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.text import Text

from pipelines.diff.result import KIND_TITLES, KINDS, DatasetDiff, RowChange, SubsetDiff
from pipelines.display import table_of

_NUMBERS = ("before", "after", "added", "removed", "label", "criterion", "changed", "media")


def diff_view(found: DatasetDiff) -> Group:
    """What differs, subset by subset; equal subsets are only counted."""
    differ = [one for one in found.subsets if not one.is_empty]
    equal = len(found.subsets) - len(differ)
    if not differ:
        return Group(Text(f"equal: {_subsets(equal)}, {_rows(found):,} rows"))
    table = table_of(
        escape(f"{found.before} → {found.after}"), "subset", *_NUMBERS, "equal files",
        right=(*_NUMBERS, "equal files"),
        less=("equal files", "media", "changed", "criterion"),
    )  # fmt: skip
    for one in differ:
        numbers = (
            one.added, one.removed, one.label_changed, one.criterion_changed, one.rows_changed,
            one.media_changed,
        )  # fmt: skip
        table.add_row(
            escape(one.subset),
            f"{one.rows_before:,}",
            f"{one.rows_after:,}",
            *(f"{number:,}" if number else "" for number in numbers),
            f"{one.files_equal:,} of {one.files_after:,}",
        )
    lines: list[RenderableType] = [table, *(line for one in differ for line in _details(one))]
    if equal:
        lines.append(Text(f"{_subsets(equal)} equal"))
    return Group(*lines)


def _subsets(number: int) -> str:
    return f"{number} subset" + ("" if number == 1 else "s")


def _rows(found: DatasetDiff) -> int:
    return sum(one.rows_after for one in found.subsets)


def details(one: SubsetDiff) -> list[tuple[str, str]]:
    """What stands behind the numbers of a subset: ``(title, text)``."""
    said = (
        ("labels", _counted({kind.replace(">", " → "): n for kind, n in one.labels.items()})),
        ("columns", _counted(one.columns)),
        ("media", _counted(one.media)),
        ("other split", f"{one.moved:,}" if one.moved else ""),
        ("columns only before", ", ".join(one.columns_removed)),
        ("columns only after", ", ".join(one.columns_added)),
    )
    return [(title, text) for title, text in said if text]


def _details(one: SubsetDiff) -> Iterator[Text]:
    lines = details(one)
    if lines:
        yield Text(one.subset, style="bold")
    for title, text in lines:
        yield Text.assemble((f"  {title}: ", "dim"), text)


def _counted(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {count:,}" for name, count in ordered)


def row_lines(found: DatasetDiff) -> Iterator[str]:
    """Every row that differs, a line each: subset, what happened, ids, label, columns."""
    for one in found.subsets:
        for kind in KINDS:
            for row in one.rows:
                if row.kind == kind:
                    yield f"{one.subset}  {_row_line(row)}"


def _row_line(row: RowChange) -> str:
    parts = [KIND_TITLES[row.kind], row.row_id]
    if row.new_row_id is not None:
        parts.append(f"→ {row.new_row_id}")
    if row.before != row.after and row.before is not None and row.after is not None:
        parts.append(f"{row.before} → {row.after}")
    names = [name for name in row.columns if name != "preference"]
    if names:
        parts.append(", ".join(names))
    return "  ".join(parts)
