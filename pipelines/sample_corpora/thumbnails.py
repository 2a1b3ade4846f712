"""Tiny true pictures, for corpora with hundreds of thousands of them: coloured tiles as PNG."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

#: Squares a side, and pixels a side of a square.
TILES: Final = 6
TILE: Final = 8

Tiles = npt.NDArray[np.uint8]


def tiles(rng: np.random.Generator) -> Tiles:
    """The colours of a picture. They are far apart, so pictures are for perceptual hashes too."""
    return rng.integers(0, 256, (TILES, TILES, 3), dtype=np.uint8)


def edited(source: Tiles, rng: np.random.Generator) -> Tiles:
    """The same picture with a quarter of it painted over, in a shade of its own."""
    made, half = source.copy(), TILES // 2
    top, left = (int(at) * half for at in rng.integers(0, 2, 2))
    made[top : top + half, left : left + half] = rng.integers(0, 256, 3)
    return made


def thumbnail(colours: Tiles) -> bytes:
    """A decodable PNG file of some 400 bytes."""
    pixels = colours.repeat(TILE, axis=0).repeat(TILE, axis=1)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)
    return file.getvalue()
