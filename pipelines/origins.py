"""Origins of criteria by the recipe: which one a subset has, set up for it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines.layout import Layout
from pipelines.recipe import Recipe
from schemas.tasks import CriterionOrigin

if TYPE_CHECKING:
    from transforms.relabel.origin import Origin


def origin_of(
    recipe: Recipe, subset: str, base: Path, layout: Layout, commit: str | None = None
) -> Origin | None:
    """The origin of a subset's criteria, ready to label; None where there is nothing to label.

    `commit` is that of the published set, where it is read from the Hub.

    Raises:
        BuildError: what the origin needs is missing.
    """
    name = recipe.criteria_of(subset)
    if name is None or name == "corpus":
        return None
    return _MAKERS[name](recipe, subset, base, layout, commit)


def _measured(
    recipe: Recipe, subset: str, _base: Path, layout: Layout, _commit: str | None
) -> Origin:
    from transforms.media.store import MediaStore
    from transforms.relabel.measured.origin import MeasuredOrigin

    fetch = MediaStore(layout.store).published
    return MeasuredOrigin(recipe.subset(subset).task, recipe.relabel.measured, fetch)


def _published(
    recipe: Recipe, subset: str, base: Path, layout: Layout, commit: str | None
) -> Origin:
    from pipelines.published_set import published_files, published_media
    from transforms.relabel.published.origin import PublishedOrigin

    task, where = recipe.subset(subset).task, recipe.relabel.published
    named = published_files(where, subset, base, layout, commit)
    media = (
        None if task == "t2t" else published_media(where, subset, named, base, layout, recipe.media)
    )
    corpus = recipe.subset(subset).corpus
    return PublishedOrigin(subset, corpus, task, named, media, commit, where.match)


def _llm(recipe: Recipe, subset: str, _base: Path, layout: Layout, _commit: str | None) -> Origin:
    from pipelines.judge_pictures import JudgePictures
    from transforms.beamkit import files
    from transforms.measures.values import attribute_values
    from transforms.media.store import MediaStore
    from transforms.relabel.protocol.origin import LlmOrigin

    chosen, store = recipe.subset(subset), MediaStore(layout.store)
    measure = functools.partial(attribute_values, task=chosen.task, fetch=store.published)
    return LlmOrigin(
        subset,
        chosen.corpus,
        chosen.task,
        recipe.relabel,
        files.join(layout.output, ".work", "answers"),
        JudgePictures(store, recipe.media),
        measure if recipe.relabel.calibration.gold_share else None,
    )


_MAKERS: Final[dict[CriterionOrigin, Callable[[Recipe, str, Path, Layout, str | None], Origin]]] = {
    "measured": _measured,
    "published": _published,
    "llm": _llm,
}
