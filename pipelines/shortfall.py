"""Why a subset holds fewer pairs than its target, and what draws more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

#: The setting that says how many more pairs than the target are drawn, by where criteria come from.
_RESERVES: Final = {"llm": "relabel.reserve", "measured": "relabel.measured.reserve"}
_OF_SAMPLE: Final = "sampling.reserve"


def shortfall(name: str, record: Mapping[str, Any]) -> str:
    """How many pairs a subset lacks, why, and the remedy, in a sentence; empty where it has all.

    Args:
        name: one of the subsets of `record`.
        record: a run record.
    """
    entry = record["subsets"][name]
    target, rows = entry.get("target"), entry.get("rows", 0)
    if target is None or rows >= target:
        return ""
    counts: Mapping[str, Mapping[str, int]] = entry.get("counts", {})
    undrawn = counts.get("sampling", {}).get("dropped:beyond_reserve", 0)
    bare = sum(
        number
        for what, number in counts.get("relabel", {}).items()
        if what.startswith(("dead:", "dropped:")) and what != "dropped:not_needed"
    )
    told = [f"{_counted(target - rows, 'row')} short of the target of {target:,}"]
    if bare:
        told.append(f"{_counted(bare, 'pair')} that were drawn got no criterion")
    if not undrawn:
        return "; ".join([*told, "every pair of the corpus was drawn, so there are no more"])
    told.append(f"{undrawn:,} pairs were never drawn")
    return "; ".join(told) + f": raise {_reserve(name, entry, record)} to draw more of them"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _reserve(name: str, entry: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    recipe = record.get("recipe") or {}
    relabel = recipe.get("relabel") or {}
    asked = (recipe.get("subsets") or {}).get(name) or {}
    origin = asked.get("criteria") or relabel.get("origin")
    setting = (
        _RESERVES.get(str(origin), _OF_SAMPLE) if entry.get("kind") != "general" else _OF_SAMPLE
    )
    at: Any = recipe
    for part in setting.split("."):
        at = at.get(part) if isinstance(at, Mapping) else None
    return setting if at is None else f"{setting} (it was {at:g})"
