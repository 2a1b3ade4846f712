"""Datasets that the tests of the gallery share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from planted_dataset import rows_of_viewer, write_dataset, write_hostile
from viewer_client import Client, viewing


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset whose every text is an attack."""
    return write_hostile(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="session")
def hostile_report(hostile: Path) -> str:
    """The report of `hostile`."""
    from pipelines.gallery.report import report

    return report(hostile)


@pytest.fixture(scope="module")
def hostile_viewer(hostile: Path) -> Iterator[Client]:
    """A viewer of `hostile`."""
    with viewing(hostile) as client:
        yield client


@pytest.fixture(scope="module")
def viewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A viewer of 57 rows in two subsets: `rows_of_viewer`."""
    output = write_dataset(
        tmp_path_factory.mktemp("viewed") / "set", rows_of_viewer(), group_rows=8
    )
    with viewing(output) as client:
        yield client
