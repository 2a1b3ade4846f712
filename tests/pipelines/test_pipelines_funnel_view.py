"""What a build's end says: few subsets are told apart, of many the sums are."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from pipelines.funnel_view import dead_table, left_out_by_rule

RECORD = {
    "counts": {
        "sources": {"in": 10, "out": 6, "dead:no_prompt": 1, "dropped:tie": 3, "dropped:odd": 0},
        "media": {"in": 6, "out": 4, "dead:media_missing": 2},
    }
}


def lines(table: Table) -> list[list[str]]:
    console = Console(width=120, record=True)
    with console.capture() as captured:
        console.print(table)
    return [line.split() for line in captured.get().splitlines() if line.strip()][3:]


def test_few_subsets_are_told_apart() -> None:
    records = {"A": RECORD, "B": RECORD}
    assert lines(left_out_by_rule(records)) == [["A", "tie", "3"], ["B", "tie", "3"]]
    assert lines(dead_table(records)) == [
        ["A", "sources", "no_prompt", "1"],
        ["A", "media", "media_missing", "2"],
        ["B", "sources", "no_prompt", "1"],
        ["B", "media", "media_missing", "2"],
    ]


def test_of_many_the_sums_are_shown_largest_first() -> None:
    records = dict.fromkeys("ABCDEF", RECORD) | {"G": {"counts": {}}}
    assert lines(left_out_by_rule(records)) == [["tie", "6", "18"]]
    assert lines(dead_table(records)) == [
        ["media", "media_missing", "6", "12"],
        ["sources", "no_prompt", "6", "6"],
    ]
