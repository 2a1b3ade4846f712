"""glTF: containers and JSON that contradict themselves, and what stands where in a scene."""

from __future__ import annotations

import base64
import copy
import io
import json
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import trimesh
from PIL import Image

from tests.transforms.media import mesh_models as made
from transforms.media import mesh
from transforms.media.errors import MediaError
from transforms.media.mesh.scene import transformed
from transforms.media.mesh.shape import bounds
from transforms.media.settings import MeshPolicy

POLICY = MeshPolicy()
CUBE = made.cube()


def refusal(data: bytes, policy: MeshPolicy = POLICY, **more: Any) -> str:
    with pytest.raises(MediaError) as error:
        mesh.validate(data, policy, **more)
    return f"{error.value.reason}: {error.value.message}"


def put(value: bytes, offset: int, data: bytes = CUBE) -> bytes:
    return data[:offset] + value + data[offset + len(value) :]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (CUBE[:12], "cut short: 12 bytes"),
        (CUBE[:-1], "cut short: the header says"),
        (put(struct.pack("<I", len(CUBE) + 4), 8), "cut short"),
        (put(struct.pack("<I", 10**9), 12), "a chunk of 1,000,000,000 bytes at 12"),
        (put(struct.pack("<I", 1), 4), "mesh_format: GLB of version 1"),
        (put(b"BIN\0", 16), "the first chunk is not JSON"),
        (put(struct.pack("<I", 20 + 2), 8), "the header of a chunk|a chunk of"),
        (put(b"\xff", 22), "the JSON is damaged"),
        (made.glb({"asset": {"version": "1.0"}}), "mesh_format: glTF of version 1.0"),
        (made.glb({"meshes": []}), "asset is not an object"),
    ],
)
def test_containers_that_contradict_themselves(data: bytes, says: str) -> None:
    with pytest.raises(MediaError, match=says.removeprefix("mesh_format: ")):
        mesh.validate(data, POLICY)
    assert refusal(data).startswith("mesh_format" if "mesh_format" in says else "mesh_undecodable")


def at(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """An edit: set what a path of keys and numbers leads to."""

    def edit(document: dict[str, Any]) -> None:
        *above, last = [int(key) if key.isdigit() else key for key in path.split("/")]
        place: Any = document
        for key in above:
            place = place[key]
        place[last] = value

    return edit


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("accessors/0/count", 9, "undecodable: attributes|undecodable: accessor 0 ends"),
        ("accessors/0/count", 0, "undecodable: count of accessor 0"),
        ("accessors/0/count", 10**12, "too_large"),
        ("accessors/0/byteOffset", 4, "undecodable: accessor 0 ends at 100, its view at 96"),
        ("accessors/0/byteOffset", -4, "undecodable: byteOffset is -4"),
        ("accessors/0/bufferView", 7, "undecodable: bufferView 7 of 2"),
        ("accessors/0/bufferView", None, "undecodable: a bufferView is None"),
        ("accessors/0/type", "VEC9", "undecodable: accessor 0 is of type VEC9"),
        ("accessors/0/type", "VEC2", "undecodable: positions are not in three"),
        ("accessors/0/componentType", 5124, "undecodable: accessor 0 is of type"),
        ("accessors/1/componentType", 5126, "undecodable: accessor 1 ends"),
        ("bufferViews/0/byteLength", 10**6, "undecodable: bufferView 0 ends at 1,000,000"),
        ("bufferViews/0/buffer", 3, "undecodable: bufferView 0 is in buffer 3 of 1"),
        ("bufferViews/0/byteStride", 4, "undecodable: accessor 0 ends"),
        ("bufferViews/0/byteStride", 10**9, "undecodable: accessor 0 ends"),
        ("buffers/0/byteLength", 10**6, "undecodable: buffer 0 has 168"),
        ("buffers/0/byteLength", 10**10, "too_large"),
        ("buffers/0/uri", "data:;base64,!!!!", "undecodable: a data URI is damaged"),
        ("buffers/0/uri", "data:", "undecodable: a data URI without data"),
        ("buffers/0/uri", "m.bin", "file_missing: buffer 'm.bin'"),
        ("buffers/0/uri", "../m.bin", "external_reference"),
        ("buffers/0/uri", "%2e%2e/m.bin", "external_reference"),
        ("buffers/0/uri", "/etc/passwd", "external_reference"),
        ("buffers/0/uri", "file:///etc/passwd", "external_reference"),
        ("buffers/0/uri", "https://example.org/m.bin", "external_reference"),
        ("buffers/0/uri", "C:\\m.bin", "external_reference"),
        ("meshes/0/primitives/0/attributes/POSITION", 5, "undecodable: accessor 5 of 2"),
        ("meshes/0/primitives/0/indices", 0, "undecodable: indices are not"),
        ("meshes/0/primitives/0/mode", 7, "undecodable: a primitive of mode 7"),
        ("meshes/0/primitives/0/material", 0, "undecodable: material 0 of 0"),
        ("meshes/0/primitives", {}, "undecodable: mesh 0 has no primitives"),
        ("meshes", "cube", "undecodable: meshes is not a list"),
        ("nodes/0/mesh", 1, "undecodable: mesh 1 of 1"),
        ("nodes/0/mesh", True, "undecodable: a mesh is True"),
        ("nodes/0/children", [0], "undecodable: node 0 stands in the scene twice"),
        ("nodes/0/matrix", [1] * 15, "undecodable: a matrix is not a list of 16"),
        ("nodes/0/scale", [1, 1, 1e999], "undecodable: .*"),
        ("nodes/0/rotation", [0, 0, "1", 0], "undecodable: a rotation"),
        ("scenes/0/nodes", [4], "undecodable: node 4 of 1"),
        ("scenes/0/nodes", [], "empty"),
        ("scene", 2, "undecodable: scene 2 of 1"),
        ("extensionsRequired", ["KHR_draco_mesh_compression"], "compressed"),
        ("extensionsRequired", ["EXT_meshopt_compression"], "compressed"),
        ("extensionsRequired", ["KHR_texture_basisu"], "texture: .*KTX2"),
        ("extensionsRequired", ["MSFT_lod"], "extension: it needs MSFT_lod"),
        ("extensionsRequired", "all", "undecodable"),
    ],
)
def test_json_that_contradicts_the_buffers(path: str, value: Any, says: str) -> None:
    document, binary = made.gltf()
    document = copy.deepcopy(document)
    at(path, value)(document)
    found = refusal(made.glb(document, binary))
    import re

    assert re.match(f"mesh_({says})", found), found


def test_indices_beyond_the_vertices_are_refused() -> None:
    part = {"POSITION": made.CORNERS, "indices": made.CUBE + np.uint16(1)}
    assert "an index is 8" in refusal(made.glb(*made.gltf([part])))


def test_deep_and_wide_json_is_refused() -> None:
    assert refusal(b'{"asset":' + b"[" * 200_000).startswith("mesh_undecodable")
    assert refusal(b'{"asset":[' + b"0," * 5_000_001 + b"0]}").startswith("mesh_too_large")


def test_accessors_without_bytes_are_bounded_together() -> None:
    document, binary = made.gltf()
    bare = {"componentType": 5126, "type": "MAT4", "count": 1_000_000}
    document["accessors"] += [bare] * 1000
    assert refusal(made.glb(document, binary)).startswith("mesh_too_large")


def test_constants_that_are_no_json_are_refused() -> None:
    document, binary = made.gltf(extras=float("nan"))
    assert "NaN in the JSON" in refusal(made.glb(document, binary))


def placed(data: bytes) -> list[list[float]]:
    low, high = bounds(mesh.validate(data, POLICY).scene)
    return [low.round(5).tolist(), high.round(5).tolist()]


def test_nested_transforms_are_those_of_trimesh() -> None:
    half = 0.7071067811865476
    document, binary = made.gltf(
        nodes=[
            {"children": [1], "translation": [1, 2, 3], "scale": [2, 1, 1]},
            {"mesh": 0, "children": [2], "rotation": [0, half, 0, half]},
            {"mesh": 0, "matrix": [1, 0, 0, 0, 0, 0, 3, 0, 0, -1, 0, 0, 0, 5, 0, 1]},
        ]
    )
    data = made.glb(document, binary)
    theirs = trimesh.load_scene(io.BytesIO(data), file_type="glb")
    assert placed(data) == theirs.bounds.round(5).tolist()


def test_strips_and_fans_are_taken_apart_with_their_sides_kept() -> None:
    flat = made.SQUARE["POSITION"]
    for mode, order in ((5, [0, 1, 3, 2]), (6, [0, 1, 2, 3])):
        part = {"POSITION": flat[order], "mode": mode}
        (found,) = mesh.validate(made.glb(*made.gltf([part])), POLICY).scene.parts
        a, b, c = (found.positions[found.indices[:, k]] for k in range(3))
        assert np.cross(b - a, c - a).tolist() == [[0, 0, 4], [0, 0, 4]]


def test_sparse_accessors_change_some_values() -> None:
    document, binary = made.gltf()
    start = len(binary)
    binary += struct.pack("<2H", 0, 7) + struct.pack("<6f", -9, 0, 0, 9, 0, 0)
    document["bufferViews"] += [
        {"buffer": 0, "byteOffset": start, "byteLength": 4},
        {"buffer": 0, "byteOffset": start + 4, "byteLength": 24},
    ]
    document["buffers"][0]["byteLength"] = len(binary)
    sparse = {"count": 2, "indices": {"bufferView": 2, "componentType": 5123}}
    document["accessors"][0]["sparse"] = {**sparse, "values": {"bufferView": 3}}
    assert placed(made.glb(document, binary)) == [[-9, -1, -1], [9, 1, 1]]
    document["accessors"][0]["sparse"]["count"] = 3
    assert "sparse" in refusal(made.glb(document, binary))


def test_morph_targets_stand_at_their_default_weights() -> None:
    document, binary = made.gltf()
    document["accessors"].append({**document["accessors"][0]})
    document["meshes"][0]["primitives"][0]["targets"] = [{"POSITION": 2}]
    document["meshes"][0]["weights"] = [0.5]
    assert placed(made.glb(document, binary)) == [[-1.5] * 3, [1.5] * 3]
    document["nodes"][0]["weights"] = [0]
    assert placed(made.glb(document, binary)) == [[-1] * 3, [1] * 3]


def skinned() -> tuple[dict[str, Any], bytes]:
    """A cube on two joints: the upper half is held by one that stands higher."""
    joints = np.zeros((8, 4), np.uint8)
    joints[made.CORNERS[:, 1] > 0, 0] = 1
    weights = np.tile(np.array([[1, 0, 0, 0]], np.float32), (8, 1))
    part = {"POSITION": made.CORNERS, "WEIGHTS_0": weights, "indices": made.CUBE}
    inverse = np.tile(np.eye(4, dtype=np.float32).reshape(1, 16), (2, 1))
    document, binary = made.gltf(
        [part],
        scenes=[{"nodes": [0, 1]}],
        nodes=[
            {"mesh": 0, "skin": 0, "translation": [100, 0, 0]},
            {"children": [2], "translation": [0, 1, 0]},
            {"translation": [0, 3, 0]},
        ],
        skins=[{"joints": [1, 2]}],
    )
    start = len(binary)
    binary += joints.tobytes() + inverse.tobytes()
    document["bufferViews"] += [
        {"buffer": 0, "byteOffset": start, "byteLength": 32},
        {"buffer": 0, "byteOffset": start + 32, "byteLength": 128},
    ]
    document["accessors"] += [
        {"bufferView": 3, "componentType": 5121, "type": "VEC4", "count": 8},
        {"bufferView": 4, "componentType": 5126, "type": "MAT4", "count": 2},
    ]
    document["meshes"][0]["primitives"][0]["attributes"]["JOINTS_0"] = 3
    document["skins"][0]["inverseBindMatrices"] = 4
    document["buffers"][0]["byteLength"] = len(binary)
    return document, binary


def test_skins_stand_where_their_joints_are() -> None:
    document, binary = skinned()
    assert placed(made.glb(document, binary)) == [[-1, 0, -1], [1, 5, 1]]
    document["skins"][0]["joints"] = [1]
    assert "joint that is not there" in refusal(made.glb(document, binary))


def test_quantised_positions_and_colours() -> None:
    part = {
        "POSITION": (made.CORNERS * 100).astype(np.int8)[:, [0, 1, 2]],
        "COLOR_0": np.tile(np.array([[255, 0, 51, 255]], np.uint8), (8, 1)),
        "indices": made.CUBE,
    }
    document, binary = made.gltf([part], extensionsRequired=["KHR_mesh_quantization"])
    scene = mesh.validate(made.glb(document, binary), POLICY).scene
    assert scene.parts[0].positions.max() == 100
    assert scene.parts[0].colours is not None
    assert scene.parts[0].colours[0].round(4).tolist() == pytest.approx([1, 0, 0.2, 1])


def test_draco_with_a_readable_copy_is_read() -> None:
    document, binary = made.gltf()
    draco = {"KHR_draco_mesh_compression": {"bufferView": 0, "attributes": {"POSITION": 0}}}
    document["meshes"][0]["primitives"][0]["extensions"] = draco
    assert mesh.validate(made.glb(document, binary), POLICY).scene.faces() == 12
    del document["accessors"][0]["bufferView"]
    assert refusal(made.glb(document, binary)).startswith("mesh_compressed")


@pytest.mark.parametrize(
    ("picture", "says"),
    [
        (made.png()[:-30], "mesh_texture: a texture can't be decoded"),
        (b"\xabKTX 20\xbb\r\n\x1a\n" + b"\0" * 40, "mesh_texture: a texture is KTX"),
        (b"GIF89a" + b"\0" * 20, "mesh_texture"),
        (b"<html></html>", "mesh_texture: a texture can't be decoded: no known picture but html"),
        (made.png(Image.new("1", (9000, 9000))), "mesh_too_large: a texture of 9000 x 9000"),
    ],
)
def test_textures_that_cannot_be_shown(picture: bytes, says: str) -> None:
    assert refusal(made.textured(picture)).startswith(says)


def test_ktx_beside_a_png_is_left_to_those_who_read_it() -> None:
    document, binary = made.gltf([{**made.SQUARE, "material": 0}], made.png())
    start = len(binary)
    binary += b"\xabKTX 20\xbb\r\n\x1a\n"
    document["bufferViews"].append({"buffer": 0, "byteOffset": start, "byteLength": 12})
    document["buffers"][0]["byteLength"] = len(binary)
    document["images"].append({"bufferView": len(document["bufferViews"]) - 1})
    document["materials"] = [{"emissiveTexture": {"index": 0}}]
    basis = {"KHR_texture_basisu": {"source": 1}}
    document["textures"] = [{"source": 0, "extensions": basis}]
    data = made.glb(document, binary)
    decoded = mesh.validate(data, POLICY)
    assert decoded.scene.pictures == [made.png(), None]
    assert mesh.normalise(decoded, POLICY).data is None
    flat = MeshPolicy(scene="flatten")
    for more in (b"", b"junk"):
        found = mesh.normalise(mesh.validate(data + more, flat), flat)
        assert mesh.normalise(mesh.validate(found.data or data, flat), flat).data is None
    document["textures"] = [{"extensions": basis}]
    assert refusal(made.glb(document, binary)).startswith("mesh_texture: a texture is KTX")


def test_pixels_of_all_textures_are_bounded() -> None:
    policy = MeshPolicy(max_textures_pixels=1_000)
    assert "1,024 pixels of textures" in refusal(made.textured(), policy)


def test_a_picture_of_an_unknown_kind_becomes_png_and_a_jpeg_stays() -> None:
    document, binary = made.gltf([{**made.SQUARE, "material": 0}])
    document["materials"] = [{"emissiveTexture": {"index": 0}}]
    document["textures"] = [{"source": 0}]
    square = Image.linear_gradient("L").convert("RGB")
    for kind, name, mime in (
        ("BMP", "a.bmp", "image/png"),
        ("TGA", "a.tga", "image/png"),
        ("JPEG", "a.jpg", "image/jpeg"),
        ("WEBP", "a.webp", "image/webp"),
    ):
        encoded = made.png(square, kind)
        document["images"] = [{"uri": name}]
        data = made.glb(document, binary)
        found = mesh.normalise(mesh.validate(data, POLICY, {name: encoded}), POLICY)
        assert found.data is not None
        scene = mesh.validate(found.data, POLICY).scene
        assert scene.pictures[0] is not None
        with Image.open(io.BytesIO(scene.pictures[0])) as picture:
            assert (picture.get_format_mimetype(), picture.size) == (mime, (256, 256))
        assert (encoded in found.data) == (mime != "image/png")


def test_a_picture_in_a_data_uri_moves_into_the_buffer_of_a_gltf() -> None:
    document, binary = made.gltf([{**made.SQUARE, "material": 0}])
    document["materials"] = [{"emissiveTexture": {"index": 0}}]
    document["textures"] = [{"source": 0}]
    uri = "data:image/png;base64," + base64.b64encode(made.png()).decode()
    document["images"] = [{"uri": uri}]
    found = mesh.normalise(mesh.validate(made.embedded(document, binary), POLICY), POLICY)
    assert found.data is not None
    assert made.png() in found.data
    kept = mesh.normalise(mesh.validate(made.glb(document, binary), POLICY), POLICY)
    assert kept.data is None, "inside itself is where a GLB keeps its pictures"


def test_a_scene_of_nodes_without_scenes_is_drawn_from_its_roots() -> None:
    document, binary = made.gltf(nodes=[{"children": [1], "translation": [0, 9, 0]}, {"mesh": 0}])
    del document["scenes"], document["scene"]
    assert placed(made.glb(document, binary)) == [[-1, 8, -1], [1, 10, 1]]


def test_texture_transforms_move_coordinates() -> None:
    document, binary = made.gltf([{**made.SQUARE, "material": 0}], made.png())
    moved = {"offset": [0.25, 0], "scale": [0.5, 0.5]}
    info = {"index": 0, "extensions": {"KHR_texture_transform": moved}}
    document["materials"] = [{"pbrMetallicRoughness": {"baseColorTexture": info}}]
    (material,) = mesh.validate(made.glb(document, binary), POLICY).scene.materials
    assert material.texture is not None
    assert material.texture.transform == (0.5, 0, 0.25, 0, 0.5, 0)


def test_json_text_is_read_whatever_its_byte_order_mark() -> None:
    data = b"\xef\xbb\xbf" + json.dumps(json.loads(made.embedded(*made.gltf()))).encode()
    assert mesh.validate(data, POLICY).model.kind == "gltf"


def test_points_are_moved_like_columns() -> None:
    matrix = np.array([[0, -1, 0, 5], [1, 0, 0, 6], [0, 0, 1, 7], [0, 0, 0, 1]])
    assert transformed(np.array([[1, 2, 3]]), matrix).tolist() == [[3, 7, 10]]
