"""The toy output, written once, and the test Hub."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from card_toy import Toy

from pipelines.cards import render_card
from tests.hub_server.server import HubServer


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output folder that no test changes."""
    return Toy().write(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="session")
def cards(toy: Path) -> dict[str, bytes]:
    """Its cards."""
    return render_card(toy, None, "ada/toy", "1.1.0")


@pytest.fixture
def server() -> Iterator[HubServer]:
    with HubServer() as running:
        yield running
