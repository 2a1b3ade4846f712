"""A glTF scene made one mesh: everything where it stands, at rest, with its materials."""

from __future__ import annotations

import copy
from typing import Any, Final

import numpy as np

from transforms.media.mesh.gltf import Document
from transforms.media.mesh.pack import Writer, glb, put_pictures
from transforms.media.mesh.scene import (
    Array,
    Part,
    Scene,
    determinant,
    is_identity,
    transformed,
    turned,
)

#: What has no meaning any more once nothing moves and no node is left.
_GONE: Final = ("animations", "skins", "cameras", "scenes", "nodes", "meshes")
_GONE_EXTENSIONS: Final = ("KHR_lights_punctual", "KHR_animation_pointer", "KHR_node_visibility")


def is_flat(document: Document, scene: Scene) -> bool:
    """Whether a document is one unmoved mesh already."""
    return (
        len(document.items("nodes")) == 1
        and len(document.items("meshes")) == 1
        and not any(document.items(name) for name in ("animations", "skins"))
        and all(is_identity(placement.matrix) for placement in scene.placements)
    )


def flatten(document: Document, scene: Scene) -> bytes:
    """A GLB with one node and one mesh: a primitive for each part that stands in the scene.

    Materials, textures and pictures are those of the document; positions, normals and corners
    are written anew, so morph targets, joints and tangents (which follow from the normals and
    texture coordinates) are left out. Variants and lights go with the nodes.
    """
    told = copy.deepcopy(document.json)
    for name in _GONE:
        told.pop(name, None)
    _without_extensions(told)
    writer = Writer()
    told["accessors"] = writer.accessors
    put_pictures(document, told, writer, anew=True)
    primitives = []
    for placement in scene.placements:
        part = _placed(scene.parts[placement.part], placement.matrix)
        primitive = writer.primitive(part)
        if part.material is not None:
            primitive["material"] = part.material
        primitives.append(primitive)
    told["bufferViews"] = writer.views
    told["buffers"] = [{"byteLength": writer.size}]
    told["scene"], told["scenes"] = 0, [{"nodes": [0]}]
    told["nodes"], told["meshes"] = [{"mesh": 0}], [{"primitives": primitives}]
    return glb(told, writer.joined())


def _without_extensions(told: dict[str, Any]) -> None:
    (told.get("extensions") or {}).pop("KHR_lights_punctual", None)
    for name in ("extensionsUsed", "extensionsRequired"):
        kept = [used for used in told.get(name, []) if used not in _GONE_EXTENSIONS]
        told.pop(name, None)
        if kept:
            told[name] = kept


def _placed(part: Part, matrix: Array) -> Part:
    moved = Part(
        transformed(part.positions, matrix).astype(np.float32),
        part.indices,
        part.kind,
        uvs=part.uvs,
        colours=part.colours,
        material=part.material,
    )
    if part.normals is not None:
        normals = turned(part.normals, matrix)
        length = np.sqrt((normals * normals).sum(axis=1, keepdims=True))
        moved.normals = (normals / np.where(length > 0, length, 1)).astype(np.float32)
    if part.kind == "faces" and determinant(matrix) < 0:
        moved.indices = part.indices[:, ::-1]
    return moved
