"""Origins of criteria by the recipe: which one a subset has, set up for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.layout import Layout
from pipelines.recipe import Recipe
from schemas.tasks import CriterionOrigin

if TYPE_CHECKING:
    from transforms.relabel.origin import Origin


def origin_name(recipe: Recipe, subset: str) -> CriterionOrigin | None:
    """The origin of a subset's criteria; None for general preferences."""
    chosen = recipe.subset(subset)
    if chosen.kind == "general":
        return None
    return chosen.criteria or recipe.relabel.origin


def origin_of(recipe: Recipe, subset: str, layout: Layout) -> Origin | None:
    """The origin of a subset's criteria, ready to label."""
    return None
