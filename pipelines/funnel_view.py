"""The funnel in the terminal: what came through a build, and what was left out and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.table import Table

from pipelines.display import table_of
from pipelines.funnel import losses, subset_funnels

_Found = Mapping[str, Mapping[tuple[str, ...], int]]

#: So many subsets are told apart; of more the sums are shown.
_FEW: Final = 4


_GAINED: Final = (
    "gained: several pairs of one record; below 0 where records make one pair, or where published "
    "criteria are about fewer pairs than were admitted"
)


def funnel_table(records: Mapping[str, Any]) -> Table:
    """What came through, per subset: records read, what was lost on the way, pairs written."""
    columns = ("read", "gained", "dead", "by\nrule", "copies", "beyond\nN", "written", "time")
    table = table_of("Funnel", "subset", *columns, right=columns, less=("time", "gained"))
    funnels = subset_funnels({"subsets": records})
    if any(one.gained for one in funnels):
        table.caption = _GAINED
    for one in funnels:
        record = records[one.subset]
        numbers = (
            one.read, one.gained, one.dead, one.by_rule, one.copies, one.beyond, one.written
        )  # fmt: skip
        table.add_row(
            one.subset,
            *(f"{number:,}" for number in numbers),
            "–" if record["resumed"] == "all" else f"{record['seconds']['total']:.1f} s",
        )
    return table


def left_out_by_rule(records: Mapping[str, Any]) -> Table:
    """What was sound and is left out by a rule of the recipe."""
    found: _Found = {
        name: {
            (one.reason,): one.count
            for one in losses({"subsets": {name: record}})
            if not one.dead and not one.beyond
        }
        for name, record in records.items()
    }
    return _counted("Left out by rule", ("rule",), found)


def dead_table(records: Mapping[str, Any]) -> Table:
    """Dead letters by stage and reason."""
    found: _Found = {
        name: {
            (one.stage, one.reason): one.count
            for one in losses({"subsets": {name: record}})
            if one.dead
        }
        for name, record in records.items()
    }
    return _counted("Dead letters", ("stage", "reason"), found)


def _counted(title: str, names: Sequence[str], found: _Found) -> Table:
    """Counts by subset; of more than a few subsets their sums, the largest first."""
    if len(found) <= _FEW:
        table = table_of(title, "subset", *names, "count", right=("count",))
        for subset, counts in found.items():
            for what, number in counts.items():
                if number:
                    table.add_row(subset, *what, f"{number:,}")
        return table
    table = table_of(title, *names, "subsets", "count", right=("subsets", "count"))
    sums: Counter[tuple[str, ...]] = Counter()
    subsets: Counter[tuple[str, ...]] = Counter()
    for counts in found.values():
        sums.update(counts)
        subsets.update(what for what, number in counts.items() if number)
    for what, number in sums.most_common():
        if number:
            table.add_row(*what, f"{subsets[what]}", f"{number:,}")
    return table
