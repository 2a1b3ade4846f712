"""Tables of what was removed: records by stage and reason, duplicates, matches with benchmarks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from pipelines.cards.escaping import code, md
from pipelines.cards.facts import CardFacts, SubsetFacts
from pipelines.cards.reasons import stage_order, stage_title, why
from pipelines.cards.tables import NOTHING, Row

#: Reasons of a stage that the main card shows; the card of a subset shows all.
_MOST_REASONS: Final = 12


def stage_rows(subsets: Iterable[SubsetFacts]) -> list[Row]:
    """stage, came in, could not be used, left out by rule, went on."""
    rows = []
    for stage, names in _summed(subsets).items():
        dead, dropped = (_total(names, prefix) for prefix in ("dead:", "dropped:"))
        numbers = [names["in"], dead, dropped, names["out"]]
        rows.append([stage_title(stage), *(f"{number:,}" for number in numbers)])
    return rows


def reason_rows(subsets: Iterable[SubsetFacts], most: int | None = _MOST_REASONS) -> list[Row]:
    """stage, reason, records, what it means; the most frequent reasons of each stage."""
    rows = []
    for stage, names in _summed(subsets).items():
        found = [
            (number, what.partition(":")[2])
            for what, number in names.items()
            if number and what.startswith(("dead:", "dropped:"))
        ]
        found.sort(key=lambda one: (-one[0], one[1]))
        shown = found[:most]
        rows += [
            [stage_title(stage), code(reason), f"{number:,}", md(why(reason))]
            for number, reason in shown
        ]
        rest = found[len(shown) :]
        if rest:
            total = sum(number for number, _ in rest)
            rows.append([stage_title(stage), "others", f"{total:,}", f"{len(rest)} other reasons"])
    return rows


def _summed(subsets: Iterable[SubsetFacts]) -> dict[str, Counter[str]]:
    """Counts by stage over subsets, in the order of the stages."""
    summed: dict[str, Counter[str]] = {}
    for subset in subsets:
        for stage, names in subset.counts.items():
            summed.setdefault(stage, Counter()).update(names)
    return {stage: summed[stage] for stage in sorted(summed, key=stage_order)}


def _total(names: Mapping[str, int], prefix: str) -> int:
    return sum(number for what, number in names.items() if what.startswith(prefix))


def duplicate_rows(subsets: Iterable[SubsetFacts]) -> list[Row]:
    """rule, within its own subset, with another subset, what it means."""
    within: Counter[str] = Counter()
    across: Counter[str] = Counter()
    for subset in subsets:
        for (rule, other), rows in (subset.duplicates or {}).items():
            (within if other in ("", subset.name) else across)[rule] += rows
    return [
        [code(rule), f"{within[rule]:,}", f"{across[rule]:,}", md(why(rule))]
        for rule in sorted({*within, *across})
    ]


def match_rows(subsets: Iterable[SubsetFacts]) -> list[Row]:
    """benchmark, rule, rows removed, rows kept and reported, what it means."""
    removed: Counter[tuple[str, str]] = Counter()
    reported: Counter[tuple[str, str]] = Counter()
    for subset in subsets:
        for match in subset.contamination or ():
            removed[match.benchmark, match.rule] += match.removed
            reported[match.benchmark, match.rule] += match.reported
    return [
        [md(name), code(rule), f"{removed[name, rule]:,}", f"{reported[name, rule]:,}",
         md(why(rule))]
        for name, rule in sorted({*removed, *reported})
    ]  # fmt: skip


def benchmark_rows(facts: CardFacts) -> list[Row]:
    """benchmark, items, digest of its fingerprint, or why it was waived."""
    return [
        [
            md(one.name) + (f" ({md(one.repo)})" if one.repo else ""),
            NOTHING if one.items is None else f"{one.items:,}",
            code(one.digest) if one.waived is None else f"waived: {md(one.waived)}",
        ]
        for one in facts.benchmarks or ()
    ]
