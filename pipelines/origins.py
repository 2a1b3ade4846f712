"""Origins of criteria by the recipe: which one a subset has, set up for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

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


def origin_of(recipe: Recipe, subset: str, base: Path, layout: Layout) -> Origin | None:
    """The origin of a subset's criteria, ready to label.

    Raises:
        BuildError: what the origin needs is missing.
    """
    name = origin_name(recipe, subset)
    if name is None:
        return None
    return _MAKERS[name](recipe, subset, base, layout)


def _measured(recipe: Recipe, subset: str, base: Path, layout: Layout) -> Origin:
    from transforms.media.store import MediaStore
    from transforms.relabel.measured.origin import MeasuredOrigin

    fetch = MediaStore(layout.store).published
    return MeasuredOrigin(recipe.subset(subset).task, recipe.relabel.measured, fetch)


def _published(recipe: Recipe, subset: str, base: Path, layout: Layout) -> Origin:
    from pipelines.published_set import published_files, published_media
    from transforms.relabel.published.origin import PublishedOrigin

    task, where = recipe.subset(subset).task, recipe.relabel.published
    named, revision = published_files(where, subset, base, layout)
    media = (
        None if task == "t2t" else published_media(where, subset, named, base, layout, recipe.media)
    )
    corpus = recipe.subset(subset).corpus
    return PublishedOrigin(subset, corpus, task, named, media, revision, where.match)


_MAKERS: Final[dict[CriterionOrigin, Callable[[Recipe, str, Path, Layout], Origin]]] = {
    "measured": _measured,
    "published": _published,
}


def why_no_origin(recipe: Recipe, subset: str) -> str | None:
    """Why a subset's criteria can't be had here and now; None if they can, or it has none."""
    name = origin_name(recipe, subset)
    if name is None or name in _MAKERS:
        return None
    return f"needs criteria of origin {name!r}, which this release can't make yet"
