"""Small 3D models, made by code: what the tests of meshes start from."""

from __future__ import annotations

import base64
import io
import json
import struct
from typing import Any

import numpy as np
from PIL import Image

CORNERS = np.array([[x, y, z] for z in (-1, 1) for y in (-1, 1) for x in (-1, 1)], np.float32)
#: Two triangles a side, seen from outside: back, front, bottom, top, left, right.
CUBE = np.array(
    [
        [0, 2, 3], [0, 3, 1], [4, 5, 7], [4, 7, 6], [0, 1, 5], [0, 5, 4],
        [2, 6, 7], [2, 7, 3], [0, 4, 6], [0, 6, 2], [1, 3, 7], [1, 7, 5],
    ],
    np.uint16,
)  # fmt: skip


def png(picture: Image.Image | None = None, kind: str = "PNG") -> bytes:
    """A picture, encoded; without one four squares: red, green above, blue, yellow below."""
    if picture is None:
        picture = Image.new("RGB", (32, 32), "red")
        for colour, place in (("lime", (16, 0)), ("blue", (0, 16)), ("yellow", (16, 16))):
            picture.paste(Image.new("RGB", (16, 16), colour), place)
    sink = io.BytesIO()
    picture.save(sink, kind)
    return sink.getvalue()


def gltf(
    parts: list[dict[str, Any]] | None = None, picture: bytes | None = None, **more: Any
) -> tuple[dict[str, Any], bytes]:
    """JSON and buffer of a glTF: a mesh of primitives, and what else is put in.

    A part has arrays by attribute (``POSITION`` ...), ``indices`` and other fields of a
    primitive. Texture 0 is `picture`, which is put into the buffer.
    """
    binary = b""
    views: list[dict[str, Any]] = []
    accessors: list[dict[str, Any]] = []

    def view(data: bytes) -> int:
        nonlocal binary
        views.append({"buffer": 0, "byteOffset": len(binary), "byteLength": len(data)})
        binary += data + b"\0" * (-len(data) % 4)
        return len(views) - 1

    def accessor(values: np.ndarray[Any, Any]) -> int:
        kinds = {"f4": 5126, "u2": 5123, "u4": 5125, "u1": 5121, "i1": 5120, "i2": 5122}
        shape = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}
        width = 1 if values.ndim == 1 else values.shape[1]
        accessors.append(
            {
                "bufferView": view(values.tobytes()),
                "componentType": kinds[values.dtype.str[1:]],
                "count": len(values),
                "type": shape[width],
            }
        )
        if values.dtype.kind == "u" and width == 4 and values.dtype.itemsize == 1:
            accessors[-1]["normalized"] = True
        return len(accessors) - 1

    primitives = []
    for part in parts if parts is not None else [{"POSITION": CORNERS, "indices": CUBE}]:
        primitive: dict[str, Any] = {"attributes": {}}
        for name, value in part.items():
            if isinstance(value, np.ndarray) and name != "indices":
                primitive["attributes"][name] = accessor(value)
            elif name == "indices":
                primitive["indices"] = accessor(value.reshape(-1))
            else:
                primitive[name] = value
        primitives.append(primitive)
    document: dict[str, Any] = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": primitives}],
        "accessors": accessors,
        "bufferViews": views,
    }
    if picture is not None:
        kind = "image/png" if picture[:4] == b"\x89PNG" else "image/jpeg"
        document["images"] = [{"bufferView": view(picture), "mimeType": kind}]
        document["textures"] = [{"source": 0}]
    document["buffers"] = [{"byteLength": len(binary)}]
    document.update(more)
    return document, binary


def glb(document: dict[str, Any], binary: bytes = b"") -> bytes:
    """A GLB of a JSON document and a buffer."""
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    if binary:
        chunks += struct.pack("<I4s", len(binary), b"BIN\0") + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def embedded(document: dict[str, Any], binary: bytes) -> bytes:
    """A glTF with its buffer as a data URI."""
    uri = "data:application/octet-stream;base64," + base64.b64encode(binary).decode()
    buffers = [{"byteLength": len(binary), "uri": uri}]
    return json.dumps({**document, "buffers": buffers}).encode()


def cube() -> bytes:
    """A GLB of a cube."""
    return glb(*gltf())


SQUARE = {
    "POSITION": np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], np.float32),
    "TEXCOORD_0": np.array([[0, 1], [1, 1], [1, 0], [0, 0]], np.float32),
    "indices": np.array([0, 1, 2, 0, 2, 3], np.uint16),
}


def textured(picture: bytes | None = None, **material: Any) -> bytes:
    """A GLB of a square that faces +z, with a texture."""
    surface = {"baseColorTexture": {"index": 0}, "metallicFactor": 0}
    materials = [{"pbrMetallicRoughness": surface, **material}]
    return glb(*gltf([{**SQUARE, "material": 0}], picture or png(), materials=materials))


def sphere(rings: int, radius: float = 1.0) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Points and faces of a sphere of ``4 * rings ** 2`` faces, or nearly."""
    across = 2 * rings
    up, around = np.meshgrid(
        np.linspace(-np.pi / 2, np.pi / 2, rings + 1), np.arange(across) * 2 * np.pi / across,
        indexing="ij",
    )  # fmt: skip
    points = np.stack(
        [np.cos(up) * np.sin(around), np.sin(up), np.cos(up) * np.cos(around)], axis=-1
    ).reshape(-1, 3)
    a = np.arange(rings * across)
    b = a // across * across + (a + 1) % across
    faces = np.concatenate(
        [np.stack([a, b, b + across], 1), np.stack([a, b + across, a + across], 1)]
    )
    return (radius * points).astype(np.float32), faces.astype(np.uint32)


def ply(header: str, body: str = "") -> bytes:
    """A text PLY of header lines (after ``format``) and body."""
    return f"ply\nformat ascii 1.0\n{header}end_header\n{body}".encode()


def obj_cube() -> bytes:
    """An OBJ of a cube, in quads."""
    vertices = "".join(f"v {x} {y} {z}\n" for x, y, z in CORNERS)
    quads = ("1 3 4 2", "5 6 8 7", "1 2 6 5", "3 7 8 4", "1 5 7 3", "2 4 8 6")
    return (vertices + "".join(f"f {quad}\n" for quad in quads)).encode()


def stl_cube() -> bytes:
    """A binary STL of a cube."""
    facets = b"".join(struct.pack("<12fH", 0, 0, 0, *CORNERS[face].reshape(-1), 0) for face in CUBE)
    return b"\0" * 80 + struct.pack("<I", len(CUBE)) + facets


OFF_CUBE = (
    "OFF\n8 12 0\n"
    + "".join(f"{x} {y} {z}\n" for x, y, z in CORNERS)
    + "".join(f"3 {a} {b} {c}\n" for a, b, c in CUBE)
).encode()

PLY_CUBE = (
    b"ply\nformat binary_little_endian 1.0\nelement vertex 8\nproperty float x\n"
    b"property float y\nproperty float z\nelement face 12\n"
    b"property list uchar int vertex_indices\nend_header\n"
    + CORNERS.tobytes()
    + b"".join(struct.pack("<B3i", 3, *face) for face in CUBE)
)
