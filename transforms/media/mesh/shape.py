"""Facts about the shape of a model that need its geometry: bodies, closedness, size."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from transforms.media.mesh.polygons import same_rows
from transforms.media.mesh.scene import Array, Scene, transformed

#: Bodies and closedness take seconds for millions of faces: they are null beyond this.
_MAX_FACES: Final = 500_000


def extents(scene: Scene) -> tuple[float, float, float] | None:
    """Width, height and depth of what is drawn, in units of the file (metres in glTF)."""
    low, high = bounds(scene)
    if not np.isfinite(low).all():
        return None
    x, y, z = (float(np.float32(size)) for size in high - low)
    return x, y, z


def bounds(scene: Scene) -> tuple[Array, Array]:
    """The lowest and highest corner of what is drawn, float64 (3,); infinite for nothing."""
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for placement in scene.placements:
        part = scene.parts[placement.part]
        if len(part.indices):
            used = part.positions
            if part.kind != "points":
                seen = np.zeros(len(used), bool)
                seen[part.indices.reshape(-1)] = True
                used = used[seen]
            points = transformed(used, placement.matrix)
            low, high = np.minimum(low, points.min(axis=0)), np.maximum(high, points.max(axis=0))
    return low, high


def shape_facts(scene: Scene) -> dict[str, Any]:
    """Additive facts: `bodies`, `watertight`, `textured`, `coloured`, `extents`.

    Vertices at one place count as one, so that texture seams open nothing. `bodies` are pieces
    that hang together by an edge; `watertight` is true if every edge has two faces (trimesh).
    """
    facts: dict[str, Any] = {"extents": extents(scene), "bodies": None, "watertight": None}
    facts["textured"] = any(
        material.texture is not None and scene.pictures[material.texture.picture] is not None
        for material in scene.materials
    )
    facts["coloured"] = any(part.colours is not None for part in scene.parts)
    if not 0 < scene.drawn_faces() <= _MAX_FACES:
        return facts
    mesh = _joined(scene)
    if len(mesh.faces):
        facts["bodies"], facts["watertight"] = int(mesh.body_count), bool(mesh.is_watertight)
    return facts


def _joined(scene: Scene) -> Any:
    """Everything that is drawn as one trimesh, vertices at one place joined."""
    import trimesh

    points, faces, count = [], [], 0
    for placement in scene.placements:
        part = scene.parts[placement.part]
        if part.kind == "faces" and len(part.indices):
            points.append(transformed(part.positions, placement.matrix).astype(np.float32))
            faces.append(part.indices.astype(np.int64) + count)
            count += len(part.positions)
    stacked = np.concatenate(points)
    first, inverse = same_rows(stacked)
    joined = inverse[np.concatenate(faces)]
    whole = (
        (joined[:, 0] != joined[:, 1])
        & (joined[:, 1] != joined[:, 2])
        & (joined[:, 2] != joined[:, 0])
    )
    return trimesh.Trimesh(stacked[first], joined[whole], process=False, validate=False)
