"""Memory of an export does not grow with the dataset."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from made_dataset import make_rows, medium, write_dataset

from tests.measured import measured


def peak(source: Path, form: str, to: Path) -> float:
    """Megabytes of an export at most."""
    export = [sys.executable, "-m", "pipelines.cli", "export", form]
    done = measured([*export, "-o", source, "--to", to])
    assert done.code == 0, done.stderr
    return done.memory_mb


@pytest.mark.full
@pytest.mark.parametrize("form", ["llamafactory", "trl", "omnirewardbench"])
def test_five_times_the_rows_take_no_more_memory(form: str, tmp_path: Path) -> None:
    noise = np.random.default_rng(0)
    peaks = []
    for number in (30, 150):
        rows = [
            row | {"prompt_images": [medium(noise.bytes(2_000_000), "png")]}
            for row in make_rows("RLAIF-V", range(number))
        ]
        source = write_dataset(tmp_path / str(number), {"RLAIF-V": rows}, group_rows=10)
        peaks.append(peak(source, form, tmp_path / f"{form}-{number}"))
    assert peaks[1] < 1.3 * peaks[0]
    assert peaks[1] < 800
