"""A test Hub for benchmarks that are read from a repository."""

from __future__ import annotations

from tests.hub_server.fixtures import hub

__all__ = ["hub"]
