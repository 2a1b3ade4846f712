"""What a person sees of a check: a line a corpus, the differences, a summary; and the exit code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.table import Table
from rich.text import Text

from pipelines.display import table_of
from pipelines.sizes import size_of
from pipelines.source_check.finding import CorpusReport, Difference, Looked, Severity
from pipelines.source_check.words import clean, counted

#: Terminal columns below which a table's cells would be too narrow for lines of a recipe.
_WIDE: Final = 100

#: As the command line has it: done, but something failed its check.
_FAILED: Final = 4

_STYLES: Final[dict[Severity, str]] = {"error": "bold red", "warning": "yellow", "note": "dim"}
_ORDER: Final[tuple[Severity, ...]] = ("error", "warning", "note")


def exit_code(reports: Sequence[CorpusReport]) -> int:
    """4 where any corpus has an error, else 0."""
    return _FAILED if any(report.number("error") for report in reports) else 0


def report_view(reports: Sequence[CorpusReport]) -> Group:
    """All of it; fits itself to the width of the terminal. Nothing in it is read as markup."""
    parts: list[object] = [_line(report) for report in reports]
    said = [entry for report in reports for entry in _ordered(report.differences)]
    if said:
        parts += [Text(), _Differences(said)]
    return Group(*parts, Text(), _summary(reports))  # type: ignore[arg-type]


def _ordered(differences: Sequence[Difference]) -> list[Difference]:
    return sorted(differences, key=lambda entry: _ORDER.index(entry.severity))


def _line(report: CorpusReport) -> Text:
    text = Text(f"{clean(report.corpus)}: ", style="bold")
    if report.as_expected:
        text.append("as expected: ", style="green")
    else:
        worst: Severity = "error" if report.number("error") else "warning"
        text.append(f"{_numbers([report], _ORDER[:2])}: ", style=_STYLES[worst])
    text.append(looked_at(report.looked), style="not bold")
    return text


def looked_at(looked: Looked) -> str:
    """What was looked at, in one sentence."""
    if looked.files == 0:
        return "nothing could be looked at"
    about = "" if looked.rows_exact else "about "
    told = [
        f"{about}{looked.rows:,} rows" if looked.rows is not None else "",
        f"{counted(looked.files, 'file')} ({size_of(looked.size)})",
        f"{looked.records:,} read",
        counted(looked.pairs, "pair"),
        *(f"{number:,} left out ({rule})" for rule, number in sorted(looked.dropped.items())),
        *(f"{number:,} refused ({reason})" for reason, number in sorted(looked.refused.items())),
        *looked.media,
        f"at {looked.commit[:7]}" if looked.commit else "",
    ]
    return clean(", ".join(part for part in told if part), 1_000)


def _summary(reports: Sequence[CorpusReport]) -> Text:
    good = sum(report.as_expected for report in reports)
    counts = _numbers(reports, _ORDER)
    read = sum(report.looked.bytes_read for report in reports)
    of = sum(report.looked.size for report in reports)
    number = f"{len(reports):,} corpora" if len(reports) != 1 else "1 corpus"
    text = f"{number} checked, {good:,} as expected"
    # Of small files some bytes are read twice.
    share = f"{size_of(read)} read" + (f" of {size_of(of)}" if read < of else "")
    return Text(f"{text}{f'; {counts}' if counts else ''}; {share}.")


def _numbers(reports: Sequence[CorpusReport], severities: Sequence[Severity]) -> str:
    totals = {one: sum(report.number(one) for report in reports) for one in severities}
    return ", ".join(counted(number, one) for one, number in totals.items() if number)


class _Differences:
    """The differences: a table where there is room for one, a block each where there is not."""

    def __init__(self, said: Sequence[Difference]) -> None:
        self._said = said

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if options.max_width >= _WIDE:
            yield self._table()
        else:
            yield from self._blocks()

    def _table(self) -> Table:
        table = table_of("Differences", "corpus", "what", "expected", "found", "change")
        table.show_lines = False
        table.columns[0].no_wrap = table.columns[1].no_wrap = True
        for column, ratio in zip(table.columns[2:], (3, 4, 5), strict=True):
            column.ratio = ratio
        table.expand = True
        for entry in self._said:
            what = Text(entry.what)
            what.append(f"\n{entry.severity}", style=_STYLES[entry.severity])
            table.add_row(
                Text(entry.corpus),
                what,
                Text(entry.expected),
                Text(entry.found),
                Text(entry.change),
                end_section=False,
            )
            table.add_row()
        return table

    def _blocks(self) -> Iterator[Text | Table]:
        yield Text("Differences", style="bold")
        for entry in self._said:
            head = Text(f"\n{entry.corpus}, {entry.what}: ")
            head.append(entry.severity, style=_STYLES[entry.severity])
            yield head
            grid = Table.grid(padding=(0, 1))
            grid.add_column(no_wrap=True, style="dim", min_width=9)
            grid.add_column(overflow="fold")
            for name in ("expected", "found", "change"):
                grid.add_row(f" {name}", Text(getattr(entry, name)))
            yield grid
