"""Good pictures with bits flipped, cut, swapped and misnamed: refused or read, never worse."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.transforms.media.image_samples import POLICY, assert_normal, encoded, opened, photo
from transforms.media import image
from transforms.media.errors import MediaError
from transforms.media.judge_views import JudgeView
from transforms.media.settings import ImagePolicy

#: Seconds that one mutant may take; a sandbox kills what takes longer.
SECONDS = 10.0

REASONS = {
    "image_undecodable",
    "image_too_large",
    "image_format",
    "image_empty",
    "image_memory",
}

POLICIES = (POLICY, ImagePolicy(max_side=40), ImagePolicy(alpha="keep", transparent="keep"))


def seeds() -> list[bytes]:
    """One good file of every kind that takes its own way through the decoders."""
    one, other = photo((96, 64)), photo((96, 64), 1)
    clear = one.copy()
    clear.putalpha(other.convert("L"))
    wide = np.asarray(one.convert("L")).astype(np.uint16) * 257

    def series() -> dict[str, Any]:
        return {"save_all": True, "append_images": [other.copy()]}

    return [
        encoded(one, "jpeg", quality=90),
        encoded(one, "jpeg", progressive=True, comment=b"of a camera"),
        encoded(one.convert("CMYK"), "jpeg"),
        encoded(one, "mpo", **series()),
        encoded(one, "png"),
        encoded(clear, "png"),
        encoded(one.quantize(64), "png", transparency=3),
        encoded(one, "png", **series()),
        encoded(one, "webp"),
        encoded(clear, "webp", lossless=True),
        encoded(one, "webp", **series()),
        encoded(one, "gif", **series()),
        encoded(one, "bmp"),
        encoded(one.quantize(16), "bmp"),
        encoded(one, "tiff"),
        encoded(one, "tiff", compression="tiff_lzw", **series()),
        encoded(one.convert("1"), "tiff", compression="group4"),
        encoded(one.convert("L").convert("F"), "tiff", compression="tiff_adobe_deflate"),
        encoded(opened(encoded(one, "png")).convert("I"), "tiff"),
        encoded(Image.fromarray(wide), "tiff"),
        encoded(one, "avif", speed=10),
        encoded(clear, "avif", speed=10),
    ]


def mutant(random: np.random.Generator, files: list[bytes]) -> bytes:
    """A file with one kind of damage."""
    data = bytearray(files[random.integers(len(files))])
    kind = random.integers(7)
    place = int(random.integers(len(data)))
    if kind == 0:  # a few bits anywhere
        for spot in random.integers(len(data), size=random.integers(1, 9)):
            data[spot] ^= 1 << int(random.integers(8))
    elif kind == 1:  # a few bytes of the header
        for spot in random.integers(min(len(data), 120), size=random.integers(1, 5)):
            data[spot] = int(random.integers(256))
    elif kind == 2:
        del data[place:]
    elif kind == 3:  # the head of another file
        size = int(random.integers(2, 80))
        data[:size] = files[random.integers(len(files))][:size]
    elif kind == 4:  # a hole
        data[place : place + 64] = bytes(len(data[place : place + 64]))
    elif kind == 5:  # something lost, or doubled
        piece = data[place : place + 50]
        data[place : place + 50] = b"" if random.integers(2) else bytes(piece) * 2
    else:  # a large number
        data[place : place + 4] = b"\xff\xff\xff\x7f"
    return bytes(data)


def run(number: int, seed: int) -> Counter[str]:
    random, files = np.random.default_rng(seed), seeds()
    outcome: Counter[str] = Counter()
    for index in range(number):
        data, policy = mutant(random, files), POLICIES[index % len(POLICIES)]
        started = time.perf_counter()
        try:
            image.probe(data, policy)
            product = image.normalise(image.validate(data, policy), policy)
            image.render_for_judge(data, policy, JudgeView())
            if product.data is not None:
                assert_normal(product.data, policy)
                again = image.normalise(image.validate(product.data, policy), policy)
                assert again.data is None
            outcome["accepted"] += 1
        except MediaError as error:
            outcome[error.reason if error.message else "no message"] += 1
        assert time.perf_counter() - started < SECONDS
    assert outcome.keys() <= {"accepted", *REASONS}
    return outcome


def test_every_seed_is_good() -> None:
    assert len(seeds()) > 5
    for data in seeds():
        decoded = image.validate(data, POLICY)
        assert image.describe(decoded, POLICY)["bytes"] == len(data)


def test_fifty_mutants() -> None:
    outcome = run(50, seed=11)
    assert outcome["image_undecodable"] > 20
    assert outcome["accepted"] > 0


@pytest.mark.full
def test_two_thousand_mutants() -> None:
    outcome = run(2_000, seed=12)
    assert outcome["image_undecodable"] > 800
    assert outcome["accepted"] > 100


def test_a_wrong_name_does_not_matter() -> None:
    """Bytes have no extension here: what a file is called is never asked."""
    for name in POLICY.formats:
        assert image.probe(encoded(photo(), name), POLICY)["format"] == name
