"""Making GLB: of a glTF with its files, without touching a number; of a scene, from the start."""

from __future__ import annotations

import copy
import json
import struct
from dataclasses import replace
from typing import Any, Final

import numpy as np

from transforms.media.mesh.gltf import BIN_CHUNK, JSON_CHUNK, Document
from transforms.media.mesh.gltf_material import spare_pictures
from transforms.media.mesh.picture import as_allowed
from transforms.media.mesh.scene import (
    Array,
    Material,
    Part,
    Placement,
    Scene,
    is_identity,
)
from transforms.media.settings import MeshPolicy

_GENERATOR: Final = "omni-reward-data"
_FLOAT, _UINT, _USHORT = 5126, 5125, 5123

#: One white pixel: stands for a picture that is not there, once nothing refers to it.
_WHITE: Final = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c63f80f00010101001bb6ee560000000049454e44ae426082"
)


def glb(document: dict[str, Any], binary: bytes) -> bytes:
    """A GLB of a JSON document and its buffer; its bytes depend on nothing else."""
    told = json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    text = told.encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<II", len(text), JSON_CHUNK) + text
    if binary:
        binary += b"\0" * (-len(binary) % 4)
        chunks += struct.pack("<II", len(binary), BIN_CHUNK) + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


class Buffer:
    """The one buffer of a GLB: pieces at multiples of four, and the views that name them."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.size = 0
        self.views: list[dict[str, Any]] = []

    def append(self, data: bytes) -> int:
        """Add bytes; returns their offset."""
        start = self.size
        self.pieces += [data, b"\0" * (-len(data) % 4)]
        self.size += len(data) + -len(data) % 4
        return start

    def view(self, data: bytes, **more: int) -> int:
        """Add bytes with a view on them; returns its number."""
        start = self.append(data)
        self.views.append({"buffer": 0, "byteOffset": start, "byteLength": len(data), **more})
        return len(self.views) - 1

    def joined(self) -> bytes:
        """All bytes."""
        return b"".join(self.pieces)


def pack(document: Document) -> bytes:
    """A self-contained GLB of a glTF: the same JSON, with buffers and pictures put inside.

    Pictures keep their bytes, except in formats that glTF doesn't know: these become PNG. What
    refers to a picture that is not there is taken out, so that the surface shows its colour.
    """
    told = copy.deepcopy(document.json)
    buffer = Buffer()
    starts = [buffer.append(data) for data in document.buffers]
    buffer.views = told.get("bufferViews", [])
    for view in buffer.views:
        view["byteOffset"] = view.get("byteOffset", 0) + starts[view["buffer"]]
        view["buffer"] = 0
    put_pictures(document, told, buffer)
    if buffer.views:
        told["bufferViews"] = buffer.views
    if buffer.size:
        told["buffers"] = [{"byteLength": buffer.size}]
    return glb(told, buffer.joined())


def put_pictures(
    document: Document, told: dict[str, Any], buffer: Buffer, anew: bool = False
) -> None:
    """Put the pictures of a document into a buffer; those that are in it stay, unless `anew`."""
    spare = spare_pictures(document)
    for number, picture in enumerate(document.pictures):
        if picture.data is None:
            _undress(told, number)
        image = told["images"][number]
        data, kind = picture.data, "image/ktx2"
        if data is None or number not in spare:
            data, kind = as_allowed(data or _WHITE, document.policy)
        if not anew and picture.place == "view" and data is picture.data:
            continue
        image.pop("uri", None)
        image["bufferView"], image["mimeType"] = buffer.view(data), kind


def _undress(told: dict[str, Any], picture: int) -> None:
    """Take out of all materials what refers to a picture."""
    lost = {
        number
        for number, texture in enumerate(told.get("textures", []))
        if texture.get("source") == picture
        or any(
            isinstance(use, dict) and use.get("source") == picture
            for use in (texture.get("extensions") or {}).values()
        )
    }

    def strip(value: Any) -> None:
        if isinstance(value, list):
            for item in value:
                strip(item)
        if not isinstance(value, dict):
            return
        for key in [
            key
            for key, use in value.items()
            if key.endswith("Texture") and isinstance(use, dict) and use.get("index") in lost
        ]:
            del value[key]
        for item in value.values():
            strip(item)

    strip(told.get("materials", []))


class Writer(Buffer):
    """A buffer with accessors."""

    def __init__(self) -> None:
        super().__init__()
        self.accessors: list[dict[str, Any]] = []

    def accessor(self, values: Array, kind: str, component: int, **more: Any) -> int:
        """Add an array, already of the stored type; returns the accessor's number."""
        target = 34963 if component == _UINT and kind == "SCALAR" else 34962
        view = self.view(np.ascontiguousarray(values).tobytes(), target=target)
        told = {"bufferView": view, "componentType": component, "count": len(values), "type": kind}
        self.accessors.append({**told, **more})
        return len(self.accessors) - 1

    def positions(self, values: Array) -> int:
        """Positions with the bounds that the specification wants."""
        low, high = (
            [float(x) for x in bound] for bound in (values.min(axis=0), values.max(axis=0))
        )
        return self.accessor(values.astype("<f4"), "VEC3", _FLOAT, min=low, max=high)

    def primitive(self, part: Part) -> dict[str, Any]:
        """A primitive of a part."""
        attributes = {"POSITION": self.positions(part.positions)}
        if part.normals is not None:
            attributes["NORMAL"] = self.accessor(part.normals.astype("<f4"), "VEC3", _FLOAT)
        for channel in sorted(part.uvs):
            uvs = part.uvs[channel].astype("<f4")
            attributes[f"TEXCOORD_{channel}"] = self.accessor(uvs, "VEC2", _FLOAT)
        if part.colours is not None:
            colours = (part.colours * 65535).round().astype("<u2")
            attributes["COLOR_0"] = self.accessor(colours, "VEC4", _USHORT, normalized=True)
        told: dict[str, Any] = {"attributes": attributes}
        if part.kind == "points":
            told["mode"] = 0
        else:
            index = part.indices.reshape(-1).astype("<u4")
            told["indices"] = self.accessor(index, "SCALAR", _UINT)
            told["mode"] = {"lines": 1, "faces": 4}[part.kind]
        return told


def write_scene(scene: Scene, policy: MeshPolicy) -> bytes:
    """A GLB of a scene: a mesh a part, or one mesh by policy; upright by policy."""
    writer = Writer()
    primitives = []
    flat = policy.scene == "flatten"
    for part in scene.parts:
        told = writer.primitive(_upright(part) if flat and policy.up == "z" else part)
        told["material"] = _material_number(scene, part)
        primitives.append(told)
    meshes = [{"primitives": [primitive]} for primitive in primitives]
    nodes: list[dict[str, Any]] = [_node(placement) for placement in scene.placements]
    if flat:
        meshes, nodes = [{"primitives": primitives}], [{"mesh": 0}]
    elif policy.up == "z":
        half = 0.7071067811865476
        nodes.append({"rotation": [-half, 0, 0, half], "children": list(range(len(nodes)))})
    document: dict[str, Any] = {
        "asset": {"version": "2.0", "generator": _GENERATOR},
        "scene": 0,
        "scenes": [{"nodes": _roots(nodes)}],
        "nodes": nodes,
        "meshes": meshes,
        "materials": [_material(m) for m in scene.materials] + [_plain(scene)],
    }
    _add_pictures(document, scene, writer, policy)
    document["accessors"] = writer.accessors
    document["bufferViews"] = writer.views
    document["buffers"] = [{"byteLength": writer.size}]
    return glb(document, writer.joined())


def _roots(nodes: list[dict[str, Any]]) -> list[int]:
    return [len(nodes) - 1] if "children" in nodes[-1] else list(range(len(nodes)))


def _upright(part: Part) -> Part:
    """A part whose z axis points up made one whose y axis does; no number is rounded."""

    def turn(values: Array) -> Array:
        return np.stack([values[:, 0], values[:, 2], -values[:, 1]], axis=1)

    normals = None if part.normals is None else turn(part.normals)
    return replace(part, positions=turn(part.positions), normals=normals)


def _node(placement: Placement) -> dict[str, Any]:
    if is_identity(placement.matrix):
        return {"mesh": placement.part}
    return {"mesh": placement.part, "matrix": [float(x) for x in placement.matrix.T.reshape(-1)]}


def _material_number(scene: Scene, part: Part) -> int:
    return len(scene.materials) if part.material is None else part.material


def _plain(scene: Scene) -> dict[str, Any]:
    """The material of parts that have none: matt, seen from both sides, see-through if need be."""
    clear = any(
        part.material is None and part.colours is not None and (part.colours[:, 3] < 1).any()
        for part in scene.parts
    )
    return _material(Material(alpha="blend" if clear else "opaque"))


def _material(material: Material) -> dict[str, Any]:
    surface: dict[str, Any] = {
        "baseColorFactor": list(material.colour),
        "metallicFactor": 0,
        "roughnessFactor": material.roughness,
    }
    if material.texture is not None:
        surface["baseColorTexture"] = {"index": material.texture.picture}
    told: dict[str, Any] = {"pbrMetallicRoughness": surface, "doubleSided": True}
    if material.name:
        told["name"] = material.name
    if any(material.emission):
        told["emissiveFactor"] = list(material.emission)
    if material.alpha != "opaque":
        told["alphaMode"] = material.alpha.upper()
    return told


def _add_pictures(
    document: dict[str, Any], scene: Scene, writer: Writer, policy: MeshPolicy
) -> None:
    """Images and textures of the same numbers; materials lose those that are not there."""
    if not scene.pictures:
        return
    images, textures = [], []
    for number, picture in enumerate(scene.pictures):
        data, kind = as_allowed(picture or _WHITE, policy)
        images.append({"bufferView": writer.view(data), "mimeType": kind})
        textures.append(_texture(number, kind))
    document["samplers"] = [{"wrapS": 10497, "wrapT": 10497}]
    document["images"], document["textures"] = images, textures
    for number, picture in enumerate(scene.pictures):
        if picture is None:
            _undress(document, number)
    if any(image["mimeType"] == "image/webp" for image in images):
        document["extensionsUsed"] = document["extensionsRequired"] = ["EXT_texture_webp"]


def _texture(number: int, kind: str) -> dict[str, Any]:
    if kind == "image/webp":
        return {"sampler": 0, "extensions": {"EXT_texture_webp": {"source": number}}}
    return {"sampler": 0, "source": number}
