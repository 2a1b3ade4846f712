"""The findings as a person reads them, and as JSON for machines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipelines.doctor.finding import Finding, State, failed

_STYLES: Final[dict[State, str]] = {
    "ok": "green",
    "info": "dim",
    "warn": "yellow",
    "fail": "bold red",
}


def print_report(console: Console, findings: Sequence[Finding]) -> None:
    """A table by area, what mends what does not work, and one line that sums up."""
    console.print(_table(findings))
    console.print()
    to_mend = [finding for finding in findings if finding.remedy]
    for finding in sorted(to_mend, key=lambda finding: finding.state != "fail"):
        head = Text.assemble(
            (finding.state, _STYLES[finding.state]), f"  {finding.area}: {finding.what}"
        )
        console.print(head)
        # A command must come out in one piece, to be copied.
        console.print(Text(f"      {finding.remedy}"), soft_wrap=True)
    if to_mend:
        console.print()
    console.print(_summary(findings))


def _table(findings: Sequence[Finding]) -> Table:
    """The house style of `pipelines.display`, whose import needs libraries that may be broken."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column("area", no_wrap=True)
    table.add_column("what", no_wrap=True, min_width=10)
    table.add_column("state", no_wrap=True)
    table.add_column("found", overflow="fold")
    area = ""
    for finding in findings:
        table.add_row(
            Text(finding.area if finding.area != area else ""),
            Text(finding.what),
            Text(finding.state, _STYLES[finding.state]),
            Text(finding.detail),
        )
        area = finding.area
    return table


def _summary(findings: Sequence[Finding]) -> Text:
    counts: Counter[str] = Counter(finding.state for finding in findings)
    told = ", ".join(
        f"{counts[state]} {word}"
        for state, word in (("ok", "good"), ("warn", "to note"), ("fail", "to mend"))
        if counts[state]
    )
    if failed(findings):
        return Text.assemble(("Not ready", _STYLES["fail"]), f": {told}.")
    return Text.assemble(("Ready", _STYLES["ok"]), f": {told}.")


def as_json(findings: Sequence[Finding]) -> str:
    """`{"ready": bool, "findings": [{area, what, state, detail, remedy}, …]}`."""
    content = {
        "ready": not failed(findings),
        "findings": [asdict(finding) for finding in findings],
    }
    return json.dumps(content, indent=2, ensure_ascii=False)
