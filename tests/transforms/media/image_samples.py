"""Pictures for tests: one photo-like picture, encoded in any form."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

from transforms.media import image
from transforms.media.modality import Product
from transforms.media.settings import ImagePolicy

POLICY = ImagePolicy()


def photo(size: tuple[int, int] = (96, 64), seed: int = 0) -> Image.Image:
    """Smooth colours with some detail and noise; no two corners are alike."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width] / max(size)
    random = np.random.default_rng(seed)
    phases = random.uniform(0, 6, 3)
    channels = [
        128 + 90 * np.sin(5 * x + 3 * y * (index + 1) + phase) * np.cos(2 * y + index)
        for index, phase in enumerate(phases)
    ]
    noisy = np.stack(channels, -1) + random.normal(0, 3, (height, width, 3))
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


def encoded(picture: Image.Image, name: str, **options: Any) -> bytes:
    """A picture as a file."""
    sink = io.BytesIO()
    picture.copy().save(sink, name, **options)  # a save leaves traces on the picture
    return sink.getvalue()


def opened(data: bytes) -> Image.Image:
    """A decoded file."""
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def product_of(data: bytes, policy: ImagePolicy = POLICY) -> Product:
    """The whole way of a medium, and the proof that its product is a fixed point."""
    image.probe(data, policy)
    product = image.normalise(image.validate(data, policy), policy)
    if product.data is None:
        assert product.changes == ()
    else:
        assert product.changes
        again = image.normalise(image.validate(product.data, policy), policy)
        assert (again.data, again.changes) == (None, ())
        assert_normal(product.data, policy)
    return product


def published(data: bytes, policy: ImagePolicy = POLICY) -> Image.Image:
    """The picture as it is published."""
    product = product_of(data, policy)
    return opened(data if product.data is None else product.data)


def assert_normal(data: bytes, policy: ImagePolicy = POLICY) -> None:
    """Assert the normal form by Pillow's own eyes, and the absence of metadata."""
    picture = opened(data)
    modes = ("L", "RGB", "LA", "RGBA") if policy.alpha == "keep" else ("L", "RGB")
    assert picture.mode in modes
    assert (picture.format or "").lower() in policy.keep
    assert getattr(picture, "n_frames", 1) == 1
    assert dict(picture.getexif()) == {}
    assert not {"icc_profile", "exif", "xmp", "comment", "transparency"} & picture.info.keys()
    assert policy.max_side is None or max(picture.size) <= policy.max_side


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean absolute difference in grey levels; the pictures have one size and kind."""
    assert (one.size, one.mode) == (other.size, other.mode)
    first, second = (np.asarray(picture, np.int16) for picture in (one, other))
    return float(np.abs(first - second).mean())
