"""What came through a build and what was lost on the way, read from the run record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

#: Stages in the order of the graph; others in a record come behind.
_STAGES: Final = (
    "sources", "scope", "admit", "sampling", "media", "decontamination", "dedup", "relabel",
    "quality", "trim",
)  # fmt: skip

_BEYOND: Final = ("beyond_reserve", "beyond_target")


@dataclass(frozen=True)
class SubsetFunnel:
    """One subset: records read, what was taken out and how, rows written."""

    subset: str
    task: str
    kind: str
    read: int
    dead: int
    copies: int
    by_rule: int
    beyond: int
    written: int
    target: int | None
    unbalanced: tuple[str, ...]


@dataclass(frozen=True)
class Loss:
    """What one stage took out for one reason, over all subsets."""

    stage: str
    reason: str
    dead: bool
    count: int
    subsets: int


def subset_funnels(record: Mapping[str, Any]) -> list[SubsetFunnel]:
    """The funnel of every subset of a run record, in its order."""
    return [_funnel(name, entry) for name, entry in record["subsets"].items()]


def _funnel(name: str, entry: Mapping[str, Any]) -> SubsetFunnel:
    counts: Mapping[str, Mapping[str, int]] = entry.get("counts", {})
    lost = [
        (stage, what, number)
        for stage, told in counts.items()
        for what, number in told.items()
        if what.startswith(("dead:", "dropped:"))
    ]

    def total(*stages: str) -> int:
        return sum(
            number
            for stage, what, number in lost
            if stage in stages and what.startswith("dropped:") and not _is_beyond(what)
        )

    copies = total("decontamination", "dedup")
    return SubsetFunnel(
        subset=name,
        task=entry.get("task", ""),
        kind=entry.get("kind", ""),
        read=counts.get("sources", {}).get("in", 0),
        dead=sum(number for _, what, number in lost if what.startswith("dead:")),
        copies=copies,
        by_rule=total(*counts) - copies,
        beyond=sum(number for _, what, number in lost if _is_beyond(what)),
        written=entry.get("rows", 0),
        target=entry.get("target"),
        unbalanced=tuple(map(str, entry.get("unbalanced", ()))),
    )


def _is_beyond(what: str) -> bool:
    return what.removeprefix("dropped:") in _BEYOND


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
            Loss(stage, what.split(":", 1)[1], what.startswith("dead:"), sum(each), len(each))
            for (stage, what), each in found.items()
        ),
        key=lambda loss: (_order(loss.stage), -loss.count, loss.reason),
    )


def _order(stage: str) -> int:
    return _STAGES.index(stage) if stage in _STAGES else len(_STAGES)
