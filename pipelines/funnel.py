"""What came through a build and what was lost on the way, read from the run record.

All tables of it are made from these numbers, which add up: what was read, and what was gained where
a record gives several pairs or a pair several criteria, is what was written and what was lost.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

#: Stages in the order of the graph; others in a record come behind.
_STAGES: Final = (
    "sources", "scope", "admit", "sampling", "media", "decontamination", "dedup", "relabel",
    "quality", "trim",
)  # fmt: skip

#: Sound, and not needed.
_BEYOND: Final = ("beyond_reserve", "beyond_target", "not_needed")
_COPIES: Final = ("decontamination", "dedup")


@dataclass(frozen=True)
class SubsetFunnel:
    """One subset: records read, pairs gained, what was taken out and how, rows written.

    `read` and `gained` together are `dead`, `copies` (of pairs, or of items of benchmarks),
    `by_rule`, `beyond` what is wanted, and `written`.
    """

    subset: str
    task: str
    kind: str
    read: int
    gained: int
    dead: int
    copies: int
    by_rule: int
    beyond: int
    written: int
    target: int | None
    unbalanced: tuple[str, ...]


@dataclass(frozen=True)
class Loss:
    """What one stage took out for one reason, over all subsets.

    `beyond`: it was sound, and more than was wanted.
    """

    stage: str
    reason: str
    dead: bool
    count: int
    subsets: int
    beyond: bool = False


def subset_funnels(record: Mapping[str, Any]) -> list[SubsetFunnel]:
    """The funnel of every subset of a run record, in its order."""
    return [_funnel(name, entry) for name, entry in record["subsets"].items()]


def _funnel(name: str, entry: Mapping[str, Any]) -> SubsetFunnel:
    counts: Mapping[str, Mapping[str, int]] = entry.get("counts", {})
    lost: Counter[str] = Counter()
    for one in losses({"subsets": {name: entry}}):
        kind = "dead" if one.dead else "beyond" if one.beyond else "by_rule"
        lost["copies" if kind == "by_rule" and one.stage in _COPIES else kind] += one.count
    return SubsetFunnel(
        subset=name,
        task=entry.get("task", ""),
        kind=entry.get("kind", ""),
        read=counts.get("sources", {}).get("in", 0),
        gained=_gained(counts),
        dead=lost["dead"],
        copies=lost["copies"],
        by_rule=lost["by_rule"],
        beyond=lost["beyond"],
        written=entry.get("rows", 0),
        target=entry.get("target"),
        unbalanced=tuple(map(str, entry.get("unbalanced", ()))),
    )


def _gained(counts: Mapping[str, Mapping[str, int]]) -> int:
    """How many more things came into stages than the stages before them let through."""
    told = [counts[stage] for stage in _STAGES if stage in counts]
    return sum(
        after.get("in", 0) - before.get("out", 0) for before, after in itertools.pairwise(told)
    )


def losses(record: Mapping[str, Any]) -> list[Loss]:
    """What was taken out by stage and reason, in the order of stages, the most first."""
    found: dict[tuple[str, str], list[int]] = {}
    for entry in record["subsets"].values():
        for stage, told in entry.get("counts", {}).items():
            for what, number in told.items():
                if number and what.startswith(("dead:", "dropped:")):
                    found.setdefault((stage, what), []).append(number)
    return sorted(
        (
            Loss(
                stage,
                what.split(":", 1)[1],
                what.startswith("dead:"),
                sum(each),
                len(each),
                what.removeprefix("dropped:") in _BEYOND,
            )
            for (stage, what), each in found.items()
        ),
        key=lambda loss: (_order(loss.stage), -loss.count, loss.reason),
    )


def _order(stage: str) -> int:
    return _STAGES.index(stage) if stage in _STAGES else len(_STAGES)
