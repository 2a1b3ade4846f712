"""Built versions, and a Hub that holds the first of them."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from sample_build import Built
from versions_built import OWNER, REPO, TOKEN, Publish, change_rows, copy_of, fewer_and_other

from pipelines.commands import publish as command
from tests.hub_server import HubServer, Repo
from tests.hub_server.content import Blob
from tests.hub_server.fixtures import hub
from tests.hub_server.in_use import use

__all__ = ["hub"]

Held = tuple[Repo, dict[str, Blob]]


@pytest.fixture(scope="session")
def first(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dataset of version 1.0.0. Tests copy what they change."""
    return copy_of(built.output, tmp_path_factory.mktemp("first") / "dataset")


@pytest.fixture(scope="session")
def second(first: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That of version 1.1.0: one subset has fewer rows, and other labels."""
    output = copy_of(first, tmp_path_factory.mktemp("second") / "dataset")
    change_rows(output, fewer_and_other)
    return output


@pytest.fixture
def publisher(hub: HubServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> HubServer:
    """An empty Hub, and a token of this process that may write to the repos of `OWNER`."""
    _log_in(hub, monkeypatch, tmp_path)
    return hub


def _log_in(hub: HubServer, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    use(hub, monkeypatch, home)
    hub.tokens.add(TOKEN, role="write", name="ada", orgs=[OWNER])
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)


RECIPE = """\
version: 1
name: small
seed: 1
corpora:
  other:
    {adapter: skywork, repo: a/b, revision: main, licence: mit, annotator: model, files: [a.jsonl]}
subsets:
  Skywork-Reward-Preference: {corpus: other, task: t2t, kind: general, target: 1}
"""


@pytest.fixture(scope="session")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Any recipe: the command reads where to publish from one."""
    file = tmp_path_factory.mktemp("recipe") / "beam_config.yaml"
    file.write_text(RECIPE)
    return file


@pytest.fixture
def publish(recipe: Path) -> Publish:
    """The command, in this process."""

    def call(output: Path, version: str, repo: str | None = REPO, **options: object) -> None:
        command.publish(version, repo, output, **{"recipe": recipe, "yes": True, **options})

    return call


@pytest.fixture(scope="session")
def held(first: Path, recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> Held:
    """A repository that version 1.0.0 was published to, once for all tests."""
    with HubServer() as server, pytest.MonkeyPatch.context() as patch:
        _log_in(server, patch, tmp_path_factory.mktemp("home"))
        command.publish("1.0.0", REPO, first, recipe=recipe, yes=True)
        return server.store.get(REPO), server.store.objects


@pytest.fixture
def hub_with_first(publisher: HubServer, held: Held) -> HubServer:
    """A Hub with version 1.0.0 of the dataset."""
    repo, objects = held
    own = copy.copy(repo)
    own.commits, own.branches, own.tags = dict(repo.commits), dict(repo.branches), dict(repo.tags)
    publisher.store.repos[REPO] = own
    publisher.store.objects.update(objects)
    publisher.log.clear()
    return publisher
