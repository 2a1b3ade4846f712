"""Which subsets of a recipe can be built here and now, and what the others still need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from pipelines.recipe import Recipe
from schemas.licence import forbids_commercial_use, plain
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.sources.registry import ADAPTERS
from transforms.sources.settings import Corpus


def why_not(
    recipe: Recipe, name: str, base: Path | None = None, *, commercial_only: bool = False
) -> str | None:
    """Why a subset can't be built by this release on this machine; None if it can.

    `base` is the folder of the recipe, if what lies beside it is to be looked at. With
    `commercial_only` neither is one whose corpus forbids commercial use.
    """
    corpus = recipe.corpus_of(name)
    if commercial_only and _forbids(corpus):
        return f"non-commercial: its corpus is under {corpus.licence}, and --commercial-only is set"
    published = recipe.relabel.published.path
    if recipe.criteria_of(name) == "published" and base is not None and published is not None:
        where = files.below(str(base), files.join(published, name))
        there = Path(where).is_dir() if files.is_local(where) else files.find(where, "*.parquet")
        if not there:
            # The folder's own place is not told: reasons are published.
            return f"needs criteria: the folder relabel.published.path has no {name}"
    if ADAPTERS[corpus.adapter] is None:
        return "needs an adapter: this release can't read its corpus yet"
    if corpus.needs_mirror and corpus.path is None:
        return "needs a mirror: the Hub has only a part of it; set `path` of its corpus to a folder"
    return None


def unclear(recipe: Recipe, names: Sequence[str]) -> list[str]:
    """Those subsets whose corpus states no licence: `commercial_only` can't judge them."""
    return [name for name in names if plain(recipe.corpus_of(name).licence) is None]


def forbidden(recipe: Recipe, names: Iterable[str]) -> list[str]:
    """Those subsets whose corpus forbids commercial use."""
    known = (name for name in names if name in recipe.subsets)
    return [name for name in known if _forbids(recipe.corpus_of(name))]


def _forbids(corpus: Corpus) -> bool:
    return forbids_commercial_use(corpus.licence, corpus.nc)


def choose(
    recipe: Recipe, names: Sequence[str], base: Path | None = None, *, commercial_only: bool = False
) -> tuple[list[str], dict[str, str]]:
    """The subsets to build, in the recipe's order, and those left out with the reason.

    Raises:
        BuildError: a subset asked for by name can't be built, or none can.
    """
    for name in names:
        reason = why_not(recipe, name, base, commercial_only=commercial_only)
        if reason:
            raise BuildError(f"{name} can't be built: {reason}")
    wanted = [name for name in recipe.subsets if not names or name in names]
    left_out = {
        name: reason
        for name in wanted
        if (reason := why_not(recipe, name, base, commercial_only=commercial_only))
    }
    ready = [name for name in wanted if name not in left_out]
    if not ready:
        reasons = "; ".join(dict.fromkeys(left_out.values()))
        raise BuildError(
            f"no subset of this recipe can be built yet ({reasons}). "
            "To try the pipeline: omnireward sample-corpora DIR"
        )
    return ready, left_out
