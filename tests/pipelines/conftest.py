"""Sample corpora and the dataset built from them, made once for all tests of the pipelines."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from command import called
from filelock import FileLock
from sample_build import Built, Sample, build_with

from pipelines.sample_corpora import write_corpora
from pipelines.sample_recipe import write_sample_recipe
from transforms.media.sandbox.shared import shared_until_end

T = TypeVar("T")


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all test processes of this run have in common."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


def made_once(folder: Path, name: str, make: Callable[[Path], T]) -> T:
    """What `make` makes in a folder: made by the first process to come, read by the others."""
    target, told = folder / name, folder / f"{name}.pickle"
    with FileLock(folder / f"{name}.lock"):
        if not told.exists():
            target.mkdir()
            told.write_bytes(pickle.dumps(make(target)))
        made: T = pickle.loads(told.read_bytes())
    return made


@pytest.fixture(scope="session")
def sample(shared: Path) -> Sample:
    """Small corpora; not to be changed."""

    def write(folder: Path) -> Sample:
        planted = write_corpora(folder, scale=0.002)
        return Sample(folder, planted, write_sample_recipe(folder, planted))

    return made_once(shared, "sample-corpora", write)


@pytest.fixture(scope="session")
def built(shared: Path, sample: Sample) -> Built:
    """All records of three sample corpora, built once; not to be changed."""
    return made_once(
        shared, "sample-built", lambda folder: build_with(sample.whole(), sample.folder, folder)
    )


@pytest.fixture(scope="module", autouse=True)
def warm_decoders() -> Iterator[None]:
    """Builds of one file share the processes that decode media."""
    with shared_until_end():
        yield


Call = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def omnireward_process() -> Call:
    """The command line in a process of its own, which takes seconds to import what it needs."""

    def call(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pipelines.cli", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)

    return call


@pytest.fixture(scope="session")
def omnireward() -> Call:
    """The command line, called in this process."""
    return called
