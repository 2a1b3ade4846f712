"""What a person sees of audits: how many verdicts of each audit, and those to be looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Group
from rich.markup import escape
from rich.padding import Padding
from rich.text import Text

from pipelines.display import table_of

#: Verdicts as they are written, so that they tell without colour; the worst first.
WORDS: Final = {"fail": "FAIL", "warn": "warn", "pass": "pass", "none": "–"}
_STYLES: Final = {"fail": "bold red", "warn": "yellow", "pass": "green", "none": "dim"}
_ORDER: Final = tuple(WORDS)


def audits_view(audits: Sequence[Mapping[str, Any]], *, every: bool = False) -> Group:
    """Counts by audit, then the findings that failed or warn (with `every`: all), the worst first.

    `audits` are those of ``quality/audits.json``.
    """
    if not audits:
        return Group(Text("no audit was run: quality.audits.checks names none"))
    shown = [one for one in audits if every or one["verdict"] in ("fail", "warn")]
    lines: list[Any] = [_summary(audits)]
    if shown:
        lines += _findings(shown, "All findings" if every else "To be looked at")
    return Group(*lines, Text(_told(audits)))


def _summary(audits: Sequence[Mapping[str, Any]]) -> Any:
    table = table_of("Audits", "audit", *WORDS.values(), "bounds", right=tuple(WORDS.values()))
    for name in dict.fromkeys(one["audit"] for one in audits):
        mine = [one for one in audits if one["audit"] == name]
        counted = Counter(one["verdict"] for one in mine)
        cells = [
            Text(f"{counted[verdict]:,}" if counted[verdict] else "", style=_STYLES[verdict])
            for verdict in _ORDER
        ]
        table.add_row(escape(name), *cells, escape(mine[0]["threshold"]))
    return table


def _findings(shown: Sequence[Mapping[str, Any]], title: str) -> list[Any]:
    """Two lines a finding, which fit a terminal of any width."""
    lines: list[Any] = [Text(title, style="bold"), Text()]
    for one in sorted(shown, key=lambda one: _ORDER.index(one["verdict"])):
        scope = "" if one["scope"] == "subset" else f"{one['scope']} "
        lines += [
            Text.assemble(
                (f"{WORDS[one['verdict']]:6}", _STYLES[one["verdict"]]),
                f"{one['audit']}  {scope}{_line(one['subject'])}",
            ),
            Padding(Text(_figures(one), style="dim"), (0, 0, 0, 6)),
        ]
    return [*lines, Text()]


def _figures(one: Mapping[str, Any]) -> str:
    """The value with its interval, what of, and the note."""
    unit = one["details"].get("unit", "rows")
    interval = f" ({_interval(one)})" if one["low"] is not None else ""
    told = f"{_number(one['value'])}{interval} of {one['rows']:,} {unit}"
    note = _line(one["note"])
    return f"{told}; {note}" if note else told


def _line(text: str) -> str:
    """A text on one line, without characters that a terminal would obey."""
    return "".join(filter(str.isprintable, " ".join(str(text).split())))


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def _interval(one: Mapping[str, Any]) -> str:
    return f"{_number(one['low'])}–{_number(one['high'])}"


def _told(audits: Sequence[Mapping[str, Any]]) -> str:
    counted = Counter(one["verdict"] for one in audits)
    told = ", ".join(
        f"{counted[verdict]:,} {word}"
        for verdict, word in (
            ("fail", "failed"),
            ("warn", "warnings"),
            ("pass", "passed"),
            ("none", "without verdict"),
        )
    )
    return f"{len(audits):,} findings: {told}"
