"""The fixture `hub`, and settings that keep the real client on loopback.

A conftest imports `hub` to offer it to its tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import HfFileSystem, constants

from tests.hub_server.server import HubServer


@pytest.fixture
def hub(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HubServer]:
    """A running server without repos; the client in this process knows no token but those given."""
    keep_on_loopback(monkeypatch, tmp_path_factory.mktemp("hf"))
    with HubServer() as server:
        yield server


def keep_on_loopback(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Keep the client in this process off the network and away from the user's own token."""
    # With telemetry on, it asks the public hub for a list it names its caller by.
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(home / "token"))
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def client_environment(server: HubServer, home: Path, token: str | None = None) -> dict[str, str]:
    """The same for a client in a process of its own, which then uses this server."""
    return {
        "HF_ENDPOINT": server.endpoint,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_XET": "1",
        "HF_TOKEN": token or "",
    }


def datasets_here(monkeypatch: pytest.MonkeyPatch, server: HubServer, home: Path) -> None:
    """Let `datasets` in this process read from a server; it took its address when imported."""
    import datasets

    template = server.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "ENDPOINT", server.endpoint)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(home / "hub"))
    monkeypatch.setattr(datasets.config, "HF_ENDPOINT", server.endpoint)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", home / "datasets")
    monkeypatch.setattr(datasets.config, "HF_MODULES_CACHE", str(home / "modules"))
    HfFileSystem.clear_instance_cache()
