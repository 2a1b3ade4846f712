"""What `omnireward media` shows: a line a file, a summary, what is unused in a store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from rich.cells import cell_len
from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from pipelines.display import table_of
from pipelines.media_check import OUTCOMES, Checked
from pipelines.sizes import size_of

if TYPE_CHECKING:  # it knows Beam, which takes seconds to import
    from pipelines.media_gc import Clearing, Tally

_STYLES: Final[Mapping[str, str]] = {
    "kept": "green",
    "normalised": "cyan",
    "rejected": "bold red",
    "unreadable": "bold red",
    "no medium": "dim",
}
_OUTCOME_WIDTH: Final = max(map(len, OUTCOMES))
_MODALITY_WIDTH: Final = 5
_SHORTEST_NAME: Final = 12

_KINDS: Final[Mapping[str, str]] = {
    "source": "sources",
    "product": "products",
    "fate": "what became of sources",
    "temporary": "left by writers",
    "unknown": "not the store's",
}


def shown(text: str) -> str:
    """A name as it can be printed: what moves the cursor, turns text round or is no text is spelt
    out, so that a file's name can't pretend to be another line.
    """
    return "".join(
        mark if mark.isprintable() else mark.encode("unicode_escape", "surrogatepass").decode()
        for mark in text
    )


def name_width(names: Iterable[str], width: int) -> int:
    """Columns for the names of files, in lines of a width: at most two fifths of it."""
    longest = max((cell_len(shown(name)) for name in names), default=0)
    return max(_SHORTEST_NAME, min(longest, width * 2 // 5))


def file_line(one: Checked, names: int, width: int | None) -> Table | Text:
    """What became of a file. On a terminal, of a `width`, names and facts are fitted to columns."""
    name = shown(one.path)
    detail = _detail(one)
    style = _STYLES[one.outcome]
    if width is None:
        line = Text(f"{name:{names}}  {one.modality or '-':{_MODALITY_WIDTH}}  ")
        line.append(f"{one.outcome:{_OUTCOME_WIDTH}}", style)
        return line.append(f"  {detail}".rstrip())
    table = Table.grid(padding=(0, 2, 0, 0))
    rest = width - names - _MODALITY_WIDTH - _OUTCOME_WIDTH - 6
    for columns in (names, _MODALITY_WIDTH, _OUTCOME_WIDTH, max(rest, 10)):
        table.add_column(width=columns, overflow="fold")
    table.add_row(
        Text(_cut(name, names)),
        Text(one.modality or "–"),
        Text(one.outcome, style=style),
        Text(detail),
    )
    return table


def _cut(name: str, width: int) -> str:
    """The end of a path says more than its beginning."""
    if cell_len(name) <= width:
        return name
    while cell_len(name) >= width:  # letters of some scripts take two columns
        name = name[1:]
    return f"…{name}"


def _detail(one: Checked) -> str:
    if one.outcome in ("rejected", "unreadable"):
        return ": ".join(filter(None, (one.reason, shown(one.message))))
    facts = facts_line(one.facts)
    return f"{'+'.join(one.changes)}: {facts}" if one.changes else facts


def facts_line(facts: Mapping[str, Any]) -> str:
    """The facts of a medium in short: ``mp4 640 x 480 5.0 s 120 frames at 24 Hz 1.2 MB``."""
    told: list[str] = [shown(str(facts.get("format", "")))]
    if "width" in facts and "height" in facts:
        told.append(f"{facts['width']} x {facts['height']}")
    if facts.get("duration_s"):
        told.append(f"{facts['duration_s']:.1f} s")
    if facts.get("rate_hz"):
        told.append(f"at {facts['rate_hz']:,.6g} Hz")
    told += [
        f"{facts[name]:,} {name}" for name in ("channels", "vertices", "faces") if name in facts
    ]
    if "bytes" in facts:
        told.append(size_of(facts["bytes"]))
    return " ".join(filter(None, told))


def summary_view(outcomes: Counter[str], reasons: Counter[str]) -> Group:
    """How many files came to each outcome, and why files were rejected."""
    total = sum(outcomes.values())
    told = ", ".join(f"{outcomes[name]:,} {name}" for name in OUTCOMES if outcomes[name])
    lines: list[Any] = [Text(f"{total:,} file{'s' * (total != 1)}: {told or 'nothing to check'}")]
    if reasons:
        table = table_of("Rejected", "reason", "files", right=("files",))
        for reason, number in sorted(reasons.items(), key=lambda item: (-item[1], item[0])):
            table.add_row(reason, f"{number:,}")
        lines = [table, *lines]
    return Group(Text(), *lines)


def clearing_view(store: str, found: Clearing) -> Group:
    """What is in a store and what of it no dataset uses."""
    numbers = ("files", "size", "unused", "unused size", "young")
    table = table_of(escape(shown(store)), "kind", *numbers, right=numbers)
    for kind, tally in sorted(found.tallies.items(), key=lambda item: list(_KINDS).index(item[0])):
        _add_row(table, _KINDS[kind], tally)
    _add_row(table, "all", found.total)
    note = (
        "Unused is what no dataset of these outputs refers to. What is younger than "
        f"{found.young_hours:.0f} hours stays: a build may need it yet."
    )
    return Group(table, Text(note, style="dim"))


def _add_row(table: Table, name: str, tally: Tally) -> None:
    table.add_row(
        name,
        f"{tally.files:,}",
        size_of(tally.bytes),
        f"{tally.unused:,}",
        size_of(tally.unused_bytes),
        f"{tally.young:,}",
    )
