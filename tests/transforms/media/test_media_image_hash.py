"""The perceptual hash: the same everywhere, near for what looks alike, far for strangers."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tests.transforms.media.image_samples import POLICY, encoded, opened, photo
from transforms.media import image
from transforms.media.image.hash import perceptual_hash
from transforms.media.settings import ImagePolicy


def distance(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def exact(height: int, width: int) -> Image.Image:
    """A picture made of whole numbers alone."""
    y, x = np.mgrid[0:height, 0:width].astype(np.int64)
    channels = [(x * x // 7 + y * 3) % 256, (x * 5 + y * y // 11) % 256, (x * y // 13) % 256]
    return Image.fromarray(np.stack(channels, -1).astype(np.uint8))


def test_the_hash_is_pinned() -> None:
    """It is published and compared between versions; a change of it is a change of the product."""
    assert perceptual_hash(exact(120, 160)) == "81010129eb2bfefe"
    assert perceptual_hash(exact(77, 33)) == "8b212a57e59b36c9"
    assert perceptual_hash(exact(77, 33).convert("L")) == "8b212a57e59b36c9"


def test_it_is_the_transform_that_it_says() -> None:
    """Against a transform in floating point: bits may differ only next to the median."""
    for seed in range(5):
        picture = photo((200, 150), seed)
        small = picture.convert("L").resize((32, 32), Image.Resampling.BOX)
        samples = np.arange(32)
        cosines = np.cos(np.pi * np.arange(8)[:, None] * (2 * samples + 1) / 64)
        low = (cosines @ np.asarray(small, float) @ cosines.T).ravel()
        bits = np.unpackbits(np.frombuffer(bytes.fromhex(perceptual_hash(picture)), np.uint8))
        clear = np.abs(low - np.median(low) - 24) > 1
        assert clear.sum() > 50
        assert np.array_equal(bits[clear], (low > np.median(low) + 24)[clear])


def test_what_looks_alike_is_near_and_strangers_are_far() -> None:
    pictures = [photo((320, 200), seed) for seed in range(8)]
    hashes = [perceptual_hash(picture) for picture in pictures]
    for picture, own in zip(pictures, hashes, strict=True):
        for other in (
            picture.resize((160, 100), Image.Resampling.BICUBIC),
            picture.resize((640, 400), Image.Resampling.BICUBIC),
            opened(encoded(picture, "jpeg", quality=40)),
            picture.point(lambda value: value * 0.8 + 10),
        ):
            assert distance(own, perceptual_hash(other)) <= 6
    apart = [distance(one, two) for one in hashes for two in hashes if one is not two]
    assert np.mean(apart) > 20


@pytest.mark.parametrize("level", [0, 1, 127, 255])
def test_an_even_picture_has_no_bits_of_noise(level: int) -> None:
    even = Image.new("RGB", (64, 64), (level, level, level))
    expected = "8000000000000000" if level else "0" * 16
    assert perceptual_hash(even) == expected
    if level:
        random = np.random.default_rng(3)
        noise = np.clip(level + random.integers(-1, 2, (64, 64)), 1, 255).astype(np.uint8)
        assert perceptual_hash(Image.fromarray(noise)) == expected


def test_a_kept_jpeg_that_was_decoded_small_has_nearly_the_hash_of_its_pixels() -> None:
    for seed in range(6):
        data = encoded(photo((500, 333), seed), "jpeg", quality=85)
        kept = image.describe(image.validate(data, POLICY), POLICY)["phash"]
        policy = ImagePolicy(max_side=224)
        scaled = image.normalise(image.validate(data, policy), policy).facts["phash"]
        assert distance(kept, perceptual_hash(opened(data))) <= 3
        assert distance(kept, scaled) <= 3
