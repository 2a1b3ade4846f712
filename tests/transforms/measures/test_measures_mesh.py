"""Attributes of 3D models on models whose order is known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import trimesh
from measures_made import glb

from transforms.measures.attribute import measured
from transforms.measures.mesh import MESH
from transforms.measures.solid import Solid, open_solid

KNOWN = {attribute.name: attribute for attribute in MESH}


def _value(name: str, *meshes: Any) -> float:
    return measured(KNOWN[name], open_solid(glb(*meshes)))


def _box(x: float = 1, y: float = 1, z: float = 1) -> Any:
    return trimesh.creation.box((x, y, z))


def _ball(detail: int = 3) -> Any:
    return trimesh.creation.icosphere(detail)


def _at(mesh: Any, x: float, y: float = 0, z: float = 0) -> Any:
    moved = mesh.copy()
    moved.apply_translation((x, y, z))
    return moved


def _open(mesh: Any) -> Any:
    return trimesh.Trimesh(mesh.vertices, mesh.faces[:-10], process=False)


def _coloured(mesh: Any) -> Any:
    mesh = mesh.copy()
    colours = np.tile([[200, 30, 30, 255]], (len(mesh.vertices), 1))
    colours[::2] = (30, 30, 200, 255)
    mesh.visual.vertex_colors = colours
    return mesh


CROSS = [_box(4, 0.2, 0.2), _box(0.2, 4, 0.2), _box(0.2, 0.2, 4)]
LOPSIDED = [_box(4, 0.5, 0.5), _at(_box(0.5, 3, 0.5), 2, 1.5), _at(_box(0.5, 0.5, 3), -1, 0, 1.5)]


@pytest.mark.parametrize(
    ("name", "more", "less"),
    [
        ("faces", [_ball(4)], [_ball(2)]),
        ("vertices", [_ball(4)], [_ball(2)]),
        ("height_ratio", [_box(1, 3, 1)], [_box(2, 1, 2)]),
        ("thinness", [_box(3, 3, 0.3)], [_box()]),
        ("watertight", [_ball()], [_open(_ball())]),
        ("bodies", [_at(_box(), 3 * n) for n in range(5)], [_box()]),
        ("symmetry", [_ball()], LOPSIDED),
        ("roughness", [_box()], [_ball()]),
        ("fullness", [_box()], CROSS),
        ("hollows", CROSS, [_ball()]),
        ("painted", [_coloured(_ball())], [_ball()]),
    ],
)
def test_the_one_that_has_more_has_the_larger_value_by_a_margin(name, more, less):
    larger, smaller = _value(name, *more), _value(name, *less)
    assert larger > smaller
    assert KNOWN[name].margin.strength(np.array([larger]), np.array([smaller]))[0] >= 1


def test_known_values():
    assert _value("faces", _box()) == 12
    assert _value("height_ratio", _box(2, 3, 1)) == pytest.approx(1.5)
    assert _value("thinness", _box(2, 3, 1)) == pytest.approx(3)
    assert _value("bodies", *(_at(_box(), 3 * n) for n in range(4))) == 4
    assert _value("fullness", _box(5, 2, 3)) == pytest.approx(100)
    assert _value("hollows", _ball()) == pytest.approx(0, abs=1e-6)
    assert _value("watertight", _box()) == 1
    assert _value("symmetry", _ball()) > 98.5


def test_seams_of_textures_are_no_holes_and_debris_is_no_body():
    box = _box()
    split = trimesh.Trimesh(
        box.vertices[box.faces].reshape(-1, 3), np.arange(36).reshape(-1, 3), process=False
    )
    assert _value("watertight", split) == 1
    assert _value("bodies", split) == 1
    assert _value("bodies", _box(), _at(_box(0.01, 0.01, 0.01), 2)) == 1


def test_parts_are_where_the_scene_puts_them():
    scene = trimesh.Scene()
    for height in (0, 4):
        scene.add_geometry(
            _box(), transform=trimesh.transformations.translation_matrix((0, height, 0))
        )
    assert measured(
        KNOWN["height_ratio"], open_solid(scene.export(file_type="glb"))
    ) == pytest.approx(5)


def test_size_and_place_make_no_difference():
    model = _open(_ball(2))
    moved = model.copy()
    moved.apply_scale(700)
    moved.apply_translation((9_000, -4_000, 50))
    for attribute in MESH:
        assert _value(attribute.name, moved) == pytest.approx(
            _value(attribute.name, model), rel=0.02
        ), attribute.name


@pytest.mark.parametrize(
    ("vertices", "faces"),
    [
        (np.zeros((3, 3)), [[0, 1, 2]]),
        ([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 2]]),
        ([[0, 0, 0], [1, 0, 0], [2, 0, 0]], [[0, 1, 2]]),
        ([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 0, 0], [1, 1, 2]]),
        ([[np.nan] * 3, [1, 0, 0], [0, 1, 0]], [[0, 1, 2]]),
        ([[1e300, 0, 0], [-1e300, 0, 0], [0, 1e-300, 0]], [[0, 1, 2]]),
    ],
)
def test_degenerate_models_are_measured_or_null(vertices, faces):
    solid = Solid(np.asarray(vertices, float), np.asarray(faces), painted=False)
    values = {attribute.name: measured(attribute, solid) for attribute in MESH}
    assert values["faces"] == len(faces)
    assert values["painted"] == 0
    assert all(math.isnan(value) or math.isfinite(value) for value in values.values())
