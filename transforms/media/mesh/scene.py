"""What is drawn of a 3D model: parts, where they stand, and what they look like.

Every reader fills these; the renderer, the GLB writer and the facts start from them. Axes, units
and handedness are those of the file, texture coordinates those of glTF (v runs down).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class TextureUse:
    """How a material reads a picture: `picture` is an index of `Scene.pictures`.

    `wrap` are the modes of s and t; `transform` is the 2 x 3 matrix of KHR_texture_transform.
    """

    picture: int
    channel: int = 0
    wrap: tuple[str, str] = ("repeat", "repeat")
    nearest: bool = False
    transform: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Material:
    """Appearance as far as it is drawn; colours are linear, red green blue alpha in [0, 1]."""

    name: str = ""
    colour: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    texture: TextureUse | None = None
    emission: tuple[float, float, float] = (0.0, 0.0, 0.0)
    emission_texture: TextureUse | None = None
    alpha: Literal["opaque", "mask", "blend"] = "opaque"
    cutoff: float = 0.5
    double_sided: bool = True
    unlit: bool = False
    roughness: float = 0.9


@dataclass
class Part:
    """Faces, points or lines with one material.

    `positions` are float32 (n, 3); `indices` integers: (m, 3) corners of faces, (m,) points,
    (m, 2) ends of lines. `normals` (n, 3), `uvs` channel -> (n, 2) and `colours` (n, 4, linear)
    are there or not.
    """

    positions: Array
    indices: Array
    kind: Literal["faces", "points", "lines"] = "faces"
    normals: Array | None = None
    uvs: dict[int, Array] = field(default_factory=dict)
    colours: Array | None = None
    material: int | None = None
    name: str = ""


@dataclass(frozen=True)
class Placement:
    """A part stands in the scene under a 4 x 4 matrix, float64, that acts on column vectors."""

    part: int
    matrix: Array
    node: int = 0


@dataclass
class Scene:
    """A model: what is drawn, and the encoded pictures that its materials use (None: missing)."""

    parts: list[Part]
    placements: list[Placement]
    materials: list[Material] = field(default_factory=list)
    pictures: list[bytes | None] = field(default_factory=list)

    def vertices(self) -> int:
        """Vertices as stored: a part that stands in several places counts once."""
        return sum(len(part.positions) for part in self.parts)

    def faces(self) -> int:
        """Triangles as stored."""
        return sum(len(part.indices) for part in self.parts if part.kind == "faces")

    def points(self) -> int:
        """Points that are drawn as such."""
        return sum(len(part.indices) for part in self.parts if part.kind == "points")

    def lines(self) -> int:
        """Line segments."""
        return sum(len(part.indices) for part in self.parts if part.kind == "lines")

    def drawn_faces(self) -> int:
        """Triangles that a viewer draws: each placement counts."""
        counts = [len(part.indices) if part.kind == "faces" else 0 for part in self.parts]
        return sum(counts[placement.part] for placement in self.placements)


def transformed(points: Array, matrix: Array) -> Array:
    """Points under a matrix, float64 (n, 3).

    Written out, not as a matrix product: those of BLAS differ between processors.
    """
    x, y, z = (points[:, axis].astype(np.float64) for axis in range(3))
    rows = [matrix[r, 0] * x + matrix[r, 1] * y + matrix[r, 2] * z + matrix[r, 3] for r in range(3)]
    return np.stack(rows, axis=1)


def turned(normals: Array, matrix: Array) -> Array:
    """Normals under a matrix (its cofactors), not scaled to length one; float64 (n, 3)."""
    m = matrix[:3, :3]
    cofactors = np.stack([np.cross(m[1], m[2]), np.cross(m[2], m[0]), np.cross(m[0], m[1])])
    placed = np.eye(4)
    placed[:3, :3] = cofactors if determinant(matrix) >= 0 else -cofactors
    return transformed(normals, placed)


def determinant(matrix: Array) -> float:
    """Of the upper left 3 x 3; below zero the matrix mirrors."""
    m = matrix[:3, :3]
    return float(np.sum(m[0] * np.cross(m[1], m[2])))


def is_identity(matrix: Array) -> bool:
    """Whether a matrix leaves everything where it is."""
    return bool(np.array_equal(matrix, np.eye(4)))
