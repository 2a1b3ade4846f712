"""The running server and a plain client, for the tests of the server itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.hub_server.fixtures import hub, keep_on_loopback

__all__ = ["hub"]


@pytest.fixture(autouse=True)
def _loopback(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    keep_on_loopback(monkeypatch, tmp_path)


@pytest.fixture(scope="session")
def web() -> Iterator[httpx2.Client]:
    """A client that follows no redirect and retries nothing."""
    with httpx2.Client(trust_env=False, timeout=10) as client:
        yield client
