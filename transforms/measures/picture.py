"""A picture as measures see it: a bounded copy, and what several of them need, computed once."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

#: Longer side of the copy that is measured: about what a person sees of a picture at a glance.
SIDE: Final = 512
#: Pixels of a canvas that is decoded at all; the media stage has its own, earlier limit.
MAX_PIXELS: Final = 100_000_000
#: Chroma from which a pixel has a colour that people name.
COLOURED: Final = 0.15


def open_picture(data: bytes, side: int = SIDE) -> Picture:
    """Decode a picture to 8-bit RGB, at most `side` pixels a side; a smaller one keeps its size.

    Raises:
        ValueError: it has too many pixels to decode.
        OSError: it is no picture, or damaged.
    """
    from PIL import Image

    with Image.open(io.BytesIO(data)) as opened:
        width, height = opened.size
        if width * height > MAX_PIXELS:
            raise ValueError(f"{width} x {height} pixels")
        opened.draft("RGB", (side, side))
        picture: Any = opened
        if "transparency" in opened.info or opened.mode in ("RGBA", "LA", "PA"):
            shown = opened.convert("RGBA")
            picture = Image.new("RGBA", shown.size, "white")
            picture.alpha_composite(shown)
        rgb = picture.convert("RGB")
        rgb.thumbnail((side, side), Image.Resampling.BICUBIC, reducing_gap=2.0)
        return Picture(np.asarray(rgb), (width, height))


@dataclass(frozen=True)
class Picture:
    """RGB pixels (height x width x 3, uint8) of the copy, and the size of the original."""

    pixels: np.ndarray
    size: tuple[int, int]

    @cached_property
    def rgb(self) -> np.ndarray:
        """3 x height x width, float32, 0 to 1: one plane a channel."""
        return np.ascontiguousarray(self.pixels.transpose(2, 0, 1), np.float32) / np.float32(255)

    @cached_property
    def luma(self) -> np.ndarray:
        """Height x width, float32, 0 to 1: brightness by ITU-R BT.601."""
        red, green, blue = self.rgb
        luma: np.ndarray = 0.299 * red + 0.587 * green + 0.114 * blue
        return luma

    @cached_property
    def chroma(self) -> np.ndarray:
        """Height x width: the largest less the smallest of red, green and blue, 0 to 1."""
        red, green, blue = self.rgb
        largest = np.maximum(np.maximum(red, green), blue)
        chroma: np.ndarray = largest - np.minimum(np.minimum(red, green), blue)
        return chroma

    @cached_property
    def hues(self) -> np.ndarray:
        """Hues of the pixels that have a colour, 0 to 360 degrees: red at 0, green at 120."""
        shown = self.chroma > COLOURED
        red, green, blue = self.rgb[:, shown]
        spread, largest = self.chroma[shown], np.maximum(np.maximum(red, green), blue)
        sectors = np.where(
            largest == red,
            ((green - blue) / spread) % 6,
            np.where(largest == green, (blue - red) / spread + 2, (red - green) / spread + 4),
        )
        hues: np.ndarray = sectors * 60
        return hues

    @cached_property
    def gradient(self) -> np.ndarray:
        """Height x width: steepness of brightness by central differences, per pixel."""
        down, across = np.gradient(self.luma)
        return np.hypot(down, across)

    def afar(self, side: int) -> np.ndarray:
        """3 x `side` x `side`: the colours that stay of a picture from afar."""
        return np.stack([in_cells(plane, side) for plane in self.rgb])


def in_cells(values: np.ndarray, side: int) -> np.ndarray:
    """A map (height x width) averaged over `side` x `side` cells.

    Raises:
        ValueError: there are fewer pixels than cells.
    """
    height, width = values.shape
    if height < side or width < side:
        raise ValueError(f"{width} x {height} pixels are too few for {side} cells a side")
    rows = np.linspace(0, height, side + 1).astype(int)
    columns = np.linspace(0, width, side + 1).astype(int)
    sums = np.add.reduceat(np.add.reduceat(values, rows[:-1], axis=0), columns[:-1], axis=1)
    means: np.ndarray = sums / (np.diff(rows)[:, None] * np.diff(columns)[None, :])
    return means
