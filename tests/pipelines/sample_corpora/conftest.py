"""Sample corpora written once for all tests of this folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.sample_corpora import Planted, write_corpora


@dataclass(frozen=True)
class Written:
    """A folder of sample corpora and what was planted there."""

    folder: Path
    planted: dict[str, Planted]


@pytest.fixture(scope="session", params=[0.0005, 0.0015])
def faulty(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The corpora with faults, at two scales."""
    folder = tmp_path_factory.mktemp("faulty")
    return Written(folder, write_corpora(folder, scale=request.param))


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The corpora without faults."""
    folder = tmp_path_factory.mktemp("clean")
    return Written(folder, write_corpora(folder, scale=0.0005, faults=False))
