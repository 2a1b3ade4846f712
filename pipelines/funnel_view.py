"""The funnel in the terminal: what came through a build, and what was left out and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.table import Table

from pipelines.display import table_of

_STAGES: Final = (
    "sources",
    "sampling",
    "media",
    "decontamination",
    "dedup",
    "relabel",
    "quality",
    "trim",
)

#: Stages that leave out what came in sound: what they say of it is shown by rule.
_RULE_STAGES: Final = ("sources", "scope", "decontamination", "dedup", "relabel")

#: So many subsets are told apart; of more the sums are shown.
_FEW: Final = 4


def funnel_table(records: Mapping[str, Any]) -> Table:
    """What came through, per subset: records read, pairs they gave, what was lost on the way."""
    columns = ("read", "by\nrule", "pairs", "dead", "copies", "beyond\nN", "written", "time")
    table = table_of("Funnel", "subset", *columns, right=columns, less=("time", "by\nrule"))
    for name, record in records.items():
        counts = record["counts"]
        dead = _dead(counts)
        table.add_row(
            name,
            f"{counts.get('sources', {}).get('in', 0):,}",
            f"{sum(_dropped(counts, 'sources', 'scope').values()):,}",
            f"{counts.get('sources', {}).get('note:pairs', 0):,}",
            f"{sum(dead.values()):,}",
            f"{sum(_dropped(counts, 'decontamination', 'dedup').values()):,}",
            f"{sum(_dropped(counts, 'sampling', 'trim').values()):,}",
            f"{record['rows']:,}",
            "–" if record["resumed"] == "all" else f"{record['seconds']['total']:.1f} s",
        )
    return table


def left_out_by_rule(records: Mapping[str, Any]) -> Table:
    """What was sound and is left out by a rule of the recipe."""
    found: dict[str, dict[tuple[str, ...], int]] = {
        name: {(rule,): number for rule, number in _dropped(one["counts"], *_RULE_STAGES).items()}
        for name, one in records.items()
    }
    return _counted("Left out by rule", ("rule",), found)


def dead_table(records: Mapping[str, Any]) -> Table:
    """Dead letters by stage and reason."""
    found = {name: _dead(record["counts"]) for name, record in records.items()}
    return _counted("Dead letters", ("stage", "reason"), found)


def _counted(
    title: str, names: Sequence[str], found: Mapping[str, Mapping[tuple[str, ...], int]]
) -> Table:
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


def _dropped(counts: Mapping[str, Mapping[str, int]], *stages: str) -> dict[str, int]:
    """What some stages left out, by rule."""
    return {
        what.removeprefix("dropped:"): number
        for stage in stages
        for what, number in counts.get(stage, {}).items()
        if what.startswith("dropped:")
    }


def _dead(counts: Mapping[str, Mapping[str, int]]) -> dict[tuple[str, ...], int]:
    return {
        (stage, what.removeprefix("dead:")): number
        for stage in _STAGES
        for what, number in counts.get(stage, {}).items()
        if what.startswith("dead:")
    }
