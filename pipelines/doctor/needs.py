"""What a recipe needs of a machine and of accounts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines.doctor.commands import install_self
from pipelines.doctor.finding import Finding

if TYPE_CHECKING:
    from pipelines.recipe import Recipe
    from transforms.relabel.settings import RelabelSettings

#: The names of `pipelines.runners`, whose import takes Beam's seconds.
RUNNERS: Final = ("local", "multi_processing", "dataflow", "flink")


@dataclass(frozen=True)
class Needs:
    """What a run would use. Of a recipe that can't be read, only what the command line says."""

    runner: str
    workers: int = 2
    #: A corpus is fetched from the Hub, or the dataset is published there.
    hub: bool = True
    #: The dataset `owner/name` that is published, if the recipe names one.
    publication: str | None = None
    #: None where no subset needs criteria.
    relabel: RelabelSettings | None = None
    #: Criteria of a subset come from models.
    asks_models: bool = False
    #: Folders of local mirrors.
    mirrors: tuple[Path, ...] = ()


def needs_of(file: Path | None, runner: str | None) -> tuple[Needs, Finding]:
    """Read the recipe (by default the one that a build would take); never raises for a bad one."""
    try:
        from pipelines.recipe import load_recipe
        from pipelines.recipe_binding import RecipeError
        from pipelines.resources import default_recipe
    except ImportError as error:
        detail = f"can't be read: {error.name or 'a library'} does not load"
        finding = Finding("recipe", "recipe", "fail", detail, install_self())
        return Needs(runner or "local"), finding
    try:
        path = file or default_recipe()
        recipe = load_recipe(path)
    except RecipeError as error:
        remedy = "Correct it; omnireward recipe check --recipe FILE looks again"
        return Needs(runner or "local"), Finding("recipe", "recipe", "fail", str(error), remedy)
    except FileNotFoundError as error:
        return Needs(runner or "local"), Finding(
            "recipe", "recipe", "fail", str(error), install_self()
        )
    chosen = runner or recipe.runner.name
    needs = _needs(recipe, chosen, path.resolve().parent)
    if chosen not in RUNNERS:
        detail = f"{path}: no runner {chosen!r}"
        remedy = f"Name one of {', '.join(RUNNERS)} at runner.name"
        return needs, Finding("recipe", "recipe", "fail", detail, remedy)
    detail = f"{path}: subsets {len(recipe.subsets)}, runner {chosen}"
    return needs, Finding("recipe", "recipe", "ok", detail)


def _needs(recipe: Recipe, runner: str, base: Path) -> Needs:
    from transforms.beamkit import files

    drawn = [recipe.corpora[subset.corpus] for subset in recipe.subsets.values()]
    publication = _publication(recipe)
    instructed = any(subset.kind == "instruction" for subset in recipe.subsets.values())
    mirrors = {
        base / corpus.path: None
        for corpus in drawn
        if corpus.path is not None and files.is_local(corpus.path)
    }
    return Needs(
        runner=runner,
        workers=recipe.runner.workers,
        hub=publication is not None or any(corpus.path is None for corpus in drawn),
        publication=publication,
        relabel=recipe.relabel if instructed else None,
        asks_models=any(recipe.criteria_of(name) == "llm" for name in recipe.subsets),
        mirrors=tuple(mirrors),
    )


def _publication(recipe: Recipe) -> str | None:
    """The dataset that the recipe publishes, once recipes have such a section."""
    for section in ("publication", "publish"):
        repo = getattr(getattr(recipe, section, None), "repo", None)
        if isinstance(repo, str) and repo:
            return repo
    return None
