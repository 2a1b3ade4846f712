"""What a build's end says: few subsets are told apart, of many the sums are."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from sample_build import Built

from pipelines.funnel import subset_funnels
from pipelines.funnel_view import dead_table, funnel_table, left_out_by_rule

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


def test_the_numbers_of_a_funnel_add_up() -> None:
    counts = {
        "sources": {"in": 10, "out": 8, "note:pairs": 12, "dead:no_prompt": 1, "dropped:tie": 1},
        "admit": {"in": 12, "out": 9, "dropped:not_asked_about": 3},
        "sampling": {"in": 9, "out": 8, "dropped:beyond_reserve": 1},
        "dedup": {"in": 8, "out": 7, "dropped:duplicate_exact": 1},
        "relabel": {"in": 7, "out": 5, "note:rows": 6, "dropped:no_criterion": 1,
                    "dropped:not_needed": 1},
        "quality": {"in": 6, "out": 5, "dropped:too_short": 1},
        "trim": {"in": 5, "out": 4, "dropped:beyond_target": 1},
    }  # fmt: skip
    record = {"counts": counts, "rows": 4, "resumed": "all"}
    (funnel,) = subset_funnels({"subsets": {"A": record}})
    assert (funnel.read, funnel.gained) == (10, 5)
    lost = (funnel.dead, funnel.by_rule, funnel.copies, funnel.beyond)
    assert lost == (1, 6, 1, 3)
    assert funnel.read + funnel.gained == sum(lost) + funnel.written
    (shown,) = (line for line in lines(funnel_table({"A": record})) if line[0] == "A")
    assert shown == ["A", "10", "5", "1", "6", "1", "3", "4", "–"]
    told = lines(left_out_by_rule({"A": record}))
    assert ["A", "not_asked_about", "3"] in told
    assert sum(int(line[-1]) for line in told) == funnel.by_rule + funnel.copies


def test_the_numbers_of_a_build_add_up(built: Built) -> None:
    for one in subset_funnels(built.record):
        lost = one.dead + one.by_rule + one.copies + one.beyond
        assert one.read + one.gained == lost + one.written


def test_what_was_put_together_is_explained_where_there_is_any() -> None:
    one = {"counts": {"sources": {"in": 4, "out": 4}, "media": {"in": 2, "out": 2}}}
    record = {**one, "rows": 2, "resumed": "all"}
    table = funnel_table({"A": record})
    assert ["A", "4", "-2"] in [line[:3] for line in lines(table)]
    assert "gained: several pairs of one record" in str(table.caption)
    assert funnel_table({"A": {**RECORD, "rows": 4, "resumed": "all"}}).caption is None
