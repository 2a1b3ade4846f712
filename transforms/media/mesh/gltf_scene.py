"""From a checked glTF document to what is drawn of it, at rest.

Nodes, morph targets and skins stand as the file leaves them: default weights, joints where their
nodes are. Animations are not played.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from transforms.media.mesh.errors import damaged, refuse, within
from transforms.media.mesh.gltf import Document, mapping, numbers, whole
from transforms.media.mesh.gltf_material import read_materials, spare_pictures
from transforms.media.mesh.gltf_references import check_references
from transforms.media.mesh.scene import Array, Part, Placement, Scene, transformed, turned

_MAX_PLACEMENTS: Final = 200_000
_MAX_MORPHS: Final = 2_000


def read_scene(document: Document) -> Scene:
    """All that the default scene draws.

    Raises:
        MediaError: see `mesh.errors`.
    """
    return _Reader(document).scene()


class _Reader:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.nodes = document.items("nodes")
        self.meshes = document.items("meshes")
        self.world: dict[int, Array] = {}
        self.parts: list[Part] = []
        self.known: dict[tuple[int, ...], list[int]] = {}

    def scene(self) -> Scene:
        """Read what stands in the scene; meshes that don't are checked all the same."""
        for number in range(len(self.meshes)):
            self._check(number)
        placements: list[Placement] = []
        for number in self._reached():
            node = self.nodes[number]
            if "mesh" not in node:
                continue
            skinned = "skin" in node
            matrix = np.eye(4) if skinned else self.world[number]
            for part in self._mesh(number, node, skinned):
                placements.append(Placement(part, matrix, number))
                within(len(placements), _MAX_PLACEMENTS, "parts placed in the scene")
        materials = read_materials(self.document)
        check_references(self.document)
        spare = spare_pictures(self.document)
        pictures = [
            None if number in spare else picture.data
            for number, picture in enumerate(self.document.pictures)
        ]
        return Scene(self.parts, placements, materials, pictures)

    def _reached(self) -> list[int]:
        """Nodes of the default scene in drawing order; fills `world`. Cycles are refused."""
        stack = [(root, np.eye(4)) for root in reversed(self._roots())]
        order: list[int] = []
        while stack:
            number, above = stack.pop()
            if number >= len(self.nodes):
                damaged(f"node {number} of {len(self.nodes)}")
            if number in self.world:
                damaged(f"node {number} stands in the scene twice")
            node = self.nodes[number]
            self.world[number] = _product(above, _local(node))
            order.append(number)
            children = _indices(node.get("children", []), "a child")
            stack += [(child, self.world[number]) for child in reversed(children)]
        for number in order:
            if not np.isfinite(self.world[number]).all():
                damaged(f"the place of node {number} is not finite")
        return order

    def _roots(self) -> list[int]:
        scenes = self.document.items("scenes")
        if scenes:
            scene = self.document.item("scenes", self.document.json.get("scene", 0), "scene")
            return _indices(scene.get("nodes", []), "a node")
        children = {
            child for node in self.nodes for child in _indices(node.get("children", []), "a child")
        }
        return [number for number in range(len(self.nodes)) if number not in children]

    def _mesh(self, number: int, node: dict[str, Any], skinned: bool) -> list[int]:
        index = whole(node["mesh"], "a mesh")
        if index >= len(self.meshes):
            damaged(f"mesh {index} of {len(self.meshes)}")
        mesh = self.meshes[index]
        weights = node.get("weights", mesh.get("weights", []))
        own = skinned or "weights" in node
        key = (index, number) if own else (index,)
        if key not in self.known:
            primitives = mesh.get("primitives")
            if not isinstance(primitives, list):
                damaged(f"mesh {index} has no primitives")
            self.known[key] = []
            for primitive in primitives:
                part = self._primitive(mapping(primitive, "a primitive"), weights)
                if part is None:
                    continue
                if skinned:
                    self._pose(part, mapping(primitive, "a primitive"), node["skin"])
                part.name = str(mesh.get("name", ""))
                self.known[key].append(len(self.parts))
                self.parts.append(part)
                total = sum(len(part.positions) for part in self.parts)
                within(total, self.document.policy.max_vertices, "vertices")
        return self.known[key]

    def _check(self, number: int) -> None:
        """Refuse primitives whose attributes, or what morphs them, are of different lengths."""
        primitives = self.meshes[number].get("primitives")
        if not isinstance(primitives, list):
            damaged(f"mesh {number} has no primitives")
        for primitive in primitives:
            attributes = mapping(mapping(primitive, "a primitive").get("attributes", {}), "it")
            targets = primitive.get("targets", [])
            if not isinstance(targets, list):
                damaged("morph targets are no list")
            counts = {
                self.document.item("accessors", index, "accessor").get("count")
                for one in (attributes, *targets)
                for index in mapping(one, "a morph target").values()
            }
            if len(counts) > 1:
                damaged(f"attributes of {sorted(map(str, counts))} vertices in one primitive")

    def _primitive(self, primitive: dict[str, Any], weights: Any) -> Part | None:
        if "KHR_draco_mesh_compression" in (primitive.get("extensions") or {}):
            self._refuse_bare(primitive)
        attributes = mapping(primitive.get("attributes", {}), "attributes")
        if "POSITION" not in attributes:
            return None  # the specification lets clients skip these
        positions = self._morphed("POSITION", primitive, attributes, weights)
        if positions.shape[1] != 3:
            damaged("positions are not in three dimensions")
        count = len(positions)
        part = Part(positions, _elements(self.document, primitive, count))
        mode = whole(primitive.get("mode", 4), "mode")
        part.kind = "points" if mode == 0 else "lines" if mode < 4 else "faces"
        if "NORMAL" in attributes:
            part.normals = self._morphed("NORMAL", primitive, attributes, weights)
        for channel in range(8):
            if f"TEXCOORD_{channel}" in attributes:
                uvs = self._attribute(attributes[f"TEXCOORD_{channel}"], count)
                part.uvs[channel] = uvs.astype(np.float32)
        if "COLOR_0" in attributes:
            part.colours = _with_alpha(self._attribute(attributes["COLOR_0"], count))
        for name in attributes:
            self._attribute(attributes[name], count)
        if "material" in primitive:
            self.document.item("materials", primitive["material"], "material")
            part.material = whole(primitive["material"], "material")
        return part

    def _attribute(self, index: Any, count: int) -> Array:
        values = self.document.accessor(index)
        if len(values) != count:
            damaged(f"attributes of {len(values):,} and of {count:,} vertices in one primitive")
        return values

    def _morphed(
        self, name: str, primitive: dict[str, Any], attributes: dict[str, Any], weights: Any
    ) -> Array:
        values = self.document.accessor(attributes[name])
        if values.dtype == np.float32 and not np.isfinite(values).all() and name == "POSITION":
            refuse("not_finite", "vertices are NaN or infinite")
        base = values.astype(np.float32)
        targets = primitive.get("targets", [])
        if not isinstance(targets, list) or not isinstance(weights, list):
            damaged("morph targets are no list")
        within(len(targets), _MAX_MORPHS, "morph targets")
        for target, weight in zip(targets, weights, strict=False):
            (amount,) = numbers([weight], 1, "a morph weight")
            moved = mapping(target, "a morph target")
            if amount and name in moved:
                shift = self._attribute(moved[name], len(base)).astype(np.float32)
                base = base + np.float32(amount) * shift
        return base

    def _refuse_bare(self, primitive: dict[str, Any]) -> None:
        """Draco may come with a readable copy; without one the accessors have no view."""
        attributes = mapping(primitive.get("attributes", {}), "attributes")
        for index in attributes.values():
            accessor = self.document.item("accessors", index, "accessor")
            if "bufferView" not in accessor and "sparse" not in accessor:
                refuse("compressed", "its meshes are compressed (Draco), which isn't read")

    def _pose(self, part: Part, primitive: dict[str, Any], skin: Any) -> None:
        """Move the vertices of a part to where its joints hold them (specification 3.7.3)."""
        joints = self._joints(self.document.item("skins", skin, "skin"))
        attributes = mapping(primitive.get("attributes", {}), "attributes")
        if "JOINTS_0" not in attributes or "WEIGHTS_0" not in attributes:
            return
        count = len(part.positions)
        owners = self._attribute(attributes["JOINTS_0"], count).astype(np.int64)
        weights = self._attribute(attributes["WEIGHTS_0"], count).astype(np.float64)
        if owners.shape != weights.shape or int(owners.max()) >= len(joints):
            damaged("a vertex hangs on a joint that is not there")
        posed = np.zeros((count, 3))
        normals = np.zeros((count, 3))
        for joint, matrix in enumerate(joints):
            share = np.where(owners == joint, weights, 0.0).sum(axis=1)
            held = np.flatnonzero(share)
            if len(held) == 0:
                continue
            amount = share[held, None]
            posed[held] += amount * transformed(part.positions[held], matrix)
            if part.normals is not None:
                normals[held] += amount * turned(part.normals[held], matrix)
        total = weights.sum(axis=1, keepdims=True)
        bound = total[:, 0] > 0
        posed[bound] /= total[bound]
        posed[~bound] = part.positions[~bound]
        part.positions = posed.astype(np.float32)
        if part.normals is not None:
            part.normals = normals.astype(np.float32)

    def _joints(self, skin: dict[str, Any]) -> list[Array]:
        joints = _indices(skin.get("joints"), "a joint")
        if not joints or len(joints) > 2_000:
            damaged(f"a skin of {len(joints)} joints")
        inverse = np.tile(np.eye(4).reshape(1, 16), (len(joints), 1))
        if "inverseBindMatrices" in skin:
            stored = self.document.accessor(skin["inverseBindMatrices"])
            if len(stored) < len(joints) or stored.shape[1] != 16:
                damaged("a skin lacks inverse bind matrices")
            inverse = stored[: len(joints)].astype(np.float64)
        lost = [joint for joint in joints if joint not in self.world]
        if lost:
            damaged(f"joint {lost[0]} does not stand in the scene")
        return [
            _product(self.world[joint], inverse[place].reshape(4, 4).T)
            for place, joint in enumerate(joints)
        ]


def _elements(document: Document, primitive: dict[str, Any], count: int) -> Array:
    """Corners of faces, points or ends of lines, with strips and fans taken apart."""
    if "indices" in primitive:
        stored = document.accessor(primitive["indices"])
        if stored.shape[1] != 1 or stored.dtype.kind != "u":
            damaged("indices are not unsigned integers")
        index = stored[:, 0].astype(np.uint32)
        if int(index.max()) >= count:
            damaged(f"an index is {int(index.max()):,}, there are {count:,} vertices")
    else:
        index = np.arange(count, dtype=np.uint32)
    mode = whole(primitive.get("mode", 4), "mode")
    if mode > 6:
        damaged(f"a primitive of mode {mode}")
    size = len(index)
    if mode == 0:
        return index
    if mode == 1:
        return index[: size - size % 2].reshape(-1, 2)
    if mode in (2, 3):
        closed = np.append(index, index[:1]) if mode == 2 else index
        return np.stack([closed[:-1], closed[1:]], axis=1)
    if mode == 4:
        return index[: size - size % 3].reshape(-1, 3)
    if size < 3:
        return np.zeros((0, 3), np.uint32)
    if mode == 5:
        faces = np.stack([index[:-2], index[1:-1], index[2:]], axis=1)
        faces[1::2] = faces[1::2, ::-1]
        return faces
    first = np.broadcast_to(index[:1], (size - 2,))
    return np.stack([first, index[1:-1], index[2:]], axis=1)


def _with_alpha(colours: Array) -> Array:
    values = colours.astype(np.float32)
    if values.shape[1] == 3:
        values = np.concatenate([values, np.ones((len(values), 1), np.float32)], axis=1)
    if values.shape[1] != 4:
        damaged("vertex colours have neither three nor four components")
    return np.clip(np.nan_to_num(values, nan=1.0), 0, 1)


def _indices(value: Any, what: str) -> list[int]:
    if not isinstance(value, list):
        damaged(f"{what} is in no list")
    return [whole(index, what) for index in value]


def _local(node: dict[str, Any]) -> Array:
    """The matrix of a node: given as such, or as translation, rotation (a quaternion), scale."""
    if "matrix" in node:
        return np.array(numbers(node["matrix"], 16, "a matrix")).reshape(4, 4).T
    shift = numbers(node.get("translation", [0, 0, 0]), 3, "a translation")
    x, y, z, w = numbers(node.get("rotation", [0, 0, 0, 1]), 4, "a rotation")
    scale = numbers(node.get("scale", [1, 1, 1]), 3, "a scale")
    matrix = np.eye(4)
    matrix[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    matrix[:3, :3] *= scale
    matrix[:3, 3] = shift
    return matrix


def _product(a: Array, b: Array) -> Array:
    """A matrix product whose bytes don't depend on the processor (see `transformed`)."""
    return np.asarray((a[:, :, None] * b[None, :, :]).sum(axis=1))
