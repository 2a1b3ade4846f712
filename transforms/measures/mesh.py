"""Attributes of 3D models that are meshes. Those of rendered views are `image.VIEW`.

About 100 ms of one core for a mesh of 20,000 faces, decoding included.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from transforms.measures.attribute import Attribute, Margin
from transforms.measures.solid import SOME_FACES, Solid

#: A loose part counts as a body from this share of the surface on; debris doesn't.
_BODY: Final = 0.005
#: Points whose depth below the hull is taken: each against every facet.
_DEPTH_POINTS: Final = 1_000


def height_ratio(solid: Solid) -> float:
    """Height by the larger of width and depth."""
    width, height, depth = solid.extents
    return float(height / max(width, depth))


def thinness(solid: Solid) -> float:
    """The largest extent by the smallest, at most 100: 1 for a cube, 100 for a sheet."""
    return float(min(100.0, solid.extents.max() / max(solid.extents.min(), 1e-9 * solid.diagonal)))


def watertight(solid: Solid) -> float:
    """1 if every edge has a face on both sides, else 0."""
    return float(solid.welded.is_watertight)


def bodies(solid: Solid) -> float:
    """Parts that aren't joined, each with at least half a per cent of the surface."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    mesh = solid.welded
    edges, size = np.asarray(mesh.edges), len(mesh.vertices)
    joined = coo_array((np.ones(len(edges), bool), (edges[:, 0], edges[:, 1])), shape=(size, size))
    _, label = connected_components(joined, directed=False)
    areas = np.bincount(label[mesh.faces[:, 0]], weights=mesh.area_faces)
    return float((areas >= _BODY * areas.sum()).sum())


def symmetry(solid: Solid) -> float:
    """100 less the mean distance of the surface to its mirror image, in per cent of the diagonal.

    Mirrored left to right or front to back, whichever fits better, about the middle of the
    bounding box. Points of a symmetrical surface come to about 99.
    """
    from scipy.spatial import cKDTree

    points = solid.points
    tree = cKDTree(points)
    mirrors = (np.array([-1, 1, 1]), np.array([1, 1, -1]))
    distances = [tree.query(points * mirror)[0].mean() for mirror in mirrors]
    return 100 - 100 * float(min(distances)) / solid.diagonal


def roughness(solid: Solid) -> float:
    """Mean angle between neighbouring faces, degrees, weighted by the length of their edge."""
    mesh = solid.welded
    if len(mesh.faces) > SOME_FACES:
        raise ValueError("too many faces")
    ends = mesh.vertices[mesh.face_adjacency_edges]
    lengths = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1)
    return float(np.degrees(np.average(mesh.face_adjacency_angles, weights=lengths)))


def fullness(solid: Solid) -> float:
    """Volume of the convex hull as a share of the bounding box, 0 to 100."""
    from scipy.spatial import ConvexHull

    return 100 * float(ConvexHull(solid.welded.vertices).volume / solid.extents.prod())


def hollows(solid: Solid) -> float:
    """Mean depth of the surface below the convex hull, in per cent of the diagonal.

    0 for a body that bulges everywhere; the larger the more limbs, folds and holes it has.
    """
    from scipy.spatial import ConvexHull

    points = solid.points[:_DEPTH_POINTS]
    facets = ConvexHull(points).equations
    depths = -(points @ facets[:, :3].T + facets[:, 3]).max(axis=1)
    return 100 * float(depths.clip(0).mean()) / solid.diagonal


MESH: Final[tuple[Attribute, ...]] = (
    Attribute("faces", "mesh", "resolution", "faces", "more polygons", "fewer polygons",
              Margin(500, 2.5), lambda solid: len(solid.faces), gold=False),
    Attribute("vertices", "mesh", "resolution", "vertices", "more vertices", "fewer vertices",
              Margin(300, 2.5), lambda solid: len(solid.vertices), askable=False),
    Attribute("height_ratio", "mesh", "proportions", "height / width", "taller", "flatter",
              Margin(0.2, 1.35), height_ratio, pivot=1),
    Attribute("thinness", "mesh", "proportions", "ratio", "thinner", "more compact",
              Margin(0.7, 1.6), thinness),
    Attribute("watertight", "mesh", "surface", "0 or 1", "closed", "open", Margin(1), watertight,
              flag=True, gold=False),
    Attribute("bodies", "mesh", "parts", "parts", "more loose parts", "fewer loose parts",
              Margin(2, 1.6), bodies, gold=False),
    Attribute("symmetry", "mesh", "symmetry", "points", "more symmetrical", "less symmetrical",
              Margin(2), symmetry),
    Attribute("roughness", "mesh", "surface", "degrees", "more angular", "smoother",
              Margin(10, 1.6), roughness),
    Attribute("fullness", "mesh", "mass", "per cent", "fills its box", "slim in its box",
              Margin(18, 1.3), fullness),
    Attribute("hollows", "mesh", "mass", "per cent", "limbs and hollows", "simple outline",
              Margin(2.5, 1.8), hollows),
    Attribute("painted", "mesh", "paint", "0 or 1", "coloured", "uncoloured", Margin(1),
              lambda solid: float(solid.painted), flag=True),
)  # fmt: skip
