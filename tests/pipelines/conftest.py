"""Sample corpora and the dataset built from them, made once for all tests of the pipelines."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sample_build import Built, Sample, build_with

from pipelines.sample_corpora import write_corpora
from pipelines.sample_recipe import write_sample_recipe


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    folder = tmp_path_factory.mktemp("corpora")
    planted = write_corpora(folder, scale=0.002)
    return Sample(folder, planted, write_sample_recipe(folder, planted))


@pytest.fixture(scope="session")
def built(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """All records of the sample corpora, built once."""
    return build_with(sample.whole(), sample.folder, tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="session")
def omnireward() -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command line in a process of its own."""

    def call(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pipelines.cli", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)

    return call
