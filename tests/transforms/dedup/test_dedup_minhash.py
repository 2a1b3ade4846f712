"""Signatures, bands and similarity: what they state about sets, and that they are fixed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from transforms.dedup.minhash import bands, compact, signatures, similarity, union
from transforms.dedup.settings_text import NearTextSettings
from transforms.dedup.shingles import Hashes

#: Values of a signature, the sum of all, and two bands: a change makes kept prints useless.
GOLDEN = (
    "[18898595, 490987007, 180664293, 249593] 5370310841146 "
    "[9462862639036469239  688328421798534796]"
)


def sets_of(*rows: np.ndarray) -> Hashes:
    offsets = np.cumsum([0, *map(len, rows)])
    return Hashes(np.concatenate([np.empty(0, np.uint64), *rows]), offsets)


def numbers(rng: np.random.Generator, size: int) -> np.ndarray:
    return rng.integers(0, 2**64, size, dtype=np.uint64)


def signed(*rows: np.ndarray) -> np.ndarray:
    return signatures(sets_of(*rows), 128, 1)


def test_signatures_are_of_sets() -> None:
    rng = np.random.default_rng(1)
    a, b = numbers(rng, 50), numbers(rng, 80)
    one, again, other, both, nothing = signed(
        a, np.concatenate([a[::-1], a[:7]]), b, np.concatenate([a, b]), a[:0]
    )
    assert (one == again).all()
    assert (one != other).any()
    assert (union(one, other) == both).all()
    assert (union(one, nothing) == one).all()


def test_empty_rows_between_change_nothing() -> None:
    rng = np.random.default_rng(2)
    rows = [numbers(rng, size) for size in (0, 3, 0, 0, 40, 1, 0)]
    together = signed(*rows)
    for row, expected in zip(rows, together, strict=True):
        assert (signed(row)[0] == expected).all()


def test_many_rows_go_in_blocks() -> None:
    rng = np.random.default_rng(3)
    values = numbers(rng, 20_000)
    matrix = signatures(Hashes(values, np.arange(0, 20_001, 2)), 128, 1)
    assert matrix.shape == (10_000, 128)
    for row in (0, 8191, 8192, 9999):
        assert (matrix[row] == signed(values[2 * row : 2 * row + 2])[0]).all()


def test_signatures_are_fixed_whatever_the_threads() -> None:
    program = (
        "import numpy as np; from transforms.dedup.shingles import Hashes;"
        "from transforms.dedup.minhash import bands, signatures;"
        "values = np.arange(1, 50_001, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15);"
        "matrix = signatures(Hashes(values, np.arange(0, 50_001, 50)), 16, 7);"
        "print(matrix[0, :4].tolist(), int(matrix.sum(dtype=np.uint64)), bands(matrix, 2, 4)[0])"
    )
    said = set()
    for threads in ("1", "2"):
        root = str(Path(__file__).parents[3])
        env = {**os.environ, "RAYON_NUM_THREADS": threads, "PYTHONPATH": root}
        run = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=env
        )
        said.add(run.stdout.strip())
    assert said == {GOLDEN}


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.75, 0.9, 1.0])
def test_similarity_estimates_jaccard(share: float) -> None:
    rng = np.random.default_rng(4)
    common = round(400 * share / (1 + share))
    rows = []
    for _ in range(300):
        shared = numbers(rng, common)
        rows += [np.concatenate([shared, numbers(rng, 200 - common)]) for _ in range(2)]
    small = compact(signed(*rows))
    found = similarity(small[::2], small[1::2])
    true = common / (400 - common)
    assert found.dtype == np.float32
    assert abs(found.mean() - true) < 0.008
    assert found.std() < 0.046


def test_rows_meet_in_bands_as_often_as_the_settings_say() -> None:
    settings = NearTextSettings()
    assert settings.band_threshold == pytest.approx((1 / 24) ** (1 / 4))
    rng = np.random.default_rng(5)
    for common, similar in ((150, 0.6), (67, 0.201)):
        rows = []
        for _ in range(1000):
            shared = numbers(rng, common)
            rows += [np.concatenate([shared, numbers(rng, 200 - common)]) for _ in range(2)]
        hashed = bands(signed(*rows), settings.bands, settings.rows)
        met = (hashed[::2] == hashed[1::2]).any(axis=1).mean()
        assert met == pytest.approx(settings.recall_of_bands(similar), abs=0.02)


def test_bands_know_their_number() -> None:
    hashed = bands(np.full((1, 16), 5, np.uint32), 4, 4)
    assert len(set(hashed[0].tolist())) == 4


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"bands": 40}, "num_perm: 160"),
        ({"ngram": 0}, "ngram: 0"),
        ({"max_comparisons": 0}, "max_comparisons: 0"),
        ({"min_prompt_similarity": 0.0}, "min_prompt_similarity: 0.0"),
        ({"min_response_similarity": 1.1}, "min_response_similarity: 1.1"),
        ({"short_tokens": -1}, "short_tokens: -1"),
        ({"seed": -1}, "seed: -1"),
        ({"min_prompt_similarity": 0.3}, "bands"),
    ],
)
def test_settings_that_cannot_be_are_refused(change: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        NearTextSettings(**change)  # type: ignore[arg-type]
