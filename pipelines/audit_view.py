"""What a person sees of audits: how many verdicts of each audit, and those to be looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Group
from rich.markup import escape
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
        lines.append(_findings(shown, "All findings" if every else "To be looked at"))
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


def _findings(shown: Sequence[Mapping[str, Any]], title: str) -> Any:
    table = table_of(
        title, "verdict", "audit", "subset", "value", "95 %", "rows", "note",
        right=("value", "95 %", "rows"),
    )  # fmt: skip
    table.columns[1].no_wrap = True
    for one in sorted(shown, key=lambda one: _ORDER.index(one["verdict"])):
        scope = "" if one["scope"] == "subset" else f"{one['scope']} "
        table.add_row(
            Text(WORDS[one["verdict"]], style=_STYLES[one["verdict"]]),
            escape(one["audit"]),
            escape(f"{scope}{one['subject']}"),
            _number(one["value"]),
            _interval(one),
            f"{one['rows']:,}",
            escape(" ".join(str(one["note"]).split())),
        )
    return table


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def _interval(one: Mapping[str, Any]) -> str:
    if one["low"] is None or one["high"] is None:
        return "–"
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
