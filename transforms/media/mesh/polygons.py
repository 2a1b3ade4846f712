"""Steps that the readers of obj, ply, stl and off share: fans, corners, clean-up, numbers."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from transforms.media.mesh.errors import damaged, refuse
from transforms.media.mesh.scene import Array, Part

#: sRGB bytes, as they stand in obj, ply, off and mtl files, to linear values of glTF.
_LINEAR = np.array(
    [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in np.arange(256) / 255.0]
)


def linear(colours: Array) -> Array:
    """Linear colours of sRGB ones in [0, 1], by table; the fourth column, alpha, stays."""
    values = np.clip(np.nan_to_num(colours.astype(np.float64), nan=1.0), 0, 1)
    place = values[:, :3] * 255.0
    low = np.minimum(place.astype(np.int64), 254)
    rgb = _LINEAR[low] + (place - low) * (_LINEAR[low + 1] - _LINEAR[low])
    alpha = values[:, 3:4] if values.shape[1] > 3 else np.ones((len(values), 1))
    return np.concatenate([rgb, alpha], axis=1).astype(np.float32)


def fan(lengths: Array) -> tuple[Array, Array]:
    """Triangles of polygons that stand one after the other, as three.js and trimesh cut them.

    Of a polygon with corners 0, 1, 2, 3 the triangles are 0 1 2 and 0 2 3. Returns places of
    corners (m, 3) and the polygon of each triangle (m,); polygons of less than three corners,
    which nobody draws, have none.
    """
    counts = np.maximum(lengths - 2, 0)
    owner = np.repeat(np.arange(len(lengths)), counts)
    start = (np.cumsum(lengths) - lengths)[owner]
    step = np.arange(len(owner)) - (np.cumsum(counts) - counts)[owner]
    return np.stack([start, start + step + 1, start + step + 2], axis=1), owner


def welded(*columns: Array) -> tuple[Array, Array]:
    """Distinct rows of integer columns: where each is first found, and the row of each entry."""
    keys = columns[0].astype(np.int64)
    for column in columns[1:]:
        _, keys = np.unique(keys, return_inverse=True)
        keys = keys * (int(column.max(initial=0)) + 1) + column
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    return first, inverse


def same_rows(rows: Array) -> tuple[Array, Array]:
    """Like `welded`, of rows of float32: rows are the same if every bit is (and -0 is 0)."""
    bits = np.ascontiguousarray(rows + np.float32(0)).view(np.uint32).astype(np.int64)
    return welded(*(bits[:, column] for column in range(bits.shape[1])))


def check_range(index: Array, count: int, what: str) -> None:
    """Refuse indices of vertices that are not there."""
    if len(index) and (int(index.min()) < 0 or int(index.max()) >= count):
        wrong = int(index.min()) if int(index.min()) < 0 else int(index.max())
        damaged(f"{what} {wrong:,} is not there: there are {count:,}")


def single(positions: Array) -> Array:
    """Positions as float32, the precision of glTF.

    Raises:
        MediaError: `mesh_not_finite`.
    """
    rounded = positions.astype(np.float32)
    if not np.isfinite(rounded).all():
        lost = int((~np.isfinite(rounded).all(axis=1)).sum())
        refuse("not_finite", f"{lost:,} of {len(rounded):,} vertices are NaN or infinite")
    return rounded


def tidied(part: Part) -> int:
    """Drop faces without area and vertices that nothing uses, in place; returns such faces."""
    dropped = 0
    if part.kind == "faces":
        a, b, c = (part.positions[part.indices[:, k]].astype(np.float64) for k in range(3))
        area = np.cross(b - a, c - a).any(axis=1)
        dropped = int((~area).sum())
        part.indices = part.indices[area]
    used = np.zeros(len(part.positions), bool)
    used[part.indices.reshape(-1)] = True
    if not used.all():
        part.indices = (np.cumsum(used) - 1)[part.indices]
        part.positions = part.positions[used]
        part.normals = None if part.normals is None else part.normals[used]
        part.colours = None if part.colours is None else part.colours[used]
        part.uvs = {channel: uvs[used] for channel, uvs in part.uvs.items()}
    part.indices = part.indices.astype(np.uint32)
    return dropped


def usable_normals(normals: Array | None) -> Array | None:
    """Normals of length one (zero stays zero); None if any is NaN or infinite."""
    if normals is None or not np.isfinite(normals).all():
        return None
    values = normals.astype(np.float64)
    length = np.sqrt((values * values).sum(axis=1, keepdims=True))
    unit = np.where(length > 0, values / np.where(length > 0, length, 1), 0.0)
    return unit.astype(np.float32)


def all_numbers(text: str, what: str) -> Array:
    """Numbers of a text, separated by blanks, float64.

    Raises:
        MediaError: `mesh_undecodable` for a word that is no number.
    """
    if not text.strip():
        return np.zeros(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # numpy stops at a word that is no number, and warns
        try:
            values: Any = np.fromstring(text, dtype=np.float64, sep=" ")
        except (ValueError, DeprecationWarning, RuntimeWarning):
            damaged(f"{what} are no numbers")
    return np.asarray(values)
