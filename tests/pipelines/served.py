"""Sample corpora on the test Hub: served as repositories, with recipes that read them there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pipelines.layout import Layout
from pipelines.lock import Lock, lock_beside, write_lock
from pipelines.locking import lock_corpus
from pipelines.recipe import Recipe
from tests.hub_server import HubServer
from tests.hub_server.fixtures import keep_on_loopback
from transforms.beamkit.hub import patience

OWNER = "sample"


@dataclass(frozen=True)
class Served:
    """A server with one repository a corpus, and the commits of their main branches."""

    server: HubServer
    folder: Path
    commits: Mapping[str, str]

    def recipe(self, recipe: Recipe) -> Recipe:
        """The recipe with its corpora read from the server."""
        corpora = {
            name: replace(
                corpus,
                repo=f"{OWNER}/{name}",
                revision="main",
                path=None,
                needs_mirror=False,
            )
            for name, corpus in recipe.corpora.items()
        }
        return replace(recipe, corpora=corpora)

    def mirrored(self, recipe: Recipe) -> Recipe:
        """The recipe as of `recipe`, read from the folders that are served."""
        corpora = {
            name: replace(corpus, path=str(self.folder / name))
            for name, corpus in self.recipe(recipe).corpora.items()
        }
        return replace(recipe, corpora=corpora)

    def lock(self, recipe: Recipe, base: Path) -> Lock:
        """Lock the served corpora in a folder."""
        corpora = {
            name: lock_corpus(name, corpus, None, "")
            for name, corpus in self.recipe(recipe).corpora.items()
        }
        lock = Lock(corpora)
        write_lock(lock_beside(base), lock)
        return lock


def serve(server: HubServer, folder: Path, recipe: Recipe) -> Served:
    """Put the corpora that a recipe reads from below `folder` on a server."""
    commits = {}
    for name, corpus in recipe.corpora.items():
        assert corpus.path is not None
        licence = None if corpus.licence == "unknown" else corpus.licence
        server.store.create(f"{OWNER}/{name}", licence=licence)
        commits[name] = server.store.commit_folder(f"{OWNER}/{name}", folder / corpus.path)
    return Served(server, folder, commits)


def use(server: HubServer, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Let this process read from a server, with a cache of its own and little patience."""
    keep_on_loopback(monkeypatch, home)
    monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
    monkeypatch.setenv("OMNIREWARD_CACHE", str(home / "cache"))
    monkeypatch.setattr(patience.PATIENCE, "first_wait", 0.001)


def layout(folder: Path) -> Layout:
    """The layout of an output folder."""
    return Layout.of(str(folder))
