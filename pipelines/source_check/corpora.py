"""The check of a recipe's corpora, each where a build would read it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pipelines.inputs import mirror_of
from pipelines.lock import lock_beside, read_lock
from pipelines.recipe import Recipe
from pipelines.recipe_binding import nearest
from pipelines.source_check.check import check_corpus, unreachable
from pipelines.source_check.finding import CorpusReport
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub.address import Address
from transforms.beamkit.hub.errors import unreachable as hub_unreachable
from transforms.beamkit.hub.tree import RepoFacts, facts_of
from transforms.sources.settings import Corpus


def check_recipe(
    recipe: Recipe, base: Path, names: Sequence[str], watch: Callable[[str], None]
) -> list[CorpusReport]:
    """Check the named corpora of a recipe, or all; `watch` is told which one is being opened.

    A mirror (`path`) is looked at where it is; else the Hub, at the locked commit if there is one.

    Raises:
        BuildError: there is no corpus of such a name, or the lock can't be read.
    """
    for name in names:
        if name not in recipe.corpora:
            raise BuildError(f"no corpus {name!r} in the recipe; {nearest(name, recipe.corpora)}")
    locked = read_lock(lock_beside(base)).corpora
    reports = []
    closed: str | None = None
    for name in names or recipe.corpora:
        watch(name)
        corpus = recipe.corpora[name]
        entry = locked.get(name)
        revision = entry.commit if entry and entry.revision == corpus.revision else None
        try:
            if closed is not None and corpus.path is None:
                raise BuildError(f"{corpus.repo}@{revision or corpus.revision}: {closed}")
            root, facts = _place(corpus, base, revision or corpus.revision)
            found = files.find(root, "**")
        except (BuildError, OSError) as error:
            reports.append(unreachable(name, corpus, error))
            closed = closed or hub_unreachable(error)
            continue
        listing = [(path[len(root) :].lstrip("/"), size) for path, size in found]
        reports.append(check_corpus(name, corpus, root, listing, facts, recipe.media))
    return reports


def _place(corpus: Corpus, base: Path, revision: str) -> tuple[str, RepoFacts | None]:
    mirror = mirror_of(corpus, base)
    if mirror is not None:
        return mirror, None
    facts = facts_of(corpus.repo, revision)
    return str(Address(corpus.repo, facts.commit)), facts
