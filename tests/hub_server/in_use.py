"""The fixture `hub_in_use`: this process reads from the test Hub, with a cache of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from huggingface_hub import close_session

from tests.hub_server.fixtures import keep_on_loopback
from tests.hub_server.server import HubServer
from transforms.beamkit.hub import transfer
from transforms.beamkit.hub.patience import PATIENCE
from transforms.beamkit.hub.reading import _connections

REPO = "ada/birds"
_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture
def hub_in_use(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[HubServer]:
    """A running server that addresses are read from; its cache is `cache_of(tmp_path)`."""
    use(hub, monkeypatch, tmp_path)
    yield hub
    _connections().shutdown(cancel_futures=True)  # what was fetched ahead is not for the next test
    _connections.cache_clear()


def use(server: HubServer, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Let this process read from a server, past all proxies, and wait next to nothing."""
    keep_on_loopback(monkeypatch, home)
    transfer._LOCATIONS._known.clear()  # another server may have had this port
    proxies = [name for upper in _PROXIES for name in (upper, upper.lower()) if name in os.environ]
    for name in proxies:
        monkeypatch.delenv(name)
    if proxies:
        close_session()  # a client keeps those that it was made with
    monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
    monkeypatch.setenv("OMNIREWARD_CACHE", str(cache_of(home)))
    monkeypatch.delenv("OMNIREWARD_CACHE_GB", raising=False)
    monkeypatch.setattr(PATIENCE, "first_wait", 0.001)


def cache_of(home: Path) -> Path:
    """The folder of the cache of a test with this `tmp_path`."""
    return home / "cache"


def put(server: HubServer, files: Mapping[str, bytes | Path], repo: str = REPO) -> str:
    """Commit files to a repo, made if need be; gives the address of its root."""
    if server.store.find(repo) is None:
        server.store.create(repo)
    return f"hf://datasets/{repo}@{server.store.commit(repo, files, 'Files')}"
