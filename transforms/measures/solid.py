"""A 3D model as measures see it: one triangle mesh in the scene's coordinates, bounded in size."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

MAX_FACES: Final = 2_000_000
#: Faces beyond which costly measures look at every nth face.
SOME_FACES: Final = 200_000
#: Points on the surface that symmetry is taken of.
POINTS: Final = 3_000
#: Vertices closer than this share of the diagonal are one: seams of textures aren't holes.
_WELD: Final = 1e-5


@dataclass(frozen=True)
class Solid:
    """A mesh.

    Attributes:
        vertices: n x 3, float64; y is up, as in glTF.
        faces: m x 3, indices of vertices.
        painted: whether it has a texture, or more than one colour.
    """

    vertices: np.ndarray
    faces: np.ndarray
    painted: bool

    @cached_property
    def extents(self) -> np.ndarray:
        """Width (x), height (y) and depth (z).

        Raises:
            ValueError: it has no size.
        """
        extents: np.ndarray = np.ptp(self.vertices, axis=0)
        if not extents.max() > 0:
            raise ValueError("no size")
        return extents

    @cached_property
    def diagonal(self) -> float:
        """Length of the bounding box's diagonal."""
        return float(np.linalg.norm(self.extents))

    @cached_property
    def welded(self) -> Any:
        """The mesh as trimesh has it, with vertices at one place joined, without empty faces.

        Raises:
            ValueError: no face has an area.
        """
        import trimesh

        cells = np.round((self.vertices - self.vertices.min(axis=0)) / (self.diagonal * _WELD))
        _, first, places = np.unique(
            cells.astype(np.int64), axis=0, return_index=True, return_inverse=True
        )
        faces = places.reshape(-1)[self.faces]
        twisted = (faces == np.roll(faces, 1, axis=1)).any(axis=1)
        if twisted.all():
            raise ValueError("no faces with an area")
        return trimesh.Trimesh(self.vertices[first], faces[~twisted], process=False, validate=False)

    @cached_property
    def points(self) -> np.ndarray:
        """3,000 points spread over the surface by area, always the same; relative to the centre."""
        import trimesh

        points, _ = trimesh.sample.sample_surface(self.welded, POINTS, seed=0)
        low, high = self.vertices.min(axis=0), self.vertices.max(axis=0)
        return np.asarray(points) - (low + high) / 2


def open_solid(data: bytes, file_type: str = "glb") -> Solid:
    """Read a 3D model; parts of a scene are put where the scene has them.

    Raises:
        ValueError: it has no faces, or too many. Any error of trimesh: it is no model, or damaged.
    """
    import trimesh

    scene = trimesh.load_scene(io.BytesIO(data), file_type=file_type)
    meshes = [each for each in scene.dump() if isinstance(each, trimesh.Trimesh)]
    faces = sum(len(mesh.faces) for mesh in meshes)
    if not 0 < faces <= MAX_FACES:
        raise ValueError(f"{faces:,} faces")
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes[:-1])])
    return Solid(
        np.concatenate([np.asarray(mesh.vertices, np.float64) for mesh in meshes]),
        np.concatenate([mesh.faces + start for mesh, start in zip(meshes, starts, strict=True)]),
        any(map(_is_painted, meshes)) or len({_base_colour(mesh) for mesh in meshes}) > 1,
    )


def _is_painted(mesh: Any) -> bool:
    visual = mesh.visual
    if visual.kind == "texture":
        pictures = ("baseColorTexture", "image")  # of a PBR material, and of a simple one
        return any(getattr(visual.material, name, None) is not None for name in pictures)
    if visual.kind in ("vertex", "face"):
        colours = np.asarray(getattr(visual, f"{visual.kind}_colors"))
        return bool((colours != colours[:1]).any())
    return False


def _base_colour(mesh: Any) -> tuple[int, ...] | None:
    """The one colour of a part's material, if it says one."""
    colour = getattr(getattr(mesh.visual, "material", None), "main_color", None)
    return None if colour is None else tuple(np.asarray(colour).tolist())
