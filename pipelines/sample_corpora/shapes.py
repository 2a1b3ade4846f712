"""True 3D models made by code: a few coloured bodies, each seed its own; and pictures of views."""

from __future__ import annotations

import io
import json
import struct
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

#: Views that stand beside each other in one picture.
VIEWS: Final = 4
_LIGHT: Final = np.array([0.4, 0.5, 0.77])


class _Body(NamedTuple):
    """Corners, their colours, and triangles by their corners."""

    corners: npt.NDArray[np.float32]
    colours: npt.NDArray[np.uint8]
    faces: npt.NDArray[np.uint32]


#: Patches of paint across one view.
_PAINT = 4


def mesh(rng: np.random.Generator, form: Literal["glb", "obj"] = "glb") -> bytes:
    """A decodable, closed model of two or three bodies with coloured corners, as file bytes."""
    bodies = [_turned(rng) for _ in range(int(rng.integers(2, 4)))]
    starts = np.cumsum([0, *(len(body.corners) for body in bodies[:-1])])
    whole = _Body(
        np.concatenate([body.corners for body in bodies]),
        np.concatenate([body.colours for body in bodies]),
        np.concatenate(
            [body.faces + np.uint32(at) for body, at in zip(bodies, starts, strict=True)]
        ),
    )
    return _glb(whole) if form == "glb" else _obj(whole)


def _turned(rng: np.random.Generator) -> _Body:
    """A body as from a lathe: a ball, a column, a cone or a vase, with 4 to 12 sides."""
    sides = int(rng.choice([4, 8, 12]))
    steps = np.linspace(0, 1, 5)
    profile = (
        np.sin(np.pi * (0.1 + 0.8 * steps)),
        np.ones_like(steps),
        1.05 - steps,
        0.6 + 0.4 * np.cos(5 * steps),
    )[rng.integers(4)] * rng.uniform(0.2, 0.6)
    angles = np.arange(sides) * 2 * np.pi / sides
    height = rng.uniform(0.4, 1.2)
    rings = np.stack(
        [
            np.outer(profile, np.cos(angles)),
            np.repeat((steps - 0.5)[:, None] * height, sides, axis=1),
            np.outer(profile, np.sin(angles)),
        ],
        axis=-1,
    ).reshape(-1, 3)
    poles = np.array([[0, -height / 2, 0], [0, height / 2, 0]])
    corners = np.concatenate((rings, poles)) + rng.uniform(-0.8, 0.8, 3)
    base, top = rng.integers(0, 256, (2, 3))
    share = np.append(np.repeat(steps, sides), (0, 1))[:, None]
    rgb = base + (top - base) * share
    colours = np.concatenate((rgb, np.full((len(rgb), 1), 255)), axis=1)
    return _Body(corners.astype(np.float32), colours.astype(np.uint8), _faces(len(steps), sides))


def _faces(rings: int, sides: int) -> npt.NDArray[np.uint32]:
    """The triangles between rings of corners, and those to both poles, which come last."""
    at = np.arange(sides)
    after = (at + 1) % sides
    found = []
    for ring in range(rings - 1):
        low, high = ring * sides, (ring + 1) * sides
        found.append(np.stack((low + at, high + at, low + after), axis=1))
        found.append(np.stack((low + after, high + at, high + after), axis=1))
    bottom, top, last = rings * sides, rings * sides + 1, (rings - 1) * sides
    found.append(np.stack((np.full(sides, bottom), at, after), axis=1))
    found.append(np.stack((np.full(sides, top), last + after, last + at), axis=1))
    return np.concatenate(found).astype(np.uint32)


def _glb(body: _Body) -> bytes:
    """A binary glTF 2.0 file (Khronos specification, chapter 4): one mesh, one buffer."""
    parts = [
        (body.corners.tobytes(), "VEC3", 5126, len(body.corners)),
        (body.colours.tobytes(), "VEC4", 5121, len(body.colours)),
        (body.faces.tobytes(), "SCALAR", 5125, body.faces.size),
    ]
    binary, views_, accessors = b"", [], []
    for at, (data, kind, component, count) in enumerate(parts):
        views_.append({"buffer": 0, "byteOffset": len(binary), "byteLength": len(data)})
        accessor: dict[str, Any] = {
            "bufferView": at,
            "componentType": component,
            "count": count,
            "type": kind,
        }
        if kind == "VEC3":
            accessor["min"] = body.corners.min(axis=0).tolist()
            accessor["max"] = body.corners.max(axis=0).tolist()
        elif kind == "VEC4":
            accessor["normalized"] = True
        accessors.append(accessor)
        binary += data
    primitive = {"attributes": {"POSITION": 0, "COLOR_0": 1}, "indices": 2}
    told = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [primitive]}],
        "buffers": [{"byteLength": len(binary)}],
        "bufferViews": views_,
        "accessors": accessors,
    }
    text = json.dumps(told, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    chunks += struct.pack("<I4s", len(binary), b"BIN\0") + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def _obj(body: _Body) -> bytes:
    """A Wavefront OBJ file, colours behind the corners as many programs write them."""
    corners = np.concatenate((body.corners, body.colours[:, :3] / 255), axis=1)
    lines = ["v " + " ".join(f"{value:.5f}" for value in corner) for corner in corners.tolist()]
    lines += ["f {} {} {}".format(*face) for face in (body.faces + 1).tolist()]
    return ("\n".join(lines) + "\n").encode()


def views(rng: np.random.Generator, size: int = 32) -> bytes:
    """Views of a body from `VIEWS` sides as one PNG file, `VIEWS` times as wide as high.

    The body is painted in patches and lies low or high in its picture, so that bodies differ as
    much as rendered models do.
    """
    colour, ground = rng.integers(40, 232, 3), rng.integers(200, 256, 3)
    round_, turn = bool(rng.integers(2)), rng.uniform(0, np.pi)
    shape = rng.uniform(0.45, 0.9, 3)
    shown = [
        _shaded(shape, turn + side * 2 * np.pi / VIEWS, size, round_=round_)
        for side in range(VIEWS)
    ]
    patch = size // _PAINT
    paint = rng.uniform(0.25, 1.0, (_PAINT, VIEWS * _PAINT))
    painted = paint.repeat(patch, axis=0).repeat(patch, axis=1)
    shift = int(rng.integers(-size // 4, size // 4 + 1))
    whole = np.concatenate(shown, axis=1)
    whole[:, : painted.shape[1]] *= painted[:size]
    shade = np.roll(whole, shift, axis=0)[:, :, None]
    pixels = np.where(shade > 0, colour * shade, ground).astype(np.uint8)
    pixels[0, 0] = rng.integers(0, 256, 3)  # so that no two are alike
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=6)
    return file.getvalue()


def _shaded(
    shape: npt.NDArray[np.float64], turn: float, size: int, *, round_: bool
) -> npt.NDArray[np.float64]:
    """How bright each pixel of a view is, 0 where the body is not: an ellipsoid or a column."""
    across, down = np.meshgrid(np.linspace(-1, 1, size), np.linspace(1, -1, size))
    width = np.hypot(shape[0] * np.cos(turn), shape[1] * np.sin(turn))
    x, y = across / width, down / shape[2]
    inside = x**2 + (y**2 if round_ else 0) < 1
    inside &= np.abs(y) < 1
    depth = np.sqrt(np.clip(1 - x**2 - (y**2 if round_ else 0), 0, 1))
    normal = np.stack((x, y if round_ else np.zeros_like(y), depth), axis=-1)
    light = np.clip(normal @ _LIGHT, 0, 1)
    return np.where(inside, 0.25 + 0.75 * light, 0.0)
