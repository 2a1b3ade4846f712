"""A picture's perceptual hash: 64 bits that stay nearly the same when it is scaled or re-encoded.

The classic pHash (Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions",
2010): 32 x 32 grey means, discrete cosine transform, the 64 lowest frequencies and their median.
All of it in whole numbers, so that every machine finds the same bits: Pillow's box filter and luma
are fixed-point, and the cosines here are rounded once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

#: Shares of the width (left, right) and height (top, bottom) that are cut off: left, top, right,
#: bottom.
Crop = tuple[float, float, float, float]

_SIDE: Final = 32
_LOW: Final = 8
_SCALE: Final = 1 << 12

#: Rows of the transform (DCT-II): frequencies 0 to 7 over 32 samples.
_COSINES: Final = np.rint(
    _SCALE
    * np.cos(np.pi * np.arange(_LOW)[:, None] * (2 * np.arange(_SIDE)[None, :] + 1) / (2 * _SIDE))
).astype(np.int64)

#: A bit is set by a frequency that is this much above the median, in units of one grey level times
#: one sample. Rounding of the 1,024 means moves a frequency by about 5; without the margin the bits
#: of an even picture would be noise.
_MARGIN: Final = 24 * _SCALE * _SCALE


def perceptual_hash(picture: Any, area: tuple[float, float] | None = None) -> str:
    """The hash of a Pillow picture (any mode that converts to grey): 16 hex digits, row by row.

    `area` is the width and height that count, from the upper left, if not all does.

    Pictures of one origin differ in few bits (2 or 3 for half the size, or JPEG of quality 50),
    strangers in about 32. Alpha is not looked at.
    """
    return _hash(_grey(picture), None if area is None else (0.0, 0.0, *area))


def cropped_hashes(
    picture: Any, crops: Sequence[Crop], area: tuple[float, float] | None = None
) -> list[str]:
    """Hashes of a picture with these shares of its width and height cut off, one each."""
    grey = _grey(picture)
    width, height = area or grey.size
    return [
        _hash(grey, (width * left, height * top, width * (1 - right), height * (1 - bottom)))
        for left, top, right, bottom in crops
    ]


def _grey(picture: Any) -> Any:
    return picture if picture.mode == "L" else picture.convert("L")


def _hash(grey: Any, box: tuple[float, float, float, float] | None) -> str:
    from PIL import Image

    small = grey.resize((_SIDE, _SIDE), Image.Resampling.BOX, box=box)
    frequencies = (_COSINES @ np.asarray(small, dtype=np.int64) @ _COSINES.T).ravel()
    ordered = np.sort(frequencies)
    middle = ordered[_LOW * _LOW // 2 - 1 : _LOW * _LOW // 2 + 1]  # their mean is the median
    bits = 2 * frequencies > int(middle.sum()) + 2 * _MARGIN
    return np.packbits(bits).tobytes().hex()
