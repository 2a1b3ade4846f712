"""Which face is seen at each sample: triangles cut into spans of a row, nearest first.

All in numpy, elementwise in float64 and integers: the same bytes on every processor, with no
graphics library. Rays through embree would be faster, but its wheels lack Linux on ARM.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from transforms.media.mesh.scene import Array

#: Faces and samples that are worked on at once: bounds memory, not results.
_FACES: Final = 1 << 16
_SAMPLES: Final = 1 << 21
_DEPTHS: Final = (1 << 24) - 1
NOTHING: Final = np.uint64(2**64 - 1)
_ID: Final = np.uint64(2**32 - 1)


@dataclass(frozen=True)
class Screen:
    """Vertices as a camera sees them: samples from the left and top, and 1 / distance.

    `width` samples are a side of the square picture; `near` and `far` bound 1 / distance.
    """

    x: Array
    y: Array
    inverse: Array
    width: int
    near: float
    far: float

    def depth(self, inverse: Array) -> Array:
        """Distance as 24-bit integers, 0 nearest, uint64.

        Coarse on purpose: faces in one plane shall come out equal, so that the order of faces
        decides between them and not the last bit of a number.
        """
        share = (inverse - self.far) / (self.near - self.far)
        return (_DEPTHS - np.clip(share * _DEPTHS, 0, _DEPTHS).astype(np.int64)).astype(np.uint64)

    def area(self, faces: Array) -> Array:
        """Twice the area of faces in samples; below zero for faces seen from behind."""
        x0, x1, x2 = (self.x[faces[:, k]] for k in range(3))
        y0, y1, y2 = (self.y[faces[:, k]] for k in range(3))
        return np.asarray((x2 - x0) * (y1 - y0) - (x1 - x0) * (y2 - y0))


def new_buffer(screen: Screen) -> Array:
    """A buffer in which nothing is seen: uint64 (width * width,)."""
    return np.full(screen.width * screen.width, NOTHING, np.uint64)


def seen(buffer: Array) -> tuple[Array, Array]:
    """Samples in which something is seen, and the number of the face or point."""
    where = np.flatnonzero(buffer != NOTHING)
    return where, (buffer[where] & _ID).astype(np.int64)


def keys(screen: Screen, inverse: Array, number: Array, behind: Array) -> Array:
    """Order of what meets in one sample: depth, then what faces the camera, then the number."""
    low = number.astype(np.uint64) | (behind.astype(np.uint64) << np.uint64(32))
    return np.asarray((screen.depth(inverse) << np.uint64(33)) | low)


def cover(buffer: Array, where: Array, key: Array) -> None:
    """Put keys into a buffer; the lowest of each sample stays."""
    np.minimum.at(buffer, where, key)


def samples_of(
    screen: Screen, faces: Array, chosen: Array
) -> Iterator[tuple[Array, Array, Array, Array]]:
    """Samples of the chosen faces: place in the buffer, face, 1 / distance, seen from behind.

    A sample belongs to a face if its centre lies inside; of two faces that share an edge exactly
    one has the samples on it, because both find the same crossing points.
    """
    for start in range(0, len(chosen), _FACES):
        yield from _spans(screen, faces, chosen[start : start + _FACES])


def _spans(
    screen: Screen, faces: Array, chosen: Array
) -> Iterator[tuple[Array, Array, Array, Array]]:
    chosen = chosen[_met(screen, faces[chosen])]
    corner = faces[chosen]
    order = np.argsort(screen.y[corner], axis=1, kind="stable")
    sorted_corner = np.take_along_axis(corner, order, axis=1)
    x, y, z = (values[sorted_corner] for values in (screen.x, screen.y, screen.inverse))
    first = np.maximum(np.ceil(y[:, 0] - 0.5), 0).astype(np.int64)
    last = np.minimum(np.ceil(y[:, 2] - 0.5), screen.width).astype(np.int64)
    tall = np.maximum(last - first, 0)
    keep = tall > 0
    if not keep.any():
        return
    chosen, x, y, z = chosen[keep], x[keep], y[keep], z[keep]
    first, tall = first[keep], tall[keep]
    behind = screen.area(faces[chosen]) < 0
    slope_x, slope_y = _slopes(x, y, z)
    low, high = z.min(axis=1), z.max(axis=1)
    owner = np.repeat(np.arange(len(tall)), tall)
    row = np.arange(len(owner)) - np.repeat(np.cumsum(tall) - tall, tall) + first[owner]
    left, right = _crossings(x[owner], y[owner], row + 0.5)
    begin = np.maximum(np.ceil(left - 0.5), 0).astype(np.int64)
    end = np.minimum(np.ceil(right - 0.5), screen.width).astype(np.int64)
    wide = np.maximum(end - begin, 0)
    total = np.cumsum(wide)
    cut = 0
    while cut < len(wide):
        base = total[cut] - wide[cut]
        stop = max(int(np.searchsorted(total, base + _SAMPLES, side="right")), cut + 1)
        part = slice(cut, stop)
        cut = stop
        count = wide[part]
        span = np.repeat(np.arange(part.start, part.stop), count)
        if len(span) == 0:
            continue
        column = np.arange(len(span)) - np.repeat(np.cumsum(count) - count, count) + begin[span]
        face = owner[span]
        inverse = (
            z[face, 0]
            + slope_x[face] * (column + 0.5 - x[face, 0])
            + slope_y[face] * (row[span] + 0.5 - y[face, 0])
        )
        inverse = np.clip(inverse, low[face], high[face])
        yield row[span] * screen.width + column, chosen[face], inverse, behind[face]


def _met(screen: Screen, corner: Array) -> Array:
    """Faces whose bounds have the centre of a sample inside; of millions, most have none."""
    met = np.ones(len(corner), bool)
    for values in (screen.x, screen.y):
        a, b, c = (values[corner[:, k]] for k in range(3))
        low = np.ceil(np.minimum(np.minimum(a, b), c) - 0.5)
        met &= low < np.ceil(np.maximum(np.maximum(a, b), c) - 0.5)
    return met


def _slopes(x: Array, y: Array, z: Array) -> tuple[Array, Array]:
    """How 1 / distance, linear on the screen, changes with x and y on each face."""
    ax, ay, az = x[:, 1] - x[:, 0], y[:, 1] - y[:, 0], z[:, 1] - z[:, 0]
    bx, by, bz = x[:, 2] - x[:, 0], y[:, 2] - y[:, 0], z[:, 2] - z[:, 0]
    area = ax * by - bx * ay
    flat = area == 0
    area = np.where(flat, 1.0, area)
    return (
        np.where(flat, 0.0, (az * by - bz * ay) / area),
        np.where(flat, 0.0, (bz * ax - az * bx) / area),
    )


def _crossings(x: Array, y: Array, height: Array) -> tuple[Array, Array]:
    """Where a row crosses the long edge of each face and one of the short ones, in order."""
    long = _crossing(x[:, 0], y[:, 0], x[:, 2], y[:, 2], height)
    upper = height < y[:, 1]
    short = _crossing(
        np.where(upper, x[:, 0], x[:, 1]),
        np.where(upper, y[:, 0], y[:, 1]),
        np.where(upper, x[:, 1], x[:, 2]),
        np.where(upper, y[:, 1], y[:, 2]),
        height,
    )
    return np.minimum(long, short), np.maximum(long, short)


def _crossing(x0: Array, y0: Array, x1: Array, y1: Array, height: Array) -> Array:
    rise = y1 - y0
    share = (height - y0) / np.where(rise == 0, 1.0, rise)
    return np.asarray(x0 + (x1 - x0) * share)


def discs(screen: Screen, radius: float) -> Iterator[tuple[Array, Array]]:
    """Samples of discs around points: place in the buffer, and the point's number."""
    reach = int(np.ceil(radius))
    steps = [
        (dx, dy)
        for dy in range(-reach, reach + 1)
        for dx in range(-reach, reach + 1)
        if dx * dx + dy * dy <= radius * radius
    ]
    column, row = np.floor(screen.x).astype(np.int64), np.floor(screen.y).astype(np.int64)
    for dx, dy in steps:
        x, y = column + dx, row + dy
        inside = (x >= 0) & (y >= 0) & (x < screen.width) & (y < screen.width)
        number = np.flatnonzero(inside)
        yield y[number] * screen.width + x[number], number
