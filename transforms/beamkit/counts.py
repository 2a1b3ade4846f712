"""Counts that add up: how many records came into a stage, and what became of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

#: ``(stage, what, how many)``. `what` is ``in``, ``out``, ``dead:<reason>``, ``dropped:<rule>``,
#: or ``note:<name>`` for an observation that loses no record.
Count = tuple[str, str, int]


def add_counts(counts: Iterable[Count]) -> dict[str, dict[str, int]]:
    """Sum counts by stage and name: ``{"sources": {"in": 10, "out": 9, "dead:x": 1}}``."""
    total: dict[str, dict[str, int]] = {}
    for stage, what, number in counts:
        names = total.setdefault(stage, {})
        names[what] = names.get(what, 0) + number
    return {stage: dict(sorted(names.items())) for stage, names in sorted(total.items())}


def dead(names: Mapping[str, int]) -> int:
    """How many dead letters a stage's counts hold."""
    return sum(number for what, number in names.items() if what.startswith("dead:"))


def dead_share(counts: Mapping[str, Mapping[str, int]]) -> float:
    """The share that is lost to dead letters from the first stage to the last.

    Stages count different things (a record may give many pairs), so their shares are compounded.
    """
    alive = 1.0
    for names in counts.values():
        came = names.get("in", 0)
        alive *= 1 - dead(names) / came if came else 1.0
    return 1 - alive


def unbalanced(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Stages where ``in`` is not ``out + dead + dropped``, said in words; empty when all add up."""
    wrong = []
    for stage, names in counts.items():
        came = names.get("in", 0)
        left = sum(
            number
            for what, number in names.items()
            if what == "out" or what.startswith(("dead:", "dropped:"))
        )
        if came != left:
            wrong.append(f"{stage}: {came} in, {left} accounted for")
    return wrong
