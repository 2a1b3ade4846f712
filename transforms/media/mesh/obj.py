"""Wavefront OBJ: faces by material, with texture coordinates, normals and vertex colours.

Read here and not by trimesh, which counts negative indices from the end of the file where the
format counts from the line, and drops lines that it can't make sense of without a word.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import numpy as np

from transforms.media.mesh.bundle import Model
from transforms.media.mesh.errors import damaged, within
from transforms.media.mesh.mtl import read_materials
from transforms.media.mesh.polygons import (
    all_numbers,
    check_range,
    fan,
    linear,
    single,
    usable_normals,
    welded,
)
from transforms.media.mesh.scene import Array, Part, Placement, Scene
from transforms.media.settings import MeshPolicy

#: Curves and free-form surfaces: geometry that would be lost.
_FREE_FORM: Final = ("curv", "curv2", "surf", "cstype")


@dataclass
class _Statements:
    """The lines of a file by kind; of a face also its material and the counts so far."""

    v: list[str] = field(default_factory=list)
    vt: list[str] = field(default_factory=list)
    vn: list[str] = field(default_factory=list)
    faces: list[str] = field(default_factory=list)
    before: list[tuple[int, int, int]] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    uses: dict[str, int] = field(default_factory=dict)
    libraries: list[str] = field(default_factory=list)


def read_obj(model: Model, policy: MeshPolicy) -> tuple[Scene, list[str]]:
    """The scene of an OBJ, one part a material, and the files that it lacks.

    A face of one or two corners draws nothing anywhere and is left out like other faces without
    area. Lines are read so that they can be counted, but a model of lines alone is empty.

    Raises:
        MediaError: see `mesh.errors`.
    """
    said = _statements(model.data, policy)
    materials = read_materials(said.libraries, model.files)
    vertices = _rows(said.v, "vertices")
    positions = single(vertices[:, :3])
    colours = _colours(vertices)
    uvs = _rows(said.vt, "texture coordinates") if said.vt else np.zeros((0, 2))
    if uvs.shape[1] < 2:
        uvs = np.concatenate([uvs, np.zeros((len(uvs), 1))], axis=1)
    normals = _rows(said.vn, "normals") if said.vn else np.zeros((0, 3))
    corners, lengths = _corners(said)
    for column, count in ((0, len(positions)), (1, len(uvs)), (2, len(normals))):
        given = corners[:, column] if column == 0 else corners[corners[:, column] >= 0, column]
        check_range(given, count, ("vertex", "texture coordinate", "normal")[column])
    places, owner = fan(lengths)
    within(len(places), policy.max_faces, "faces")
    owners = np.array(said.owners, np.int64)[owner] if len(owner) else np.zeros(0, np.int64)
    parts = []
    for number in np.unique(owners):
        used = corners[places[owners == number].reshape(-1)]
        name = list(said.uses)[number]
        parts.append(_part(used, positions, colours, uvs, normals, materials.names.get(name)))
    if not parts and len(positions):
        parts.append(_bare(said, positions, colours))
    placements = [Placement(part, np.eye(4)) for part in range(len(parts))]
    return Scene(parts, placements, materials.materials, materials.pictures), materials.missing


def _statements(data: bytes, policy: MeshPolicy) -> _Statements:
    text = data.decode("utf-8", "replace").removeprefix("\ufeff").replace("\\\r\n", " ")
    said = _Statements()
    material = said.uses.setdefault("", 0)
    for raw in text.replace("\\\n", " ").splitlines():
        key, _, rest = raw.strip().replace("\t", " ").partition(" ")
        if key == "v":
            said.v.append(rest)
        elif key == "vt":
            said.vt.append(rest)
        elif key == "vn":
            said.vn.append(rest)
        elif key in ("f", "fo"):
            said.faces.append(rest)
            said.before.append((len(said.v), len(said.vt), len(said.vn)))
            said.owners.append(material)
        elif key == "usemtl":
            material = said.uses.setdefault(rest.strip(), len(said.uses))
        elif key == "mtllib" and rest.strip():
            said.libraries.append(rest.strip())
        elif key == "l":
            said.lines.append(rest)
        elif key in _FREE_FORM:
            damaged(f"free-form geometry ({key}) isn't read")
    within(len(said.v), policy.max_vertices, "vertices")
    within(len(said.faces), policy.max_faces, "faces")
    return said


def _rows(lines: list[str], what: str) -> Array:
    """Numbers of lines that have equally many; else the columns that all of them have."""
    if not lines:
        return np.zeros((0, 3))
    least = 2 if what == "texture coordinates" else 3
    widths = {len(line.split("#", 1)[0].split()) for line in lines}
    if min(widths) < (1 if least == 2 else 3):
        damaged(f"{what} of {min(widths)} numbers")
    if len(widths) > 1 or any("#" in line for line in lines):
        width = min(widths)
        lines = [" ".join(line.split()[:width]) for line in lines]
        widths = {width}
    values = all_numbers(" ".join(lines), what)
    if len(values) != len(lines) * min(widths):
        damaged(f"{what} are no numbers")
    return values.reshape(len(lines), min(widths))


def _colours(vertices: Array) -> Array | None:
    """Colours behind the coordinates (``v x y z r g b``), in [0, 1] or as bytes."""
    if vertices.shape[1] < 6:
        return None
    colours = vertices[:, 3:6]
    return linear(colours / 255.0 if colours.max(initial=0) > 1.0 else colours)


def _corners(said: _Statements) -> tuple[Array, Array]:
    """Corners of all faces, (n, 3) of vertex, texture, normal from zero (-1: none); lengths."""
    words = [line.split("#", 1)[0].split() for line in said.faces]
    lengths = np.array([len(line) for line in words], np.int64)
    flat = [word for line in words for word in line]
    if not flat:
        return np.zeros((0, 3), np.int64), lengths
    styles = {word.count("/") for word in flat}
    if styles == {0}:
        known = all_numbers(" ".join(flat), "faces").reshape(-1, 1)
        stated = np.concatenate([known, np.zeros((len(known), 2))], axis=1)
    elif styles == {2} and not any("//" in word or word.endswith("/") for word in flat):
        stated = all_numbers(" ".join(flat).replace("/", " "), "faces").reshape(-1, 3)
    else:
        stated = np.array([_corner(word) for word in flat], np.float64)
    if len(stated) != len(flat) or not (np.abs(stated) < 2**53).all():
        damaged("faces are no numbers")
    index = stated.astype(np.int64)
    if (index[:, 0] == 0).any() or not np.array_equal(index, stated):
        damaged("a face has vertex 0 or a broken number: indices start at 1")
    back = index < 0
    if back.any():
        before = np.repeat(np.array(said.before, np.int64), lengths, axis=0)
        index = np.where(back, np.where(before + index >= 0, before + index + 1, -(2**40)), index)
    return np.where(index == 0, -1, index - 1), lengths


def _corner(word: str) -> tuple[float, float, float]:
    pieces = [*word.split("/"), "", ""]
    try:
        v, vt, vn = (float(int(piece)) if piece else 0.0 for piece in pieces[:3])
    except ValueError:
        damaged(f"a face has the corner {word[:40]!r}")
    return v, vt, vn


def _part(
    used: Array,
    positions: Array,
    colours: Array | None,
    uvs: Array,
    normals: Array,
    material: int | None,
) -> Part:
    """The part of some faces: every distinct corner becomes a vertex."""
    textured, lit = bool((used[:, 1] >= 0).all()), bool((used[:, 2] >= 0).all())
    columns = [used[:, 0]] + ([used[:, 1]] if textured else []) + ([used[:, 2]] if lit else [])
    first, inverse = welded(*columns)
    corner = used[first]
    part = Part(positions[corner[:, 0]], inverse.reshape(-1, 3), material=material)
    if textured:
        uv: Any = uvs[corner[:, 1], :2] * [1, -1] + [0, 1]  # OBJ counts v from below
        if np.isfinite(uv).all():
            part.uvs[0] = uv.astype(np.float32)
    if lit:
        part.normals = usable_normals(normals[corner[:, 2], :3])
    if colours is not None:
        part.colours = colours[corner[:, 0]]
    return part


def _bare(said: _Statements, positions: Array, colours: Array | None) -> Part:
    """Without faces: lines where there are some, else the points themselves."""
    if not said.lines:
        return Part(positions, np.arange(len(positions)), "points", colours=colours)
    ends = []
    for line in said.lines:
        chain = [int(_corner(word)[0]) for word in line.split()]
        ends += list(pairwise(chain))
    index = np.array(ends, np.int64).reshape(-1, 2)
    index = np.where(index < 0, len(positions) + index, index - 1)
    check_range(index.reshape(-1), len(positions), "vertex")
    return Part(positions, index, "lines", colours=colours)
