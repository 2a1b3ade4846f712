"""OFF with its variants for colours, normals and texture coordinates (Geomview's manual, 2.4)."""

from __future__ import annotations

import numpy as np

from transforms.media.mesh.bundle import Model
from transforms.media.mesh.errors import damaged, refuse, within
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
from transforms.media.mesh.sniff import off_keyword
from transforms.media.settings import MeshPolicy


def read_off(model: Model, policy: MeshPolicy) -> Scene:
    """The scene of an OFF file: one part.

    Raises:
        MediaError: see `mesh.errors`.
    """
    data = model.data.removeprefix(b"\xef\xbb\xbf")
    keyword, end = off_keyword(data)
    if "4" in keyword or "n" in keyword:
        refuse("format", f"{keyword}: vertices of other than three dimensions")
    if data[end : end + 20].split()[:1] == [b"BINARY"]:
        refuse("format", "binary OFF is not read")
    text = data[end:].decode("utf-8", "replace")
    lines = [line for raw in text.splitlines() if (line := raw.split("#", 1)[0].strip())]
    vertices, faces = _counts(lines, policy)
    if len(lines) < 1 + vertices + faces:
        damaged(f"cut short: {vertices:,} vertices and {faces:,} faces in {len(lines):,} lines")
    rows = _vertex_rows(lines[1 : 1 + vertices])
    part = _vertices(keyword, rows)
    if faces == 0:
        part.indices, part.kind = np.arange(vertices), "points"
        return Scene([part], [Placement(0, np.eye(4))])
    flat, lengths, colours = _faces(lines[1 + vertices : 1 + vertices + faces])
    check_range(flat, vertices, "vertex")
    places, owner = fan(lengths)
    within(len(places), policy.max_faces, "faces")
    part.indices = flat[places]
    if colours is not None and part.colours is None:
        part = _coloured_faces(part, colours, owner)
    return Scene([part], [Placement(0, np.eye(4))])


def _counts(lines: list[str], policy: MeshPolicy) -> tuple[int, int]:
    try:
        vertices, faces = (int(word) for word in lines[0].split()[:2])
    except (IndexError, ValueError):
        damaged("the numbers of vertices and faces are missing")
    if vertices < 0 or faces < 0:
        damaged("a negative number of vertices or faces")
    within(vertices, policy.max_vertices, "vertices")
    within(faces, policy.max_faces, "faces")
    if vertices == 0:
        refuse("empty", "no vertices")
    return vertices, faces


def _vertex_rows(lines: list[str]) -> Array:
    width = min(len(line.split()) for line in lines)
    if width < 3:
        damaged(f"a vertex of {width} numbers")
    values = all_numbers(" ".join(" ".join(line.split()[:width]) for line in lines), "vertices")
    if len(values) != width * len(lines):
        damaged("vertices are no numbers")
    return values.reshape(-1, width)


def _vertices(keyword: str, rows: Array) -> Part:
    """Columns after the coordinates, in the order that the keyword's letters stand for."""
    part = Part(single(rows[:, :3]), np.zeros((0, 3), np.int64))
    place, textured = 3, keyword.startswith("ST")
    left = keyword.removeprefix("ST")
    if "N" in left and rows.shape[1] >= place + 3:
        part.normals = usable_normals(rows[:, place : place + 3])
        place += 3
    behind = rows.shape[1] - place - (2 if textured else 0)
    if "C" in left and behind >= 3:
        part.colours = _colours(rows[:, place : place + min(behind, 4)])
        place += min(behind, 4)
    if textured and rows.shape[1] >= place + 2 and np.isfinite(rows[:, place:]).all():
        part.uvs[0] = (rows[:, place : place + 2] * [1, -1] + [0, 1]).astype(np.float32)
    return part


def _colours(values: Array) -> Array:
    """Linear colours of numbers in [0, 1] or of bytes."""
    return linear(values / 255.0 if values.max(initial=0) > 1.0 else values)


def _faces(lines: list[str]) -> tuple[Array, Array, Array | None]:
    """Corners of all faces, how many each has, and its colour if all have one."""
    words = [line.split() for line in lines]
    try:
        lengths = [int(line[0]) for line in words]
        short = any(n < 0 or len(line) < 1 + n for n, line in zip(lengths, words, strict=True))
        flat = (
            []
            if short
            else [int(w) for n, ws in zip(lengths, words, strict=True) for w in ws[1 : 1 + n]]
        )
        extra = [len(line) - 1 - n for n, line in zip(lengths, words, strict=True)]
        colours = None
        if extra and not short and set(extra) <= {3, 4}:
            rest = [
                [float(w) for w in line[1 + n :][:3]]
                for n, line in zip(lengths, words, strict=True)
            ]
            colours = _colours(np.array(rest))
    except ValueError:
        damaged("faces are no numbers")
    if short:
        damaged("a face has fewer corners than it says")
    return np.array(flat, np.int64), np.array(lengths, np.int64), colours


def _coloured_faces(part: Part, colours: Array, owner: Array) -> Part:
    """Vertices split so that each belongs to faces of one colour."""
    corner = part.indices.reshape(-1)
    _, kinds = welded(*((colours * 255).round().astype(np.int64).T))
    first, inverse = welded(corner, np.repeat(kinds[owner], 3))
    source = corner[first]
    return Part(
        part.positions[source],
        inverse.reshape(-1, 3),
        normals=None if part.normals is None else part.normals[source],
        uvs={channel: uvs[source] for channel, uvs in part.uvs.items()},
        colours=np.repeat(colours[owner], 3, axis=0)[first],
    )
