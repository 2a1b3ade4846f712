"""The published set on the Hub under a lock: resolved once, renewed by name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from command import called
from served import use

from pipelines.layout import Layout
from pipelines.lock import Lock, LockedSet, lock_beside, read_lock, write_lock
from pipelines.opening import Corpora
from pipelines.planning import plan_subsets
from pipelines.recipe import Recipe, load_recipe
from tests.hub_server import HubServer
from transforms.beamkit.errors import BuildError
from transforms.relabel.published.origin import PublishedOrigin

REPO, SUBSET = "sample/OmniRewardData", "Omni-Texts"
_RECIPE = """\
version: 1
name: of-the-hub
seed: 1
corpora:
  texts:
    {adapter: skywork, repo: local/texts, licence: unknown, annotator: model,
     files: [train.parquet], path: texts}
subsets:
  Omni-Texts: {corpus: texts, task: t2t, kind: instruction, target: 5}
relabel:
  published: {repo: sample/OmniRewardData, path: PATH}
"""


class Place:
    """A server with the set, and a folder with a recipe that reads it."""

    def __init__(self, server: HubServer, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.layout = Layout.of(str(folder / "out"))
        self.file = folder / "beam_config.yaml"
        self.file.write_text(_RECIPE.replace("PATH", "null"))
        turns = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
        schema = pa.schema([("chosen", turns), ("rejected", turns), ("chosen_score", pa.float64())])
        (folder / "texts").mkdir()
        pq.write_table(schema.empty_table(), folder / "texts" / "train.parquet")
        server.store.create(REPO)
        self.first = self.commit("one")

    def commit(self, said: str) -> str:
        """Another version of the set; returns its commit."""
        file = self.folder / f"{said}.parquet"
        pq.write_table(pa.table({"said": [said]}), file)
        return self.server.store.commit(REPO, {f"{SUBSET}/train-0.parquet": file}, said)

    @property
    def recipe(self) -> Recipe:
        return load_recipe(self.file)

    def opened(self) -> tuple[str | None, Corpora]:
        """The commit that a build would read."""
        corpora = Corpora(self.folder, self.layout)
        return corpora.published(self.recipe.relabel.published), corpora

    def lock(self, *more: str) -> str:
        done = called("sources", "lock", *more, "--recipe", self.file)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Place]:
    with HubServer() as server:
        use(server, monkeypatch, tmp_path / "home")
        yield Place(server, tmp_path)


def test_a_later_run_reads_what_the_first_one_read(place: Place) -> None:
    commit, corpora = place.opened()
    assert commit == place.first
    write_lock(place.layout.lock, corpora.lock)  # as a run does
    place.commit("two")
    assert place.opened()[0] == place.first
    (plan,) = plan_subsets(place.recipe, [SUBSET], place.opened()[1], place.layout)
    assert isinstance(plan.origin, PublishedOrigin)
    assert plan.origin.revision == place.first
    ((file, digest),) = plan.origin.files
    assert f"@{place.first}/" in file
    assert digest == f"{place.first}/train-0.parquet"


def test_another_revision_in_the_recipe_is_resolved_anew(place: Place) -> None:
    """The lock of an output is nobody's will."""
    lock = Lock(published=LockedSet(REPO, "old", "0" * 40))
    write_lock(place.layout.lock, lock)
    assert place.opened()[0] == place.first


def test_the_lock_beside_the_recipe_binds_until_it_is_renewed(place: Place) -> None:
    told = place.lock()
    assert "relabel.published" in told
    assert "1 corpora and the published set locked." in " ".join(told.split())
    entry = json.loads(Path(lock_beside(place.folder)).read_text())["published"]
    assert entry == {"repo": REPO, "revision": "main", "commit": place.first}
    second = place.commit("two")
    place.lock()
    assert place.opened()[0] == place.first
    told = place.lock("--update", "relabel.published")
    assert f"relabel.published: commit {place.first[:12]} is now {second[:12]}" in told
    assert place.opened()[0] == second


def test_a_recipe_that_changed_under_the_lock(place: Place) -> None:
    place.lock()
    where = replace(place.recipe.relabel.published, revision="v2")
    with pytest.raises(BuildError) as caught:
        Corpora(place.folder, place.layout).published(where)
    assert str(caught.value) == (
        f"{lock_beside(place.folder)}: relabel.published.revision was main when it was locked, the "
        "recipe says v2; renew it with `omnireward sources lock --update relabel.published`"
    )


def test_a_local_copy_is_no_matter_of_the_lock(place: Place) -> None:
    place.lock()
    place.file.write_text(_RECIPE.replace("PATH", "copy"))
    assert place.opened()[0] is None
    place.lock()
    assert read_lock(lock_beside(place.folder)).published is None
    done = called("sources", "lock", "--update", "relabel.published", "--recipe", place.file)
    assert done.returncode == 3


def test_a_set_that_is_not_there_leaves_the_corpora_locked(place: Place) -> None:
    place.file.write_text(_RECIPE.replace("PATH", "null").replace(REPO, "sample/nowhere"))
    done = called("sources", "lock", "--recipe", place.file)
    assert done.returncode == 3
    assert "failed: relabel.published: sample/nowhere@main: there is no dataset" in done.stderr
    assert set(read_lock(lock_beside(place.folder)).corpora) == {"texts"}


def test_a_lock_reads_as_it_was_written(tmp_path: Path) -> None:
    path = lock_beside(tmp_path)
    lock = Lock({}, {"S": 4}, LockedSet("o/n", "main", "c" * 40))
    write_lock(path, lock)
    assert read_lock(path) == lock
    Path(path).write_text('{"shards": {}, "published": {"repo": "o/n"}}')
    with pytest.raises(BuildError, match="not a lock file"):
        read_lock(path)
