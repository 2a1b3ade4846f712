"""Perceptual hashes of a medium and of its crops: a copy without its edges is found by those."""

from __future__ import annotations

import io
from typing import Final

from schemas.tasks import Modality
from transforms.media.sandbox.runner import Sandbox

#: Parts of width and height that crops leave out: left, upper, right, lower.
_CROPS: Final = (
    (0.025, 0.025, 0.025, 0.025),
    (0.05, 0.05, 0.05, 0.05),
    *((0.05, 0, 0, 0), (0, 0.05, 0, 0), (0, 0, 0.05, 0), (0, 0, 0, 0.05)),
    *((0.05, 0.05, 0, 0), (0.05, 0, 0, 0.05), (0, 0.05, 0.05, 0), (0, 0, 0.05, 0.05)),
)


def variants(data: bytes, modality: Modality, sandbox: Sandbox) -> tuple[str, ...]:
    """The hash of a medium as published, first, and of crops of a picture; each once.

    Raises:
        MediaError: the medium can't be decoded, or is beyond the policy's limits.
    """
    product = sandbox.run(modality, data)
    phash = product.facts.get("phash")
    if not phash:
        return ()
    hashes = [str(phash)]
    if modality == "image":
        hashes += _crops(data if product.data is None else product.data)
    return tuple(dict.fromkeys(hashes))


def _crops(data: bytes) -> list[str]:
    """Hashes of the crops of a picture that was decoded before, in the sandbox."""
    from PIL import Image

    from transforms.media.image.hash import perceptual_hash

    with Image.open(io.BytesIO(data)) as picture:
        grey = picture.convert("L")
    width, height = grey.size
    boxes = [
        (width * left, height * upper, width * (1 - right), height * (1 - lower))
        for left, upper, right, lower in _CROPS
    ]
    edges = [
        (round(left), round(upper), round(right), round(lower))
        for left, upper, right, lower in boxes
    ]
    return [perceptual_hash(grey.crop(box)) for box in edges]
