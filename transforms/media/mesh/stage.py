"""A scene made ready for its views: everything in one space, with cameras around it."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin, sqrt
from typing import Final

import numpy as np

from transforms.media.mesh.raster import Screen
from transforms.media.mesh.scene import Array, Material, Part, Scene, transformed, turned

#: Half the angle of view, and how far above the horizon the cameras stand (degrees). Flat things
#: that lie are looked at from higher up.
_HALF_VIEW: Final = 15.0
_HEIGHT: Final = 20.0
_HEIGHT_FLAT: Final = 45.0
_FLAT: Final = 0.15
_MARGIN: Final = 0.95
#: Dots that stand for the lines of a scene, at most.
_MAX_DOTS: Final = 2_000_000


@dataclass(frozen=True)
class Actor:
    """Faces of one part where it stands: vertices `start` to `stop` of the stage."""

    part: Part
    material: Material
    start: int
    stop: int


@dataclass(frozen=True)
class Stage:
    """All that is drawn: `points` float64 (n, 3), `faces` (m, 3), the actor of each face.

    `normals` are of length one or zero, (n, 3), zero where a part has none. `dots` are points
    that are drawn as small discs, (k, 3), with linear colours (k, 4); `lines` says whether they
    stand for lines. Everything lies within `radius` of `centre`.
    """

    actors: list[Actor]
    points: Array
    normals: Array
    faces: Array
    owner: Array
    dots: Array
    dot_colours: Array
    lines: bool
    centre: Array
    radius: float
    flat: bool


def set_stage(scene: Scene) -> Stage:
    """Bring all parts into the scene's space, once for each place where they stand."""
    actors: list[Actor] = []
    points, normals, faces, owner = [np.zeros((0, 3))], [np.zeros((0, 3))], [], []
    dots, dot_colours, count, lines = [np.zeros((0, 3))], [np.zeros((0, 4))], 0, False
    for placement in scene.placements:
        part = scene.parts[placement.part]
        material = _material(scene, part)
        if len(part.indices) == 0:
            continue
        placed = transformed(part.positions, placement.matrix)
        if part.kind != "faces":
            colours = _dot_colours(part, material)
            ends = part.indices.astype(np.int64)
            lines = lines or part.kind == "lines"
            dots.append(
                placed[ends.reshape(-1)] if part.kind == "points" else placed[ends].reshape(-1, 3)
            )
            dot_colours.append(colours[ends.reshape(-1)])
            if part.kind == "lines":
                filled, tint = _filled(dots.pop(), dot_colours.pop())
                dots.append(filled)
                dot_colours.append(tint)
            continue
        actors.append(Actor(part, material, count, count + len(placed)))
        points.append(placed)
        normals.append(_normals(part, placement.matrix))
        faces.append(part.indices.astype(np.int64) + count)
        owner.append(np.full(len(part.indices), len(actors) - 1, np.int32))
        count += len(placed)
    all_faces = np.concatenate(faces) if faces else np.zeros((0, 3), np.int64)
    all_points, all_dots = np.concatenate(points), np.concatenate(dots)
    seen = np.zeros(len(all_points), bool)
    seen[all_faces.reshape(-1)] = True
    drawn = np.concatenate([all_points[seen], all_dots])
    low, high = drawn.min(axis=0), drawn.max(axis=0)
    centre = (low + high) / 2
    far = drawn - centre
    radius = sqrt(float((far * far).sum(axis=1).max())) or 1.0
    size = high - low
    return Stage(
        actors,
        all_points,
        np.concatenate(normals),
        all_faces,
        np.concatenate(owner) if owner else np.zeros(0, np.int32),
        all_dots,
        np.concatenate(dot_colours),
        lines,
        centre,
        radius,
        bool(size[1] < _FLAT * max(size[0], size[2])),
    )


def _material(scene: Scene, part: Part) -> Material:
    return Material() if part.material is None else scene.materials[part.material]


def _normals(part: Part, matrix: Array) -> Array:
    if part.normals is None or part.normals.shape != part.positions.shape:
        return np.zeros(part.positions.shape)
    normals = turned(part.normals, matrix)
    length = np.sqrt((normals * normals).sum(axis=1, keepdims=True))
    good = np.isfinite(length) & (length > 0)
    return np.where(good, normals / np.where(good, length, 1), 0.0)


def _dot_colours(part: Part, material: Material) -> Array:
    """Colours of points; those without are dark, because no light shows their shape."""
    if part.colours is not None:
        return part.colours.astype(np.float64) * np.array(material.colour)
    dark = np.array([0.08, 0.09, 0.11, 1.0])
    plain = part.material is None or material.colour[:3] == (1.0, 1.0, 1.0)
    return np.tile(dark if plain else np.array(material.colour), (len(part.positions), 1))


def _filled(ends: Array, colours: Array) -> tuple[Array, Array]:
    """Dots along lines whose ends stand one after the other, close enough to look like lines."""
    a, b = ends[0::2], ends[1::2]
    length = np.sqrt(((b - a) ** 2).sum(axis=1))
    span = float(length.max(initial=0.0)) or 1.0
    each = np.clip(np.ceil(length / span * 600), 1, max(_MAX_DOTS // max(len(a), 1), 1))
    number = each.astype(np.int64)
    owner = np.repeat(np.arange(len(a)), number)
    step = np.arange(len(owner)) - np.repeat(np.cumsum(number) - number, number)
    share = ((step + 0.5) / number[owner])[:, None]
    return a[owner] + (b - a)[owner] * share, colours[0::2][owner]


@dataclass(frozen=True)
class Camera:
    """Where a view is taken from: the directions to the camera, to the right and up."""

    towards: Array
    right: Array
    up: Array


def camera(stage: Stage, angle: float) -> Camera:
    """The camera at an angle (degrees) around the vertical axis, 0 in front (+z)."""
    around = angle * pi / 180
    above = (_HEIGHT_FLAT if stage.flat else _HEIGHT) * pi / 180
    s, c = round(sin(around), 12), round(cos(around), 12)
    high, wide = round(sin(above), 12), round(cos(above), 12)
    return Camera(
        np.array([s * wide, high, c * wide]),
        np.array([c, 0.0, -s]),
        np.array([-s * high, wide, -c * high]),
    )


def screen(stage: Stage, points: Array, view: Camera, width: int) -> Screen:
    """Points in perspective, so that the sphere around the model fills a square of `width`."""
    half = _HALF_VIEW * pi / 180
    distance = stage.radius / sin(half)
    focus = _MARGIN * (width / 2) * cos(half) / sin(half)
    moved = (points - stage.centre) / 1.0
    depth = distance - _along(moved, view.towards)
    inverse = 1.0 / depth
    return Screen(
        width / 2 + focus * _along(moved, view.right) * inverse,
        width / 2 - focus * _along(moved, view.up) * inverse,
        inverse,
        width,
        1.0 / (distance - stage.radius),
        1.0 / (distance + stage.radius),
    )


def _along(points: Array, direction: Array) -> Array:
    x, y, z = direction
    return np.asarray(points[:, 0] * x + points[:, 1] * y + points[:, 2] * z)
