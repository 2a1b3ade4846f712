"""From the columns of a PLY to what is drawn of it: the names that programs use for each thing."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from transforms.media.mesh.bundle import Model
from transforms.media.mesh.errors import damaged, refuse, within
from transforms.media.mesh.ply import Element, Table, read_table, refuse_splats
from transforms.media.mesh.polygons import (
    check_range,
    fan,
    linear,
    single,
    usable_normals,
    welded,
)
from transforms.media.mesh.scene import Array, Material, Part, Placement, Scene, TextureUse
from transforms.media.settings import MeshPolicy

_INDEX: Final = ("vertex_indices", "vertex_index")
_UV: Final = (("texture_u", "texture_v"), ("u", "v"), ("s", "t"))
_COLOURS: Final = (
    ("red", "green", "blue"),
    ("r", "g", "b"),
    ("diffuse_red", "diffuse_green", "diffuse_blue"),
)


def read_ply(model: Model, policy: MeshPolicy) -> tuple[Scene, list[str]]:
    """The scene of a PLY, one part, and the pictures that it names and lacks.

    Raises:
        MediaError: see `mesh.errors`.
    """
    table = read_table(model.data, policy)
    vertex = table.elements.get("vertex")
    if vertex is None or vertex.rows == 0:
        refuse("empty", "no vertices")
    refuse_splats(vertex)
    coordinates = vertex.have("x", "y", "z")
    if coordinates is None:
        damaged("vertices have no x, y, z")
    part = Part(single(coordinates), np.zeros((0, 3), np.int64))
    part.normals = usable_normals(vertex.have("nx", "ny", "nz"))
    part.colours = _colours(vertex)
    uvs = next((uv for names in _UV if (uv := vertex.have(*names)) is not None), None)
    if uvs is not None and np.isfinite(uvs).all():
        part.uvs[0] = (uvs * [1, -1] + [0, 1]).astype(np.float32)
    part = _with_faces(part, table, policy)
    scene = Scene([part], [Placement(0, np.eye(4))])
    missing = _dress(scene, table, model)
    return scene, missing


def _with_faces(part: Part, table: Table, policy: MeshPolicy) -> Part:
    face, strips = table.elements.get("face"), table.elements.get("tristrips")
    if face is not None and face.rows:
        flat, lengths = _list(face, _INDEX)
        flat = flat.astype(np.int64)
        check_range(flat, len(part.positions), "vertex")
        places, owner = fan(lengths)
        within(len(places), policy.max_faces, "faces")
        part.indices = flat[places]
        return _split(part, face, places, owner, lengths)
    if strips is not None and strips.rows:
        part.indices = _strips(strips, len(part.positions), policy)
        return part
    edge = table.elements.get("edge")
    ends = edge.have("vertex1", "vertex2") if edge is not None and edge.rows else None
    if ends is not None:
        part.indices, part.kind = ends.astype(np.int64), "lines"
        check_range(part.indices.reshape(-1), len(part.positions), "vertex")
        return part
    part.indices, part.kind = np.arange(len(part.positions)), "points"
    return part


def _list(element: Element, names: tuple[str, ...]) -> tuple[Array, Array]:
    known = [name for name in names if name in element.lists]
    if not known:
        damaged(f"{element.name} has no list of {names[0]}")
    return element.lists[known[0]]


def _strips(strips: Element, count: int, policy: MeshPolicy) -> Array:
    """Strips of triangles, ended by -1."""
    flat = _list(strips, _INDEX)[0].astype(np.int64)
    within(len(flat), 3 * policy.max_faces, "corners of strips")
    faces = np.stack([flat[:-2], flat[1:-1], flat[2:]], axis=1) if len(flat) > 2 else flat[:0]
    ends = np.flatnonzero(flat < 0)
    begin = np.zeros(len(flat), np.int64)
    begin[ends + 1 if len(ends) == 0 or ends[-1] + 1 < len(flat) else ends[:-1] + 1] = 1
    since = np.arange(len(flat)) - np.maximum.accumulate(
        np.where(begin == 1, np.arange(len(flat)), 0)
    )
    faces = faces.reshape(-1, 3)
    odd = since[: len(faces)] % 2 == 1
    faces[odd] = faces[odd][:, ::-1]
    faces = faces[(faces >= 0).all(axis=1)]
    check_range(faces.reshape(-1), count, "vertex")
    return faces


def _colours(element: Element) -> Array | None:
    """Linear colours: bytes, or numbers in [0, 1]."""
    for names in _COLOURS:
        values = element.have(*names)
        if values is None:
            continue
        alpha = element.have("alpha")
        values = values if alpha is None else np.concatenate([values, alpha], axis=1)
        if element.columns[names[0]].dtype.kind == "f" and values.max(initial=0) <= 1.0:
            return linear(values)
        return linear(values / 255.0)
    return None


def _split(part: Part, face: Element, places: Array, owner: Array, lengths: Array) -> Part:
    """Vertices split where faces bring their own texture coordinates or colours."""
    colours = _colours(face) if part.colours is None else None
    uvs = None
    if "texcoord" in face.lists:
        values, counts = face.lists["texcoord"]
        if np.array_equal(counts, 2 * lengths) and np.isfinite(values).all():
            uvs = values.astype(np.float64).reshape(-1, 2)[places.reshape(-1)]
    if colours is None and uvs is None:
        return part
    corner = part.indices.reshape(-1)
    columns: list[Any] = [corner]
    if uvs is not None:
        bits = np.ascontiguousarray(uvs.astype(np.float32) + np.float32(0)).view(np.uint32)
        columns += list(bits.astype(np.int64).T)
    if colours is not None:
        _, kinds = welded(*((colours * 255).round().astype(np.int64).T))
        columns.append(np.repeat(kinds[owner], 3))
    first, inverse = welded(*columns)
    source = corner[first]
    split = Part(part.positions[source], inverse.reshape(-1, 3))
    split.normals = None if part.normals is None else part.normals[source]
    split.colours = None if part.colours is None else part.colours[source]
    split.uvs = {channel: uv[source] for channel, uv in part.uvs.items()}
    if uvs is not None:
        split.uvs[0] = (uvs[first] * [1, -1] + [0, 1]).astype(np.float32)
    if colours is not None:
        split.colours = np.repeat(colours[owner], 3, axis=0)[first]
    return split


def _dress(scene: Scene, table: Table, model: Model) -> list[str]:
    """Put on the picture that a comment names; returns its name if it was not handed over."""
    if table.picture is None or not scene.parts[0].uvs:
        return []
    picture = model.files.find(table.picture)
    if picture is None:
        return [table.picture]
    scene.pictures.append(picture)
    scene.materials.append(Material(texture=TextureUse(0)))
    scene.parts[0].material = 0
    scene.parts[0].colours = None  # MeshLab and trimesh show the picture alone
    return []
