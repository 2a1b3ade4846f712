"""A perceptual hash of a 3D model: what its shape measures from within, and how it is coloured.

Shape (256 bits): points are spread evenly over the surface, and what is taken of them no turn,
move, scale, order of vertices or mirroring changes: their distances from the centre, from each
other (D2 of Osada et al., "Shape Distributions", 2002), areas of triangles between them, and how
the surface lies to those lines. Colour (64 bits): of the same points, from materials, textures and
colours of vertices. Each measure is a run of bits, set up to its level, so that hashes differ in
as many bits as the models differ in steps.

Two forms of one model (another format, other units, another vertical axis, half the faces) differ
in few bits; figures are in `transforms/dedup/settings_media.py`. Not told apart: mirror images,
and models that differ in details much smaller than themselves alone.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from transforms.media.mesh.picture import decode_picture
from transforms.media.mesh.scene import Array, Part, Scene, TextureUse, transformed
from transforms.media.settings import MeshPolicy

_POINTS: Final = 1 << 14
#: Pairs and triangles of points are taken at these steps around the list of points.
_STEPS: Final = (1, 1009, 2003, 3001, 4001, 5003, 6007, 7001)
_SEED: Final = 20_02
_LEVELS: Final = 8
_COLOUR_LEVELS: Final = 7
#: A texture is read at this size: its finer detail is no matter of a hash.
_TEXTURE_SIDE: Final = 128
_TINY: Final = 1e-30

#: Lowest and highest level of each measure of shape, in the order of `_shape`: the range in which
#: nine of ten models lie.
_RANGES: Final = np.array(
    [
        *((0.26, 0.79), (0.43, 0.84), (0.56, 0.90), (0.70, 0.95), (0.83, 1.00), (0.94, 1.09)),
        *((1.04, 1.22), (1.12, 1.40), (1.20, 1.80), (1.27, 2.15)),
        *((0.25, 0.48), (0.48, 0.81), (0.64, 1.04), (0.84, 1.24), (1.06, 1.40), (1.32, 1.58)),
        *((1.58, 1.78), (1.80, 2.08), (2.07, 2.60), (2.28, 3.05)),
        *((0.28, 0.50), (0.44, 0.71), (0.60, 0.87), (0.82, 1.07)),
        *((0.11, 0.34), (0.00, 0.037)),
        *((0.35, 0.93), (0.35, 0.88), (0.38, 0.90)),
        *((0.28, 0.52), (0.45, 0.80), (0.40, 0.65)),
    ]
)


def mesh_hash(scene: Scene, policy: MeshPolicy) -> str | None:
    """80 hex digits: 64 of the shape, 16 of its colour; None for a model of lines alone.

    The first bit of the colour says that there is any: it is 0, as all others of it, for a model
    that is white and has no texture, as every model of a format without colours is.

    Raises:
        MediaError: for a texture that `decode_picture` refuses.
    """
    points, normals, colours = _spread(scene, policy)
    if not len(points):
        return None
    shape = _shape(points, normals)
    levels = (shape - _RANGES[:, 0]) / (_RANGES[:, 1] - _RANGES[:, 0]) * (_LEVELS + 1)
    bits = [_runs(levels, _LEVELS)]
    if colours is None:
        bits.append(np.zeros(64, bool))
    else:
        measured = _colour(points, colours) * (_COLOUR_LEVELS + 1)
        bits += [np.ones(1, bool), _runs(measured, _COLOUR_LEVELS)]
    return np.packbits(np.concatenate(bits)).tobytes().hex()


def _runs(levels: Array, most: int) -> Array:
    """Levels as runs of bits: so many of `most` are set as the level has whole steps."""
    whole = np.clip(np.floor(np.round(levels, 6)), 0, most)
    return np.asarray(np.arange(most)[None, :] < whole[:, None]).ravel()


def _shape(points: Array, normals: Array | None) -> Array:
    """32 measures of evenly spread points, float64; those of the surface are 0 without normals."""
    placed = points - points.mean(axis=0)
    squares = (placed * placed).sum(axis=1)
    unit = max(float(np.sqrt(squares.mean())), _TINY)
    placed /= unit
    radius = np.sqrt(squares) / unit
    pairs = [_pair(placed, normals, step) for step in _STEPS]
    distance, upright, alike = (np.concatenate([pair[k] for pair in pairs]) for k in range(3))
    areas = np.concatenate(
        [_triangles(placed, a, b) for a, b in zip(_STEPS[:4], _STEPS[4:], strict=True)]
    )
    measures = [
        *np.quantile(radius, np.linspace(0.05, 0.95, 9)),
        np.quantile(radius, 0.99),
        *np.quantile(distance, np.linspace(0.05, 0.95, 9)),
        np.quantile(distance, 0.99),
        *np.quantile(areas, (0.15, 0.4, 0.65, 0.9)),
        *_spreads(placed),
    ]
    if normals is None:
        return np.array([*measures, *[0.0] * 6])
    facing = np.abs((placed * normals).sum(axis=1)) / np.maximum(radius, _TINY)
    inner, outer = np.quantile(radius, (1 / 3, 2 / 3))
    near, far = np.quantile(distance, (1 / 4, 3 / 4))
    return np.array(
        [
            *measures,
            facing[radius <= inner].mean(),
            facing[(radius >= inner) & (radius <= outer)].mean(),
            facing[radius >= outer].mean(),
            upright[distance <= near].mean(),
            alike[distance <= near].mean(),
            alike[distance >= far].mean(),
        ]
    )


def _pair(points: Array, normals: Array | None, step: int) -> tuple[Array, Array, Array]:
    """Of each point and the one `step` further: distance, |normal to line|, |normal to normal|."""
    line = np.roll(points, -step, axis=0) - points
    distance = np.sqrt((line * line).sum(axis=1))
    if normals is None:
        return distance, distance, distance
    upright = np.abs((line * normals).sum(axis=1)) / np.maximum(distance, _TINY)
    alike = np.abs((normals * np.roll(normals, -step, axis=0)).sum(axis=1))
    return distance, upright, alike


def _triangles(points: Array, one: int, other: int) -> Array:
    """Square roots of the areas of triangles of each point and those two steps further."""
    first = np.roll(points, -one, axis=0) - points
    second = np.roll(points, -other, axis=0) - points
    cross = np.cross(first, second)
    return np.asarray(np.sqrt(np.sqrt((cross * cross).sum(axis=1)) / 2))


def _spreads(points: Array) -> tuple[float, float]:
    """The second and third invariant of the covariance (of trace 1): flat and long, or round."""
    xx, yy, zz = ((points[:, k] * points[:, k]).mean() for k in range(3))
    xy, yz, zx = ((points[:, k] * points[:, (k + 1) % 3]).mean() for k in range(3))
    second = xx * yy + yy * zz + zz * xx - xy * xy - yz * yz - zx * zx
    third = xx * yy * zz + 2 * xy * yz * zx - xx * yz * yz - yy * zx * zx - zz * xy * xy
    return float(second), float(third)


def _colour(points: Array, colours: Array) -> Array:
    """Nine measures in [0, 1] of colours (n, 3) in sRGB: their mean, how they spread, how strong
    they are, and how light the shells of the model are from its centre outwards.
    """
    placed = points - points.mean(axis=0)
    radius = (placed * placed).sum(axis=1)
    light = colours.mean(axis=1)
    shell = np.searchsorted(np.quantile(radius, (0.25, 0.5, 0.75)), radius)
    count = np.bincount(shell, minlength=4)
    shells = np.bincount(shell, light - light.mean(), minlength=4) / np.maximum(count, 1)
    strength = colours.max(axis=1) - colours.min(axis=1)
    measures = [
        *(1.25 * (colours.mean(axis=0) - 0.1)),
        2.5 * light.std(),
        2 * strength.mean(),
        *(0.5 + 5 * shells),
    ]
    return np.clip(np.array(measures), 0, 1)


def _spread(scene: Scene, policy: MeshPolicy) -> tuple[Array, Array | None, Array | None]:
    """Points (n, 3) evenly over the surface, normals, colours (None: no normals, no colour)."""
    kinds = ("faces",) if scene.drawn_faces() else ("points",)
    placed = [at for at in scene.placements if scene.parts[at.part].kind in kinds]
    placed = [at for at in placed if len(scene.parts[at.part].indices)]
    corners = [_corners(scene.parts[at.part], at.matrix) for at in placed]
    weights = [_weights(corner) for corner in corners]
    total = float(sum(weight.sum() for weight in weights))
    if not total > 0 or not np.isfinite(total):
        return np.empty((0, 3)), None, None
    draws = np.random.Generator(np.random.PCG64(_SEED)).random((_POINTS, 3))
    mark = (np.arange(_POINTS) + draws[:, 0]) / _POINTS * total
    tinted = _is_coloured(scene)
    textures: dict[int, Array] = {}
    points, normals, colours, begin = [], [], [], 0.0
    for at, corner, weight in zip(placed, corners, weights, strict=True):
        end = begin + float(weight.sum())
        mine = np.flatnonzero((mark >= begin) & (mark < end))
        sums = np.cumsum(weight)
        face = np.minimum(np.searchsorted(sums, mark[mine] - begin, side="right"), len(weight) - 1)
        begin = end
        share = _shares(draws[mine, 1:]) if corner.shape[1] == 3 else np.ones((len(mine), 1))
        points.append((corner[face] * share[:, :, None]).sum(axis=1))
        if corner.shape[1] == 3:
            normals.append(_normals(corner[face]))
        if tinted:
            part = scene.parts[at.part]
            ends = np.reshape(part.indices, (len(part.indices), -1))[face]
            colours.append(_colours_at(scene, part, ends, share, textures, policy))
    mixed = np.random.Generator(np.random.PCG64(_SEED)).permutation(sum(map(len, points)))
    return (
        np.concatenate(points)[mixed],
        np.concatenate(normals)[mixed] if normals else None,
        np.concatenate(colours)[mixed] if tinted else None,
    )


def _corners(part: Part, matrix: Array) -> Array:
    """Corners of faces (m, 3, 3), or points (m, 1, 3), as they stand in the scene."""
    ends = np.reshape(part.indices, (len(part.indices), -1)).astype(np.int64)
    return np.asarray(transformed(part.positions, matrix)[ends])


def _weights(corner: Array) -> Array:
    if corner.shape[1] == 1:
        return np.ones(len(corner))
    cross = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    return np.asarray(np.sqrt((cross * cross).sum(axis=1)))


def _shares(draws: Array) -> Array:
    """Barycentric coordinates of even draws from a triangle, (n, 3)."""
    root = np.sqrt(draws[:, 0])
    return np.stack([1 - root, root * (1 - draws[:, 1]), root * draws[:, 1]], axis=1)


def _normals(corner: Array) -> Array:
    cross = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    length = np.sqrt((cross * cross).sum(axis=1, keepdims=True))
    return np.asarray(cross / np.maximum(length, _TINY))


def _is_coloured(scene: Scene) -> bool:
    if any(part.colours is not None for part in scene.parts):
        return True
    used = {scene.parts[at.part].material for at in scene.placements} - {None}
    for number in used:
        material = scene.materials[number or 0]
        if material.texture is not None and scene.pictures[material.texture.picture] is not None:
            return True
        if min(material.colour[:3]) < 0.99:
            return True
    return False


def _colours_at(
    scene: Scene, part: Part, ends: Array, share: Array, textures: dict[int, Array],
    policy: MeshPolicy,
) -> Array:  # fmt: skip
    """Colours in sRGB, float64 (n, 3) in [0, 1], at points given by corners and their shares."""
    light = np.ones((len(ends), 3))
    if part.colours is not None:
        light *= (part.colours[ends, :3] * share[:, :, None]).sum(axis=1)
    if part.material is None:
        return np.asarray(_encoded(light))
    material = scene.materials[part.material]
    light *= np.array(material.colour[:3])
    colours = _encoded(light)
    use = material.texture
    data = None if use is None else scene.pictures[use.picture]
    if use is None or data is None or use.channel not in part.uvs:
        return np.asarray(colours)
    if use.picture not in textures:
        textures[use.picture] = _texels(data, policy)
    uv = (part.uvs[use.channel][ends] * share[:, :, None]).sum(axis=1)
    return np.asarray(colours * _looked_up(textures[use.picture], uv, use))


def _texels(data: bytes, policy: MeshPolicy) -> Array:
    picture = decode_picture(data, policy).convert("RGB")
    factor = max(1, -(-max(picture.size) // _TEXTURE_SIDE))
    return np.asarray(picture.reduce(factor)) / 255.0


def _looked_up(texels: Array, uv: Array, use: TextureUse) -> Array:
    height, width = texels.shape[:2]
    uv = np.where(np.isfinite(uv) & (np.abs(uv) < 1e6), uv, 0.0)
    if use.transform is not None:
        a, b, c, d, e, f = use.transform
        u, v = uv[:, 0], uv[:, 1]
        uv = np.stack([a * u + b * v + c, d * u + e * v + f], axis=1)
    place = [
        np.clip(uv[:, k], 0, 1) if use.wrap[k] == "clamp" else np.mod(uv[:, k], 1) for k in range(2)
    ]
    column = np.minimum((place[0] * width).astype(np.int64), width - 1)
    row = np.minimum((place[1] * height).astype(np.int64), height - 1)
    return np.asarray(texels[row, column])


def _encoded(light: Array) -> Array:
    """Linear light as sRGB, both in [0, 1] (IEC 61966-2-1)."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
