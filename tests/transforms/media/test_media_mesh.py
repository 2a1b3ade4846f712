"""3D models through the protocol: what is kept, what becomes of the rest, what a policy changes."""

from __future__ import annotations

import io
import json
import struct
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import trimesh
from PIL import Image

from tests.transforms.media import mesh_models as made
from transforms.media import mesh
from transforms.media.errors import MediaError
from transforms.media.judge_views import JudgeView
from transforms.media.mesh.bundle import MeshBundle
from transforms.media.settings import MeshPolicy

POLICY = MeshPolicy()


def product(data: bytes, policy: MeshPolicy = POLICY, **more: Any) -> Any:
    """The product, made twice: the same bytes, which are kept when they come again."""
    first, second = (mesh.normalise(mesh.validate(data, policy, **more), policy) for _ in range(2))
    assert first == second
    if first.data is not None:
        again = mesh.normalise(mesh.validate(first.data, policy), policy)
        assert (again.data, again.changes) == (None, ())
        assert again.facts == first.facts
    return first


def opened(data: bytes) -> dict[str, Any]:
    """The JSON of a GLB."""
    (length,) = struct.unpack_from("<I", data, 12)
    document: dict[str, Any] = json.loads(data[20 : 20 + length])
    return document


def reason(data: bytes, policy: MeshPolicy = POLICY, **more: Any) -> str:
    with pytest.raises(MediaError) as error:
        mesh.validate(data, policy, **more)
    return error.value.reason


def test_a_conforming_glb_keeps_its_bytes() -> None:
    data = made.textured()
    found = product(data)
    assert (found.data, found.changes) == (None, ())
    phash = found.facts["phash"]
    facts = {"format": "glb", "bytes": len(data), "vertices": 4, "faces": 2, "phash": phash}
    assert found.facts == facts
    assert len(bytes.fromhex(phash)) == 40


CUBES = {
    "gltf": made.embedded(*made.gltf()),
    "obj": made.obj_cube(),
    "ply": made.PLY_CUBE,
    "stl": made.stl_cube(),
    "off": made.OFF_CUBE,
}


@pytest.mark.parametrize("kind", CUBES)
def test_other_formats_become_glb_with_the_same_shape(kind: str) -> None:
    data = CUBES[kind]
    assert mesh.probe(data, POLICY)["format"] == kind
    decoded = mesh.validate(data, POLICY)
    described = mesh.describe(decoded, POLICY)
    facts = {"format": kind, "bytes": len(data), "vertices": 8, "faces": 12}
    assert described == {**facts, "phash": decoded.phash(POLICY)}
    found = product(data)
    assert found.changes == ("glb",)
    assert found.facts == {**described, "format": "glb", "bytes": len(found.data)}
    loaded = trimesh.load_scene(io.BytesIO(found.data), file_type="glb").to_mesh()
    assert (len(loaded.faces), loaded.is_watertight, loaded.volume) == (12, True, 8.0)
    shape = mesh.describe_shape(decoded)
    assert (shape["bodies"], shape["watertight"]) == (1, True)
    assert shape["extents"] == (2.0, 2.0, 2.0)


def test_a_gltf_is_packed_without_touching_a_number() -> None:
    document, binary = made.gltf(
        [{**made.SQUARE, "material": 0}],
        extras={"by": "é"},
        animations=[],
        materials=[{"normalTexture": {"index": 0, "scale": 0.3}, "name": "m"}],
    )
    document["textures"], document["images"] = [{"source": 0}], [{"uri": "a%20b.png"}]
    document["buffers"] = [{"byteLength": len(binary), "uri": "sub/m.bin"}]
    beside = {"sub/m.bin": binary, "a b.png": made.png()}
    found = product(json.dumps(document).encode(), companions=beside)
    told = opened(found.data)
    assert found.changes == ("glb",)
    assert told["images"] == [{"bufferView": 3, "mimeType": "image/png"}]
    assert made.png() in found.data
    changed = ("images", "buffers", "bufferViews")
    assert {k: v for k, v in told.items() if k not in changed} == {
        k: v for k, v in document.items() if k not in changed
    }


def test_a_missing_picture_is_done_without_or_refused() -> None:
    materials = [
        {
            "pbrMetallicRoughness": {
                "baseColorTexture": {"index": 0},
                "baseColorFactor": [1, 0, 0, 1],
            },
            "emissiveTexture": {"index": 1},
        }
    ]
    document, binary = made.gltf([{**made.SQUARE, "material": 0}], made.png(), materials=materials)
    document["images"].append({"uri": "lost.png"})
    document["textures"] = [{"source": 1}, {"source": 0}]
    data = made.glb(document, binary)
    found = product(data)
    assert found.changes == ("packed", "missing_texture")
    surface = {"baseColorFactor": [1, 0, 0, 1]}
    told = opened(found.data)["materials"]
    assert told == [{"pbrMetallicRoughness": surface, "emissiveTexture": {"index": 1}}]
    assert mesh.describe_shape(mesh.validate(data, POLICY))["missing"] == ("lost.png",)
    assert reason(data, MeshPolicy(missing_textures="reject")) == "mesh_texture"


def test_bytes_behind_the_end_are_cut_off() -> None:
    data = made.cube()
    found = product(data + b"junk")
    assert found.changes == ("packed",)
    assert found.facts["faces"] == 12


def test_a_flattened_scene_is_one_mesh_in_which_everything_stands_where_it_stood() -> None:
    document, binary = made.gltf(
        [{"POSITION": made.CORNERS, "NORMAL": made.CORNERS, "indices": made.CUBE, "material": 0}],
        made.png(),
        materials=[{"emissiveTexture": {"index": 0}}],
        scenes=[{"nodes": [0, 2]}],
        nodes=[
            {"children": [1], "translation": [5, 0, 0]},
            {"mesh": 0, "scale": [-2, 1, 1]},
            {"mesh": 0},
        ],
    )
    data = made.glb(document, binary)
    assert product(data).data is None
    flat = MeshPolicy(scene="flatten")
    found = product(data, flat)
    assert found.changes == ("flattened",)
    assert (found.facts["vertices"], found.facts["faces"]) == (16, 24)
    told = opened(found.data)
    assert (len(told["nodes"]), len(told["meshes"]), told["materials"]) == (
        1, 1, document["materials"],
    )  # fmt: skip
    loaded = trimesh.load_scene(io.BytesIO(found.data), file_type="glb").to_mesh()
    assert loaded.bounds.tolist() == [[-1, -1, -1], [7, 1, 1]]
    assert loaded.volume == pytest.approx(8 + 16), "a mirrored part keeps its outside outside"
    assert made.png() in found.data
    assert product(made.stl_cube(), flat).changes == ("glb",)


def test_two_solids_stay_two_or_become_one() -> None:
    solid = "solid {0}\n" + "".join(
        "facet normal 0 0 0\nouter loop\n"
        + "".join(f"vertex {{1}}{x:g} {y:g} {z:g}\n" for x, y, z in made.CORNERS[face])
        + "endloop\nendfacet\n"
        for face in made.CUBE
    )
    text = (solid + "endsolid {0}\n").replace("{1}", "")
    moved = text.replace("vertex ", "vertex 1")  # 1 -> 11, -1 is no number then
    data = (text.format("a") + text.format("b")).encode()
    assert reason(moved.format("a").encode()) == "mesh_undecodable"
    assert len(opened(product(data).data)["meshes"]) == 2
    found = product(data, MeshPolicy(scene="flatten"))
    assert found.changes == ("glb", "flattened")
    assert len(opened(found.data)["meshes"]) == 1


def test_a_model_with_z_up_is_published_upright() -> None:
    data = b"v 0 0 0\nv 0 0 3\nv 1 0 0\nf 1 2 3\n"
    upright = MeshPolicy(up="z")
    found = product(data, upright)
    loaded = trimesh.load_scene(io.BytesIO(found.data), file_type="glb")
    assert loaded.extents.round(6).tolist() == [1, 3, 0]
    (part,) = mesh.validate(found.data, upright).scene.parts
    assert part.positions.max(axis=0).tolist() == [1, 0, 3]
    from_source = mesh.render_views(data, 1, 32, upright)[0]
    from_product = mesh.render_views(found.data, 1, 32, upright)[0]
    assert np.abs(from_source.astype(int) - from_product).max() <= 1


def test_points_alone_are_kept_or_refused_and_lines_alone_are_nothing() -> None:
    points = made.ply(
        "element vertex 3\nproperty float x\nproperty float y\nproperty float z\n"
        "property uchar red\nproperty uchar green\nproperty uchar blue\n",
        "0 0 0 255 0 0\n1 0 0 0 255 0\n0 1 0 0 0 128\n",
    )
    found = product(points)
    assert (found.facts["vertices"], found.facts["faces"]) == (3, 0)
    (part,) = mesh.validate(found.data, POLICY).scene.parts
    assert part.kind == "points"
    assert part.colours.round(4)[2].tolist() == [0, 0, pytest.approx(0.2159, abs=1e-4), 1]
    assert reason(points, MeshPolicy(points="reject")) == "mesh_points"
    assert reason(b"v 0 0 0\nv 1 1 1\nl 1 2\n") == "mesh_empty"
    lines = [{"POSITION": made.CORNERS, "mode": 1}]
    assert reason(made.glb(*made.gltf(lines))) == "mesh_empty"


def test_faces_without_area_and_unused_vertices_are_dropped() -> None:
    data = made.obj_cube() + b"v 9 9 9\nf 1 1 2\nf 1 2\nv 1 1 1\nf 8 9 10\n"
    decoded = mesh.validate(data, POLICY)
    assert decoded.dropped == 2, "1 1 2, and 8 9 10 where 8 and 10 are one place"
    found = product(data)
    assert found.changes == ("glb", "degenerate_faces")
    assert (found.facts["vertices"], found.facts["faces"]) == (8, 12)


@pytest.mark.parametrize("word", ["nan", "inf", "-inf", "1e39"])
def test_vertices_that_are_no_place_are_refused(word: str) -> None:
    assert reason(made.obj_cube().replace(b"v 1.0", b"v " + word.encode(), 1)) == "mesh_not_finite"
    points = made.CORNERS.copy()
    points[3, 1] = np.float32(min(float(word), 1e38) if word != "1e39" else np.inf)
    if not np.isfinite(points).all():
        data = made.glb(*made.gltf([{"POSITION": points, "indices": made.CUBE}]))
        assert reason(data) == "mesh_not_finite"
        assert reason(made.PLY_CUBE.replace(made.CORNERS.tobytes(), points.tobytes())) == (
            "mesh_not_finite"
        )


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "mesh_undecodable"),
        (b"<html><body>no</body></html>", "mesh_undecodable"),
        (b"version https://git-lfs.github.com/spec/v1\n", "mesh_undecodable"),
        (b"\xa7\xff\x00" * 99, "mesh_undecodable"),
        (b"{}", "mesh_undecodable"),
        (b"# nothing\n", "mesh_undecodable"),
        (b"o thing\n", "mesh_empty"),
        (b"v 1 1 1\nv 1 1 1\nv 1 1 1\nf 1 2 3\n", "mesh_empty"),
        (b"solid a\nendsolid a\n", "mesh_empty"),
        (b"OFF\n0 0 0\n", "mesh_empty"),
        (b"ply\nformat ascii 1.0\nend_header\n", "mesh_empty"),
        (b"OCTM\5\0\0\0", "mesh_format"),
        (b"Kaydara FBX Binary  \0", "mesh_format"),
        (b'<?xml version="1.0"?><COLLADA></COLLADA>', "mesh_format"),
        (b"0.1 0.2 0.3\n1 2 3\n", "mesh_format"),
        (b"\x80\x04\x95cposix\nsystem\n", "mesh_undecodable"),
        (made.png(), "mesh_undecodable"),
    ],
)
def test_what_is_no_model_is_refused(data: bytes, expected: str) -> None:
    assert reason(data) == expected
    if expected != "mesh_empty":
        with pytest.raises(MediaError):
            mesh.probe(data, POLICY)


@pytest.mark.parametrize("kind", CUBES)
@pytest.mark.parametrize("limit", ["max_bytes", "max_vertices", "max_faces"])
def test_limits(kind: str, limit: str) -> None:
    assert reason(CUBES[kind], replace(POLICY, **{limit: 5})) == "mesh_too_large"


def test_instances_count_as_drawn() -> None:
    document, binary = made.gltf(
        scenes=[{"nodes": list(range(10))}], nodes=[{"mesh": 0} for _ in range(10)]
    )
    data = made.glb(document, binary)
    decoded = mesh.validate(data, POLICY)
    assert (decoded.scene.faces(), decoded.scene.drawn_faces()) == (12, 120)
    assert reason(data, MeshPolicy(max_faces=119)) == "mesh_too_large"


def test_a_format_outside_the_policy_is_refused() -> None:
    assert reason(made.obj_cube(), MeshPolicy(formats=("glb", "stl"))) == "mesh_format"


@pytest.mark.parametrize(
    "values",
    [
        {"formats": ("glb", "fbx")},
        {"formats": ("obj",)},
        {"keep": ("obj",)},
        {"keep": ()},
        {"max_faces": 0},
        {"scene": "join"},
        {"up": "x"},
        {"points": "drop"},
    ],
)
def test_policies_that_make_no_sense(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(values)).removeprefix("max_")):
        MeshPolicy(**values)


def test_views_for_a_judge_have_captions() -> None:
    pictures = mesh.render_for_judge(made.cube(), POLICY, JudgeView(mesh_views=3, mesh_side=40))
    assert [picture.caption for picture in pictures] == [
        "view at 0 degrees", "view at 120 degrees", "view at 240 degrees",
    ]  # fmt: skip
    for picture in pictures:
        with Image.open(io.BytesIO(picture.data)) as image:
            assert (image.format, image.size, image.mode) == ("JPEG", (40, 40), "RGB")


def test_a_bundle_is_one_medium() -> None:
    beside = {"m.mtl": b"newmtl a\nmap_Kd t/x.png\n", "t/x.png": made.png()}
    text = b"mtllib m.mtl\nusemtl a\nv 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nf 1/1 2/1 3/1\n"
    packed = MeshBundle("m.obj", text, beside).pack()
    assert packed == MeshBundle("m.obj", text, dict(reversed(beside.items()))).pack()
    found = product(packed)
    assert found.changes == ("unpacked", "glb")
    assert product(text, companions=beside).data == found.data
    assert made.png() in found.data
