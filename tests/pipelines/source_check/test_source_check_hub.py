"""A corpus on the Hub is checked like its mirror, and little of it moves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from checked_mirror import Mirror

from pipelines.source_check.check import check_corpus
from pipelines.source_check.finding import CorpusReport
from tests.hub_server import HubServer
from tests.hub_server.fixtures import keep_on_loopback
from transforms.beamkit import files
from transforms.beamkit.hub.tree import RepoFacts


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubServer]:
    """A server on loopback, and a process that reads from it."""
    keep_on_loopback(monkeypatch, tmp_path)
    with HubServer() as started:
        monkeypatch.setenv("HF_ENDPOINT", started.endpoint)
        monkeypatch.setenv("OMNIREWARD_CACHE", str(tmp_path / "cache"))
        yield started


def on_hub(server: HubServer, mirror: Mirror) -> CorpusReport:
    repo = f"sample/{mirror.name}"
    server.store.create(repo)
    commit = server.store.commit_folder(repo, mirror.folder)
    root = f"hf://datasets/{repo}@{commit}"
    listing = [(path.removeprefix(f"{root}/"), size) for path, size in files.matching(f"{root}/**")]
    facts = RepoFacts(mirror.corpus.licence, False, False, commit)
    return check_corpus(mirror.name, mirror.corpus, root, listing, facts)


@pytest.mark.parametrize(
    "name", ["skywork", "rlaif_v", "hpdv2", "omnialign_v", "evalmuse", "videodpo", "visionreward"]
)
def test_the_hub_gives_what_the_mirror_gives(
    server: HubServer, good: Mapping[str, Mirror], name: str
) -> None:
    mirror = good[name].check()
    hub = on_hub(server, good[name])
    assert hub.differences == ()
    looked = replace(hub.looked, commit=None, bytes_read=mirror.looked.bytes_read)
    assert looked == mirror.looked


def test_of_what_is_large_little_moves(
    server: HubServer, good: Mapping[str, Mirror], tmp_path: Path
) -> None:
    there = good["vlfeedback"].copied(tmp_path)
    with there.path("vlfeedback_80k.jsonl").open("ab") as file:
        file.truncate(20_000_000)
    there = replace(there, corpus=replace(there.corpus, rows=None))
    assert on_hub(server, there).differences == ()
    assert server.log.bytes_sent(path="vlfeedback_80k.jsonl") < 600_000
    assert len(server.log.entries(path="vlfeedback_80k.jsonl")) < 12
