"""What a person sees of the gate in the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Group
from rich.text import Text

from pipelines.display import table_of
from pipelines.gate.result import DATASET, Checked, Gate, Outcome
from pipelines.layout import Layout

#: Ids of a failed expectation that a terminal shows; the gate's file has more.
_IDS_SHOWN = 5


def gate_view(gate: Gate, output: str, *, whole: bool = True) -> Group:
    """One line a subset, then every failed expectation with what was wanted, observed, and ids."""
    numbers = ("rows", "expectations", "failed", "waived")
    table = table_of(None, "subset", "task", *numbers, "gate", right=numbers)
    parts: list[Any] = [table]
    for name, checked in gate.everything.items():
        if name == DATASET and not whole:
            continue
        failed = [one for one in checked.expectations if not one.passed]
        waived = [one for one in failed if not one.stops]
        table.add_row(
            "the whole dataset" if name == DATASET else name,
            checked.task,
            f"{checked.rows:,}",
            f"{len(checked.expectations):,}",
            f"{len(failed) - len(waived):,}",
            f"{len(waived):,}",
            Text("passed", "green") if checked.passed else Text("failed", "bold red"),
        )
        parts += _failed(name, checked)
    parts += [Text(one, "yellow") for one in gate.limited]
    parts.append(_verdict(gate, output, whole=whole))
    return Group(*parts)


def _failed(name: str, checked: Checked) -> list[Text]:
    lines = []
    for one in checked.expectations:
        if not one.passed:
            lines += [_headline(name, one), *_details(one), Text()]
    return lines


def _headline(name: str, one: Outcome) -> Text:
    line = Text(f"{name}: {one.expectation}", "bold red" if one.stops else "bold yellow")
    if one.column and one.column != one.expectation:
        line.append(f"  {one.column}", "default")
    return line


def _details(one: Outcome) -> list[Text]:
    told = [("wanted", one.wanted), ("observed", one.observed)]
    if one.why:
        told.insert(0, ("why", one.why))
    if one.row_ids:
        shown = ", ".join(one.row_ids[:_IDS_SHOWN])
        more = one.failing - min(len(one.row_ids), _IDS_SHOWN)
        told.append(("rows", shown + (f" and {more:,} more" if more else "")))
    if one.waived is not None:
        told.append(("waived", one.waived))
    return [Text(f"  {title:9} {value}") for title, value in told]


def _verdict(gate: Gate, output: str, *, whole: bool) -> Text:
    stopped = sum(len(checked.stopped) for checked in gate.everything.values())
    if not whole:
        said = "passed" if not stopped else f"{stopped:,} failed"
        return Text(
            f"These subsets: {said}. Nothing was written: the gate is of the whole dataset."
        )
    pages = Layout.of(output).quality("data_docs", "index.html")
    if not stopped:
        return Text(f"The gate is passed. Results: {pages}")
    what = "1 expectation" if stopped == 1 else f"{stopped:,} expectations"
    return Text(f"The gate is not passed: {what} failed. Results: {pages}", "bold")
