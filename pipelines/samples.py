"""Which subsets are a sample: ``--limit`` cut them below what a recipe asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.recipe import Recipe


def cut_to(entry: Mapping[str, Any], recipe: Recipe | None, name: str) -> int | None:
    """What ``--limit`` cut the target of a subset to, in pairs; None where it is no sample.

    Args:
        entry: the subset's entry of the run record.
        recipe: the one that the build is held against, if one was named: a subset that it asks for
            as few of is whole.
        name: of the subset.
    """
    limit: int | None = entry.get("limit")
    asked = recipe.subsets.get(name) if recipe else None
    return None if asked and asked.target == entry.get("target") else limit
