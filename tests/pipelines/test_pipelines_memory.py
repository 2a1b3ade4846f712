"""Memory of a whole build at the published size of a corpus."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.sample_corpora import write_corpora
from pipelines.sample_recipe import write_sample_recipe

#: Bytes; the published Skywork corpus is built within them.
LIMIT = 1_500_000_000

_BUILD = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
"""


@pytest.mark.full
def test_skywork_at_full_scale_is_built_within_the_limit(tmp_path: Path) -> None:
    recipe = write_sample_recipe(tmp_path, write_corpora(tmp_path, 1.0, only=["skywork"]))
    command = [
        str(Path(sys.executable).with_name("omnireward")), "build", "--quiet",
        "--recipe", str(recipe), "--output", str(tmp_path / "out"),
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", _BUILD, *command], check=True, capture_output=True, text=True
    )
    assert int(done.stdout) < LIMIT
