"""Time and memory of a diff at the published size."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"
#: Megabytes, and seconds of processor time of any machine of these years.
MEMORY, SECONDS = 1_000, 60


@pytest.mark.full
def test_datasets_of_the_published_size_are_compared_within_the_limits() -> None:
    command = [sys.executable, str(BENCHMARKS / "diff.py"), "--runs", "1", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    (run,) = json.loads(done.stdout)
    assert run["rows"] > 317_000
    assert run["label_flips"] > 3_000
    assert run["cpu_s"] < SECONDS
    assert run["memory_mb"] < MEMORY
