"""What tests measure of other processes is theirs alone."""

from __future__ import annotations

import sys

import numpy as np

from tests.measured import measured

_TAKES = "import sys; data = bytearray(int(sys.argv[1]) * 10**6); sys.exit(7)"


def test_the_memory_of_whoever_asks_does_not_count() -> None:
    mine = np.ones(40_000_000)  # 320 MB, every page of them
    small, large = (measured([sys.executable, "-c", _TAKES, size]) for size in (1, 200))
    assert mine.nbytes == 320_000_000
    assert (small.code, large.code) == (7, 7)
    assert small.memory_mb < 100
    assert 200 < large.memory_mb < 300
    assert small.cpu_s > 0
