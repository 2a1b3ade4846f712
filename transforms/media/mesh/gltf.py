"""glTF files: container, JSON and buffers, checked against each other before anything is read.

Loaders differ in what they make of a GLB whose chunks or views reach beyond its end (trimesh
returns an empty scene), so the rules of the specification (Khronos glTF 2.0, sections 3.6, 4.4)
are checked here: chunk lengths, buffer lengths, views within buffers, accessors within views.
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal
from urllib.parse import unquote_to_bytes

import numpy as np

from transforms.media.mesh.bundle import Files
from transforms.media.mesh.errors import damaged, refuse, within
from transforms.media.mesh.references import MAX_JSON_MARKS, json_marks
from transforms.media.mesh.scene import Array
from transforms.media.settings import MeshPolicy

JSON_CHUNK: Final = 0x4E4F534A
BIN_CHUNK: Final = 0x004E4942

_DTYPES: Final = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_COMPONENTS: Final = {
    "SCALAR": 1,
    "VEC2": 2,
    "VEC3": 3,
    "VEC4": 4,
    "MAT2": 4,
    "MAT3": 9,
    "MAT4": 16,
}
#: Extensions that may be required: they add to the looks, or are understood here.
_APPEARANCE: Final = (
    "KHR_materials_",
    "KHR_lights_",
    "KHR_texture_transform",
    "KHR_mesh_quantization",
    "KHR_xmp",
    "KHR_animation_pointer",
    "KHR_node_visibility",
    "EXT_texture_webp",
    "EXT_lights_",
    "EXT_materials_",
    "ADOBE_materials_",
)
_COMPRESSION: Final = ("KHR_draco_mesh_compression", "EXT_meshopt_compression", "KHR_meshopt_")


def mapping(value: Any, what: str) -> dict[str, Any]:
    """A JSON object, or `mesh_undecodable`."""
    if not isinstance(value, dict):
        damaged(f"{what} is not an object")
    return value


def whole(value: Any, what: str, low: int = 0) -> int:
    """A JSON integer not below `low` (``3.0`` is one too), or `mesh_undecodable`."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < low:
        damaged(f"{what} is {str(value)[:40]}, not a number from {low}")
    return value


def numbers(value: Any, length: int, what: str) -> list[float]:
    """A JSON list of finite numbers of a fixed length, or `mesh_undecodable`."""
    if not isinstance(value, list) or len(value) != length:
        damaged(f"{what} is not a list of {length} numbers")
    if not all(isinstance(x, int | float) and not isinstance(x, bool) for x in value):
        damaged(f"{what} is not a list of {length} numbers")
    found = [float(x) for x in value]
    if not all(np.isfinite(found)):
        damaged(f"{what} is not finite")
    return found


@dataclass(frozen=True)
class Picture:
    """Where an image of glTF comes from; `data` is None if it was not handed over."""

    data: bytes | None
    place: Literal["view", "data", "file"]
    reference: str = ""


@dataclass
class Document:
    """A glTF file with all that it refers to."""

    json: dict[str, Any]
    buffers: list[bytes]
    files: Files
    policy: MeshPolicy
    #: Why the container itself is no normal form: ``external buffer``, ``trailing bytes`` ...
    unusual: set[str] = field(default_factory=set)

    def items(self, name: str) -> list[dict[str, Any]]:
        """A top-level array of objects; none if it is not there."""
        value = self.json.get(name, [])
        if not isinstance(value, list):
            damaged(f"{name} is not a list")
        return [mapping(item, f"an item of {name}") for item in value]

    @cached_property
    def views(self) -> list[dict[str, Any]]:
        """The buffer views."""
        return self.items("bufferViews")

    @cached_property
    def accessors(self) -> list[dict[str, Any]]:
        """The accessors."""
        return self.items("accessors")

    def item(self, name: str, index: Any, what: str) -> dict[str, Any]:
        """One item of an array by its index."""
        items = self.items(name)
        number = whole(index, what)
        if number >= len(items):
            damaged(f"{what} {number} of {len(items)} {name}")
        return items[number]

    def view(self, index: Any) -> memoryview:
        """The bytes of a buffer view, without those of the buffer around it."""
        number = whole(index, "a bufferView")
        if number >= len(self.views):
            damaged(f"bufferView {number} of {len(self.views)}")
        view = self.views[number]
        if any(name.startswith(_COMPRESSION) for name in view.get("extensions") or ()):
            refuse("compressed", "buffer views are compressed (meshopt), which isn't read")
        source = whole(view.get("buffer"), "the buffer of a view")
        if source >= len(self.buffers):
            damaged(f"bufferView {number} is in buffer {source} of {len(self.buffers)}")
        start = whole(view.get("byteOffset", 0), "byteOffset")
        length = whole(view.get("byteLength"), "byteLength of a bufferView", 1)
        if start + length > len(self.buffers[source]):
            size = len(self.buffers[source])
            damaged(f"bufferView {number} ends at {start + length:,}, its buffer at {size:,}")
        return memoryview(self.buffers[source])[start : start + length]

    def accessor(self, index: Any) -> Array:
        """Elements as stored, (count, components); normalised integers are made float32."""
        number = whole(index, "an accessor")
        if number >= len(self.accessors):
            damaged(f"accessor {number} of {len(self.accessors)}")
        accessor = self.accessors[number]
        count, dtype, width = self._shape(accessor, number)
        if "bufferView" in accessor:
            values = self._strided(accessor, number, (count, width), dtype)
        else:
            values = np.zeros((count, width), dtype)
        if "sparse" in accessor:
            values = self._sparse(mapping(accessor["sparse"], "sparse"), values)
        if accessor.get("normalized") is True and dtype.kind in "iu":
            scale = np.float32(np.iinfo(dtype).max)
            return np.maximum(values.astype(np.float32) / scale, np.float32(-1))
        return values

    def _shape(self, accessor: dict[str, Any], number: int) -> tuple[int, np.dtype[Any], int]:
        name = accessor.get("componentType")
        width = accessor.get("type")
        if name not in _DTYPES or width not in _COMPONENTS:
            damaged(f"accessor {number} is of type {str(width)[:40]} of {str(name)[:40]}")
        count = whole(accessor.get("count"), f"count of accessor {number}", 1)
        limit = max(self.policy.max_vertices, 3 * self.policy.max_faces)
        within(count, limit, f"elements of accessor {number}")
        return count, np.dtype(_DTYPES[name]), _COMPONENTS[width]

    def _strided(
        self, accessor: dict[str, Any], number: int, shape: tuple[int, int], dtype: np.dtype[Any]
    ) -> Array:
        source = self.view(accessor["bufferView"])
        offset = whole(accessor.get("byteOffset", 0), "byteOffset")
        size = dtype.itemsize * shape[1]
        stride = whole(self.views[accessor["bufferView"]].get("byteStride", size), "byteStride", 1)
        end = offset + stride * (shape[0] - 1) + size
        if end > len(source) or stride < size:
            damaged(f"accessor {number} ends at {end:,}, its view at {len(source):,}")
        strides = (stride, dtype.itemsize)
        return np.ndarray(shape, dtype, source, offset, strides)

    def _sparse(self, sparse: dict[str, Any], values: Array) -> Array:
        count = whole(sparse.get("count"), "count of sparse values", 1)
        within(count, len(values), "sparse values")
        places = mapping(sparse.get("indices"), "indices of sparse values")
        kind = places.get("componentType")
        if kind not in (5121, 5123, 5125):
            damaged("sparse indices are of no integer type")
        index = self._packed(places, (count,), np.dtype(_DTYPES[kind])).astype(np.int64)
        if int(index.max()) >= len(values):
            damaged("sparse indices are out of range")
        content = mapping(sparse.get("values"), "sparse values")
        changed = values.copy()
        changed[index] = self._packed(content, (count, values.shape[1]), values.dtype)
        return changed

    def _packed(self, place: dict[str, Any], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        source = self.view(place.get("bufferView"))
        offset = whole(place.get("byteOffset", 0), "byteOffset")
        if offset + int(np.prod(shape)) * dtype.itemsize > len(source):
            damaged("sparse values end behind their view")
        return np.ndarray(shape, dtype, source, offset)

    @cached_property
    def pictures(self) -> list[Picture]:
        """The images: from views, data URIs, or companions."""
        return [self._picture(image) for image in self.items("images")]

    def _picture(self, image: dict[str, Any]) -> Picture:
        if "uri" not in image:
            return Picture(bytes(self.view(image.get("bufferView"))), "view")
        reference = _text(image["uri"], "the uri of an image")
        if reference.startswith("data:"):
            return Picture(_data_uri(reference, self.policy), "data")
        return Picture(self.files.find(reference, quoted=True), "file", reference[:200])


def read_document(data: bytes, kind: str, files: Files, policy: MeshPolicy) -> Document:
    """Parse a ``glb`` or ``gltf``; every view, accessor and image is then known to be there.

    Raises:
        MediaError: see `mesh.errors`.
    """
    binary: bytes | None = None
    unusual: set[str] = set()
    text = data
    if kind == "glb":
        text, binary, trailing = split_glb(data)
        unusual |= {"trailing bytes"} if trailing else set()
    document = Document(_parsed(text), [], files, policy, unusual)
    _check_asset(document.json)
    _check_extensions(document)
    _load_buffers(document, binary)
    for number in range(len(document.views)):
        document.view(number)
    limit = max(policy.max_vertices, 3 * policy.max_faces)
    bare = [accessor for accessor in document.accessors if "bufferView" not in accessor]
    within(sum(whole(accessor.get("count"), "count") for accessor in bare), limit, "elements")
    for number in range(len(document.accessors)):
        document.accessor(number)
    within(len(document.items("images")), 10_000, "images")
    return document


def split_glb(data: bytes) -> tuple[bytes, bytes | None, bool]:
    """The JSON chunk, the binary chunk, and whether bytes follow the declared end.

    Raises:
        MediaError: `mesh_undecodable`, `mesh_format` for glTF 1.
    """
    if len(data) < 20:
        damaged(f"cut short: {len(data)} bytes are no GLB")
    _, version, length = struct.unpack_from("<4sII", data)
    if version != 2:
        refuse("format", f"GLB of version {version}, only version 2 is read")
    if length > len(data):
        damaged(f"cut short: the header says {length:,} bytes, there are {len(data):,}")
    chunks: list[tuple[int, bytes]] = []
    place = 12
    while place < length:
        if place + 8 > length:
            damaged("the header of a chunk is cut short")
        size, kind = struct.unpack_from("<II", data, place)
        if place + 8 + size > length:
            damaged(f"a chunk of {size:,} bytes at {place:,} ends behind the file")
        chunks.append((kind, data[place + 8 : place + 8 + size]))
        place += 8 + size
        if len(chunks) > 100:
            damaged("more than 100 chunks")
    if not chunks or chunks[0][0] != JSON_CHUNK:
        damaged("the first chunk is not JSON")
    binary = chunks[1][1] if len(chunks) > 1 and chunks[1][0] == BIN_CHUNK else None
    return chunks[0][1], binary, length < len(data)


def _parsed(text: bytes) -> dict[str, Any]:
    within(json_marks(text), MAX_JSON_MARKS, "values in the JSON")

    def constant(name: str) -> None:
        damaged(f"{name} in the JSON")

    try:
        value = json.loads(text.decode("utf-8-sig").rstrip("\0"), parse_constant=constant)
    except (ValueError, UnicodeDecodeError) as error:
        damaged(f"the JSON is damaged: {error}")
    return mapping(value, "the JSON")


def _check_asset(document: dict[str, Any]) -> None:
    version = mapping(document.get("asset"), "asset").get("version")
    if not str(version).startswith("2."):
        refuse("format", f"glTF of version {str(version)[:40]}, only version 2 is read")


def _check_extensions(document: Document) -> None:
    required = document.json.get("extensionsRequired", [])
    if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
        damaged("extensionsRequired is not a list of names")
    for name in required:
        if name.startswith(_COMPRESSION):
            refuse("compressed", f"it needs {name[:80]}, which isn't read: decompress it first")
        if name == "KHR_texture_basisu":
            refuse("texture", "its textures are KTX2 (KHR_texture_basisu), which isn't read")
        if not name.startswith(_APPEARANCE):
            refuse("extension", f"it needs {name[:80]}, which isn't read")


def _load_buffers(document: Document, binary: bytes | None) -> None:
    total = 0
    for number, buffer in enumerate(document.items("buffers")):
        length = whole(buffer.get("byteLength"), "byteLength of a buffer", 1)
        total += length
        within(total, document.policy.max_bytes, "bytes of buffers")
        data = _buffer(document, number, buffer, binary)
        if len(data) < length:
            damaged(f"buffer {number} has {len(data):,} of its {length:,} bytes")
        document.buffers.append(data[:length])


def _buffer(document: Document, number: int, buffer: dict[str, Any], binary: bytes | None) -> bytes:
    if "uri" not in buffer:
        if number == 0 and binary is not None:
            return binary
        if any(name.startswith(_COMPRESSION) for name in buffer.get("extensions") or ()):
            refuse("compressed", "its buffers are compressed (meshopt), which isn't read")
        damaged(f"buffer {number} is nowhere")
    reference = _text(buffer["uri"], "the uri of a buffer")
    if reference.startswith("data:"):
        document.unusual.add("embedded text")
        return _data_uri(reference, document.policy)
    document.unusual.add("external buffer")
    found = document.files.find(reference, quoted=True)
    if found is None:
        refuse("file_missing", f"buffer {reference[:200]!r} was not handed over")
    return found


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        damaged(f"{what} is not text")
    return value


def _data_uri(reference: str, policy: MeshPolicy) -> bytes:
    """The bytes of a ``data:`` URI (RFC 2397), bounded by the policy's bytes."""
    head, comma, body = reference.partition(",")
    if not comma:
        damaged("a data URI without data")
    within(len(body) * 3 // 4, policy.max_bytes, "bytes in a data URI")
    if not head.lower().endswith(";base64"):
        return unquote_to_bytes(body)
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        damaged(f"a data URI is damaged: {error}")
