"""STL, binary and text: one part a solid, corners at one place made one vertex."""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from transforms.media.mesh.bundle import Model
from transforms.media.mesh.errors import damaged, refuse, within
from transforms.media.mesh.polygons import all_numbers, same_rows, single
from transforms.media.mesh.scene import Array, Part, Placement, Scene
from transforms.media.mesh.sniff import binary_stl_faces
from transforms.media.settings import MeshPolicy

_FACET: Final = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("rest", "<u2")])
_SOLID = re.compile(r"^[ \t]*(solid\b[^\n]*|endsolid\b[^\n]*)$", re.M | re.I)
_VERTEX = re.compile(r"\bvertex\b([^\n]*)", re.I)
_TOKENS = re.compile(r"\b(facet|endfacet|vertex|outer|endloop)\b", re.I)


def read_stl(model: Model, policy: MeshPolicy) -> Scene:
    """The scene of an STL. Stated normals are not used: they follow from the corners.

    Raises:
        MediaError: see `mesh.errors`.
    """
    facets = binary_stl_faces(model.data)
    if facets is not None and (facets or b"\0" in model.data):
        # Whatever the header begins with: no text states a number of facets that fits.
        within(facets, policy.max_faces, "faces")
        stored = np.frombuffer(model.data, _FACET, facets, 84)
        groups = [stored["corners"].reshape(-1, 3)]
    else:
        groups = _text(model.data, policy)
    parts = [_part(corners) for corners in groups if len(corners)]
    if not parts:
        refuse("empty", "no facets")
    return Scene(parts, [Placement(number, np.eye(4)) for number in range(len(parts))])


def _text(data: bytes, policy: MeshPolicy) -> list[Array]:
    """Corners of each solid; a cut file lacks its end or parts of its last facet."""
    if b"\0" in data:
        damaged("neither a whole binary STL nor text")
    text = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    bounds = list(_SOLID.finditer(text))
    groups: list[Array] = []
    within(text.lower().count("endfacet"), policy.max_faces, "faces")
    for opening, closing in zip(bounds[::2], [*bounds[1::2], None], strict=False):
        if closing is None or not closing[1].lower().startswith("endsolid"):
            damaged("cut short: a solid has no end")
        if not opening[1].lower().startswith("solid"):
            damaged("a solid has no beginning")
        groups.append(_solid(text[opening.end() : closing.start()]))
    if not bounds:
        damaged("neither a whole binary STL nor text")
    return groups


def _solid(text: str) -> Array:
    counts = dict.fromkeys(("facet", "endfacet", "vertex", "outer", "endloop"), 0)
    for found in _TOKENS.finditer(text):
        counts[found[1].lower()] += 1
    if len({counts["facet"], counts["endfacet"], counts["outer"], counts["endloop"]}) != 1:
        damaged("facets and their ends don't match")
    if counts["vertex"] != 3 * counts["facet"]:
        damaged(f"{counts['facet']:,} facets have {counts['vertex']:,} corners")
    values = all_numbers(" ".join(found[1] for found in _VERTEX.finditer(text)), "corners")
    if len(values) != 3 * counts["vertex"]:
        damaged("corners are not of three numbers")
    return values.reshape(-1, 3)


def _part(corners: Array) -> Part:
    positions = single(corners)
    first, inverse = same_rows(positions)
    return Part(positions[first], inverse.reshape(-1, 3))
