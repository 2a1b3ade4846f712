"""The recipe by which a local copy of OmniRewardData becomes a dataset: all of it, as it is.

Nothing is drawn, compared with other rows or benchmarks, or judged by row rules: what can be read
and has its media is a row. The user's recipe says of each subset which task and kind it is of, of
each source corpus licence and annotator, and how media are published and files are cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from pipelines.importing.media_places import locations, media_folder
from pipelines.recipe import CriteriaSource, Recipe, Subset
from transforms.beamkit.errors import BuildError
from transforms.dedup.settings_benchmarks import DecontaminationSettings
from transforms.quality.settings import ROW_RULES, RuleSettings
from transforms.sources.omni_reward_data import SLOTS
from transforms.sources.settings import Corpus

#: Name of the datasets that are imported.
NAME: Final = "OmniRewardData"
_PARQUET: Final = "*.parquet"


@dataclass(frozen=True)
class Import:
    """What an import reads: its recipe, and folders of the copy that are no subset of it."""

    recipe: Recipe
    unknown: tuple[str, ...]


def import_recipe(recipe: Recipe, root: Path, names: Sequence[str] = ()) -> Import:
    """The recipe of an import.

    Args:
        recipe: says what the subsets are.
        root: the local copy, a folder with one folder a subset.
        names: subsets that are wanted; none for all that are there. They are looked for only.

    Raises:
        RecipeError: `recipe` has no subset of a name that is wanted.
        BuildError: the copy is not there, or not as the set is published.
    """
    for name in names:
        recipe.subset(name)
    there = _folders(root)
    known = [name for name in recipe.subsets if name in there and _is_of_the_set(recipe, name)]
    _check(root, there, known, names)
    chosen = [name for name in known if not names or name in names]
    corpora, subsets = {}, {}
    for name in known:
        # Pictures of subsets that are not made now are not looked for.
        corpus = _corpus(recipe, name, root, looked_for=name in chosen)
        key = f"{corpus.repo}/{name}"
        corpora[key], subsets[name] = corpus, _subset(recipe.subsets[name], key)
    made = replace(
        recipe,
        name=NAME,
        corpora=corpora,
        subsets=subsets,
        dedup=replace(recipe.dedup, copies="keep"),
        decontamination=DecontaminationSettings(),
        quality=replace(recipe.quality, rules=_NO_RULES),
    )
    return Import(made, tuple(sorted(there - {*known})))


#: All rules are left out by name: their bounds stay as they are, for whoever reads the record.
_NO_RULES: Final = RuleSettings(skip=ROW_RULES)


def _folders(root: Path) -> set[str]:
    """Folders of the copy that hold Parquet files."""
    if not root.is_dir():
        raise BuildError(f"{root}: no such folder; name a local copy of OmniRewardData")
    return {path.parent.name for path in root.glob(f"*/{_PARQUET}")}


def _is_of_the_set(recipe: Recipe, name: str) -> bool:
    return recipe.subsets[name].task in SLOTS


def _check(root: Path, there: set[str], known: Sequence[str], names: Sequence[str]) -> None:
    expected = "a folder for each subset, like RLAIF-V/train-00000-of-00001.parquet"
    if not there:
        hint = ""
        if any(root.glob(_PARQUET)):
            hint = " There are Parquet files right in it: name the folder above"
        elif any(root.glob("*.tar")) or any(root.glob("*/*.tar")):
            hint = " There are archives in it: unpack them, or get the layout with Parquet files"
        raise BuildError(f"{root}: not a copy of OmniRewardData, which has {expected}.{hint}")
    if not known:
        raise BuildError(
            f"{root}: none of its folders ({', '.join(sorted(there))}) is a subset of the recipe; "
            f"a copy of OmniRewardData has {expected}"
        )
    for name in names:
        if name not in known:
            raise BuildError(
                f"{root}: no {name}/{_PARQUET}; this copy has {', '.join(known)}. Get the folder, "
                "or leave out --subset to import what is there"
            )


def _corpus(recipe: Recipe, name: str, root: Path, *, looked_for: bool) -> Corpus:
    """The subset's folder as a corpus, with licence and annotator of the one that it is made of."""
    source, published, task = recipe.corpus_of(name), recipe.relabel.published, recipe.subset(name)
    files = sorted((root / name).glob(_PARQUET))
    has_media = looked_for and task.task != "t2t"
    options: dict[str, Any] = {
        "task": task.task,
        "criteria": task.kind == "instruction",
        "media": media_folder(root),
        "locations": locations(root, files) if has_media else {},
    }
    return Corpus(
        adapter="omni_reward_data",
        repo=published.repo,
        licence=source.licence,
        files=(f"{name}/{_PARQUET}",),
        annotator=source.annotator,
        revision=published.revision,
        nc=source.nc,
        path=str(root.resolve()),
        options=options,
    )


def _subset(subset: Subset, corpus: str) -> Subset:
    criteria: CriteriaSource | None = "corpus" if subset.kind == "instruction" else None
    return Subset(corpus, subset.task, subset.kind, target=None, criteria=criteria)
