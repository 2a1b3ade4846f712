"""Colours read from textures: sRGB to linear, wrapped, smooth, at the size at which they show."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from transforms.media.mesh.picture import decode_picture
from transforms.media.mesh.scene import Array, TextureUse
from transforms.media.settings import MeshPolicy

#: Views are at most some hundred pixels wide: a larger texture is halved until it fits.
_LARGEST: Final = 2048
_SRGB: Final = np.arange(256) / 255.0

#: Linear light of the 256 values of sRGB, and back from 65,536 steps (IEC 61966-2-1).
LINEAR: Final = np.array(
    [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _SRGB], np.float32
)
_ENCODED: Final = np.array(
    [
        round(255 * (12.92 * c if c <= 0.0031308 else 1.055 * c ** (1 / 2.4) - 0.055))
        for c in (step / 65535 for step in range(65536))
    ],
    np.uint8,
)


def encoded(light: Array) -> Array:
    """Linear light in [0, 1] as sRGB bytes."""
    return _ENCODED[(np.clip(light, 0, 1) * 65535 + 0.5).astype(np.int64)]


class Texture:
    """A picture in halving sizes, uint8 (height, width, 4) each."""

    def __init__(self, data: bytes, policy: MeshPolicy) -> None:
        picture = decode_picture(data, policy)
        self.opaque = picture.mode == "RGB" or picture.getextrema()[3][0] == 255
        while max(picture.size) > _LARGEST:
            picture = picture.reduce(2)
        self.levels = [np.asarray(picture.convert("RGBA"))]
        while max(picture.size) > 1:
            picture = picture.reduce(tuple(min(2, size) for size in picture.size))
            self.levels.append(np.asarray(picture.convert("RGBA")))

    def level(self, uv_area: Array, area: Array) -> Array:
        """The size that fits faces of an area in texture and on the screen (samples), int64.

        Each level has a quarter of the texels; the one is taken that has about one a sample.
        """
        height, width = self.levels[0].shape[:2]
        texels = uv_area * (width * height)
        level = np.zeros(len(texels), np.int64)
        for number in range(1, len(self.levels)):
            level += texels > area * (4.0**number / 2)
        return level

    def read(self, uv: Array, level: Array, use: TextureUse) -> Array:
        """Linear colours and alpha at texture coordinates (n, 2): float32 (n, 4)."""
        colours = np.zeros((len(uv), 4), np.float32)
        uv = _turned(uv, use)
        for number in np.unique(level):
            chosen = level == number
            colours[chosen] = _smooth(self.levels[number], uv[chosen], use)
        return colours


def _turned(uv: Array, use: TextureUse) -> Array:
    uv = np.where(np.isfinite(uv) & (np.abs(uv) < 1e6), uv, 0.0)
    if use.transform is None:
        return uv
    a, b, c, d, e, f = use.transform
    u, v = uv[:, 0], uv[:, 1]
    return np.stack([a * u + b * v + c, d * u + e * v + f], axis=1)


def _smooth(texels: Array, uv: Array, use: TextureUse) -> Array:
    height, width = texels.shape[:2]
    u, v = uv[:, 0] * width, uv[:, 1] * height
    if use.nearest:
        column, row = np.floor(u).astype(np.int64), np.floor(v).astype(np.int64)
        return _linear(
            texels[_wrapped(row, height, use.wrap[1]), _wrapped(column, width, use.wrap[0])]
        )
    left, top = np.floor(u - 0.5), np.floor(v - 0.5)
    across = (u - 0.5 - left).astype(np.float32)[:, None]
    down = (v - 0.5 - top).astype(np.float32)[:, None]
    x, y = left.astype(np.int64), top.astype(np.int64)
    x0, x1 = (_wrapped(x + step, width, use.wrap[0]) for step in (0, 1))
    y0, y1 = (_wrapped(y + step, height, use.wrap[1]) for step in (0, 1))
    above = _linear(texels[y0, x0]) * (1 - across) + _linear(texels[y0, x1]) * across
    below = _linear(texels[y1, x0]) * (1 - across) + _linear(texels[y1, x1]) * across
    return np.asarray(above * (1 - down) + below * down)


def _linear(texels: Array) -> Array:
    values = np.empty(texels.shape, np.float32)
    values[:, :3] = LINEAR[texels[:, :3]]
    values[:, 3] = texels[:, 3] * np.float32(1 / 255)
    return values


def _wrapped(place: Array, size: int, mode: str) -> Any:
    if mode == "clamp":
        return np.clip(place, 0, size - 1)
    if mode == "mirror":
        place = np.mod(place, 2 * size)
        return np.where(place < size, place, 2 * size - 1 - place)
    return np.mod(place, size)
