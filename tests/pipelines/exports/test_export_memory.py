"""Memory of an export does not grow with the dataset."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from made_dataset import make_rows, medium, write_dataset

_CALL = "from pipelines.cli import main; main()"


def peak(source: Path, form: str, to: Path) -> float:
    """Megabytes of an export at most."""
    process = subprocess.Popen(
        [sys.executable, "-c", _CALL, "export", form, "-o", str(source), "--to", str(to)],
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss * 1024 / 1e6


@pytest.mark.full
@pytest.mark.parametrize("form", ["llamafactory", "trl", "omnirewardbench"])
def test_ten_times_the_rows_take_no_more_memory(form: str, tmp_path: Path) -> None:
    noise = np.random.default_rng(0)
    peaks = []
    for number in (40, 400):
        rows = [
            row | {"prompt_images": [medium(noise.bytes(2_000_000), "png")]}
            for row in make_rows("RLAIF-V", range(number))
        ]
        source = write_dataset(tmp_path / str(number), {"RLAIF-V": rows}, group_rows=20)
        peaks.append(peak(source, form, tmp_path / f"{form}-{number}"))
    assert peaks[1] < 1.3 * peaks[0]
    assert peaks[1] < 800
