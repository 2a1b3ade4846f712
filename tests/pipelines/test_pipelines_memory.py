"""Memory of a whole build at the published size of a corpus."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pipelines.sample_corpora import write_corpora
from pipelines.sample_recipe import write_sample_recipe
from tests.measured import measured

#: Megabytes; the published Skywork corpus is built within them.
LIMIT = 1_500


@pytest.mark.full
def test_skywork_at_full_scale_is_built_within_the_limit(tmp_path: Path) -> None:
    recipe = write_sample_recipe(tmp_path, write_corpora(tmp_path, 1.0, only=["skywork"]))
    command = [
        Path(sys.executable).with_name("omnireward"), "build", "--quiet",
        "--recipe", recipe, "--output", tmp_path / "out",
    ]  # fmt: skip
    done = measured(command)
    assert done.code == 0, done.stderr
    assert done.memory_mb < LIMIT
