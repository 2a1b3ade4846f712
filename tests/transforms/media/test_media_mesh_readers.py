"""obj, ply, stl and off: what the formats allow, what programs write, and what is broken."""

from __future__ import annotations

import bz2
import gzip
import io
import struct
from typing import Any

import numpy as np
import pytest
import trimesh

from tests.transforms.media import mesh_models as made
from transforms.media import mesh
from transforms.media.errors import MediaError
from transforms.media.mesh.scene import Scene
from transforms.media.settings import MeshPolicy

POLICY = MeshPolicy()
XYZ = "property float x\nproperty float y\nproperty float z\n"
FACE = "property list uchar int vertex_indices\n"


def scene(data: bytes | str, **more: Any) -> Scene:
    return mesh.validate(data.encode() if isinstance(data, str) else data, POLICY, **more).scene


def refusal(data: bytes | str, **more: Any) -> str:
    with pytest.raises(MediaError) as error:
        scene(data, **more)
    return f"{error.value.reason}: {error.value.message}"


def corners(found: Scene) -> list[Any]:
    """Positions of all corners of the first part, face by face."""
    part = found.parts[0]
    return part.positions[part.indices].tolist()


SQUARE = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\n"


@pytest.mark.parametrize(
    "faces",
    [
        "f 1 2 3 4\n",
        "f -4 -3 -2 -1\n",
        "f 1// 2// 3// 4//\n",
        "f 1 2 3\nf 1 3 4",
        "f 1 2 \\\n3 4\n",
        "F 1 2 3\nf 1 2 3 # one\nf\t1 3  4\n",
        "g a\ns off\nf 1 2 3 4\ng b\n",
        "f 1 2 3 4\r\n",
    ],
)
def test_obj_faces(faces: str) -> None:
    square = [[[0, 0, 0], [1, 0, 0], [1, 1, 0]], [[0, 0, 0], [1, 1, 0], [0, 1, 0]]]
    assert corners(scene(SQUARE + faces)) == square


def test_negative_obj_indices_count_from_their_line() -> None:
    text = SQUARE + "f -4 -3 -2\n" + "v 9 9 9\nv 8 8 8\nv 7 7 8\nf -3 -2 -1\n"
    assert corners(scene(text)) == [
        [[0, 0, 0], [1, 0, 0], [1, 1, 0]],
        [[9, 9, 9], [8, 8, 8], [7, 7, 8]],
    ]
    theirs = trimesh.load_mesh(io.BytesIO(text.encode()), file_type="obj", process=False)
    assert theirs.vertices[theirs.faces][0].tolist() != corners(scene(text))[0], (
        "why it is read here"
    )


@pytest.mark.parametrize(
    ("faces", "says"),
    [
        ("f 1 2 5\n", "undecodable: vertex 4 is not there: there are 4"),
        ("f 0 1 2\n", "undecodable: a face has vertex 0"),
        ("f -9 1 2\n", "undecodable: vertex -"),
        ("f 1/1 2/1 3/1\n", "undecodable: texture coordinate 0 is not there"),
        ("f 1//3 2//3 3//3\n", "undecodable: normal 2 is not there"),
        ("f a b c\n", "undecodable: faces are no numbers"),
        ("f 1/x 2/1 3\n", "undecodable: a face has the corner '1/x'"),
        ("f 1.5 2 3\n", "undecodable: a face has vertex 0 or a broken number"),
        ("f 99999999999999999999 1 2\n", "undecodable"),
        ("v 1 2\nf 1 2 3\n", "undecodable: vertices of 2 numbers"),
        ("v 1 2 x\nf 1 2 3\n", "undecodable: vertices are no numbers"),
        ("cstype bezier\nf 1 2 3\n", "undecodable: free-form geometry"),
        ("mtllib /etc/passwd\nf 1 2 3\n", "external_reference"),
        ("mtllib ../a.mtl\nf 1 2 3\n", "external_reference"),
        ("mtllib http://example.org/a.mtl\nf 1 2 3\n", "external_reference"),
        ("mtllib C:\\a.mtl\nf 1 2 3\n", "external_reference"),
        ("mtllib ~/a.mtl\nf 1 2 3\n", "external_reference"),
    ],
)
def test_obj_refused(faces: str, says: str) -> None:
    assert refusal(SQUARE + faces).startswith(f"mesh_{says}")


def test_obj_materials_normals_and_texture_coordinates() -> None:
    text = (
        "mtllib a b.mtl\n" + SQUARE + "vt 0 0\nvt 1 0.25\nvn 0 0 2\n"
        "usemtl red\nf 1/1/1 2/2/1 3/1/1\nusemtl sign\nf 1/1/1 3/2/1 4/2/1\nusemtl gone\nf 1 2 4\n"
    )
    library = (
        b"newmtl red\nKd 1 0.5 0\nd 0.4\nNs 96\n"
        b"newmtl sign\nKd 1 1 1\nTr 1.0\nmap_Kd -s 1 1 1 -clamp on t\\my sign.png\n"
    )
    found = scene(text, companions={"a b.mtl": library, "T/My Sign.PNG": made.png()})
    red, sign = found.materials
    assert red.colour == pytest.approx((1, 0.2140, 0, 0.4), abs=1e-3)
    assert (red.alpha, sign.alpha, sign.colour[3]) == ("blend", "opaque", 1)
    assert found.pictures == [made.png()]
    assert [part.material for part in found.parts] == [0, 1, None]
    first = found.parts[0]
    assert first.uvs[0].tolist() == [[0, 1], [1, 0.75], [0, 1]]
    assert first.normals is not None
    assert first.normals.tolist() == [[0, 0, 1]] * 3
    assert found.parts[2].normals is None
    missing = mesh.validate(text.encode(), POLICY, {"a b.mtl": library})
    assert missing.missing == ["t\\my sign.png"]
    assert "external" in refusal(text, companions={"a b.mtl": b"newmtl a\nmap_Kd /x.png\n"})


def test_obj_vertex_colours() -> None:
    text = "v 0 0 0 1 0 0\nv 1 0 0 0 1 0\nv 0 1 0 0 0 0.5\nf 1 2 3\n"
    colours = scene(text).parts[0].colours
    assert colours is not None
    assert colours[2].tolist() == pytest.approx([0, 0, 0.2140, 1], abs=1e-3)


def test_obj_in_two_bytes_a_character() -> None:
    for code in ("utf-16-le", "utf-16-be"):
        data = ("\ufeff" + made.obj_cube().decode()).encode(code)
        assert scene(data).faces() == 12
    assert refusal(b"\xff\xfe\x00").startswith("mesh_undecodable")


def test_ordinary_obj_is_that_of_trimesh() -> None:
    points, faces = made.sphere(12)
    theirs = trimesh.Trimesh(points, faces, process=False)
    text = theirs.export(file_type="obj", include_normals=True)
    part = scene(text).parts[0]
    loaded = trimesh.load_mesh(io.BytesIO(text.encode()), file_type="obj")
    mine = trimesh.Trimesh(part.positions, part.indices)
    assert mine.area == pytest.approx(loaded.area, rel=1e-6)
    assert mine.bounds == pytest.approx(loaded.bounds)


@pytest.mark.parametrize("order", ["<", ">"])
def test_binary_ply_with_faces_of_different_lengths(order: str) -> None:
    name = "little" if order == "<" else "big"
    head = (
        f"ply\nformat binary_{name}_endian 1.0\ncomment c\nobj_info o\nelement vertex 4\n{XYZ}"
        f"property uchar q\nelement face 2\nproperty uchar flag\n{FACE}end_header\n"
    )
    body = b"".join(struct.pack(order + "3fB", *v, 7) for v in made.SQUARE["POSITION"])
    body += struct.pack(order + "BB4i", 1, 4, 0, 1, 2, 3) + struct.pack(
        order + "BB3i", 0, 3, 0, 2, 1
    )
    found = scene(head.encode() + body)
    assert found.parts[0].indices.tolist() == [[0, 1, 2], [0, 2, 3], [0, 2, 1]]
    assert refusal(head.encode() + body[:-1]).startswith("mesh_undecodable: cut short")


def test_text_ply_with_lists_and_more_on_a_line_than_was_said() -> None:
    head = f"element vertex 4\n{XYZ}element face 2\n{FACE}property list uchar float texcoord\n"
    body = "0 0 0\n1 0 0\n1 1 0\n0 1 0\n3 0 1 2 6 0 0 1 0 1 1 9 1 1\n4 0 1 2 3 8 0 0 1 0 1 1 0 1\n"
    found = scene(made.ply(head, body))
    assert found.faces() == 3
    assert found.parts[0].uvs[0].tolist()[0] == [0, 1]
    assert "longer than its row" in refusal(made.ply(head, body.replace("4 0 1", "40 0 1")))
    assert "cut short" in refusal(made.ply(head, body[: body.index("4 0 1")]))
    assert "no numbers" in refusal(made.ply(head, body.replace("1 1 0\n", "1 x 0\n")))
    assert "is not there" in refusal(made.ply(head, body.replace("3 0 1 2", "3 0 1 9")))


def test_ply_strips() -> None:
    head = f"element vertex 4\n{XYZ}element tristrips 1\n{FACE}"
    body = "0 0 0\n1 0 0\n0 1 0\n1 1 0\n9 0 1 2 3 -1 2 1 0 -1\n"
    found = scene(made.ply(head, body))
    assert found.parts[0].indices.tolist() == [[0, 1, 2], [3, 2, 1], [2, 1, 0]]


def test_ply_colours_of_faces_split_their_vertices() -> None:
    colours = "property uchar red\nproperty uchar green\nproperty uchar blue\n"
    head = f"element vertex 4\n{XYZ}element face 2\n{FACE}{colours}"
    body = "0 0 0\n1 0 0\n1 1 0\n0 1 0\n3 0 1 2 255 0 0\n3 0 2 3 0 0 255\n"
    part = scene(made.ply(head, body)).parts[0]
    assert (len(part.positions), part.colours is not None) == (6, True)


def test_a_picture_of_a_ply() -> None:
    head = (
        f"comment TextureFile a b.png\nelement vertex 3\n{XYZ}property float s\nproperty float t\n"
    )
    data = made.ply(f"{head}element face 1\n{FACE}", "0 0 0 0 0\n1 0 0 1 0\n0 1 0 0 1\n3 0 1 2\n")
    found = mesh.validate(data, POLICY, {"a b.png": made.png()})
    assert (found.scene.pictures, found.missing) == ([made.png()], [])
    assert mesh.validate(data, POLICY).missing == ["a b.png"]
    assert "external" in refusal(data.replace(b"a b.png", b"../b.png"))


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (f"element vertex 99999999\n{XYZ}", "too_large"),
        (f"element vertex 99999999999999999999999\n{XYZ}", "too_large"),
        (f"element vertex -1\n{XYZ}", "undecodable: the header says"),
        (f"element vertex 3\n{XYZ}element vertex 3\n{XYZ}", "undecodable: two elements"),
        ("element vertex 3\nproperty float x\n", "undecodable"),
        ("property float x\n", "undecodable: the header says"),
        ("element vertex 3\nproperty quad x\n", "undecodable: the header says"),
        ("element vertex 3\n", "undecodable: vertex has no properties"),
        (f"element vertex 1\n{XYZ}" + "property float f_dc_0\nproperty float opacity\n", "format"),
    ],
)
def test_ply_headers_refused(header: str, says: str) -> None:
    assert refusal(made.ply(header, "0 0 0 1 1\n0 0 0\n0 0 0\n")).startswith(f"mesh_{says}")


def test_stl_of_both_kinds_joins_corners_at_one_place() -> None:
    solid = trimesh.Trimesh(made.CORNERS, made.CUBE).export(file_type="stl_ascii")
    named = b"solid" + made.stl_cube()[5:]
    for data in (made.stl_cube(), solid.encode(), named, named + b"\0\n", named + b"END"):
        part = scene(data).parts[0]
        assert (len(part.positions), len(part.indices)) == (8, 12)
    assert scene(made.stl_cube() + b"trailing").faces() == 12
    for cut in (
        solid[: len(solid) // 2],
        solid.replace("endloop", "", 1),
        solid.replace("endsolid", ""),
    ):
        assert refusal(cut).startswith("mesh_undecodable")
    assert refusal(made.stl_cube()[:-1]).startswith("mesh_undecodable")


def test_off_variants() -> None:
    plain = corners(scene(made.OFF_CUBE))
    assert corners(scene(made.OFF_CUBE.replace(b"OFF\n8", b"# c\nOFF 8"))) == plain
    assert corners(scene(made.OFF_CUBE.replace(b"OFF\n8", b"OFF8"))) == plain  # as in ModelNet
    commented = made.OFF_CUBE.replace(b"\n", b" # x\n").replace(b"OFF # x", b"OFF")
    assert corners(scene(commented)) == plain
    tinted = "COFF\n3 1\n0 0 0 255 0 0 255\n1 0 0 0 255 0 255\n0 1 0 0 0 255 255\n3 0 1 2\n"
    colours = scene(tinted).parts[0].colours
    assert colours is not None
    assert colours[:, :3].tolist() == np.eye(3).tolist()
    lit = "NOFF\n3 1 0\n0 0 0 0 0 1\n1 0 0 0 0 1\n0 1 0 0 0 1\n3 0 1 2\n"
    normals = scene(lit).parts[0].normals
    assert normals is not None
    assert normals.tolist() == [[0, 0, 1]] * 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("OFF\n", "undecodable: the numbers"),
        ("OFF\n3 x\n", "undecodable: the numbers"),
        ("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n", "undecodable: cut short"),
        ("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1\n", "undecodable: a face has fewer"),
        ("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 7\n", "undecodable: vertex 7 is not there"),
        ("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1\n3 0 1 2\n", "undecodable: a vertex of 2"),
        ("OFF\n999999999 1 0\n", "too_large"),
        ("OFF\n1 99999999999999999999999 0\n", "too_large"),
        ("OFF BINARY\n", "format|undecodable"),
        ("4OFF\n3 1 0\n", "format: 4OFF|undecodable"),
    ],
)
def test_off_refused(text: str, says: str) -> None:
    import re

    assert re.match(f"mesh_({says})", refusal(text))


def test_single_compressed_models() -> None:
    for pack in (bz2.compress, gzip.compress):
        data = pack(made.obj_cube())
        decoded = mesh.validate(data, POLICY)
        assert (decoded.model.kind, decoded.scene.faces()) == ("obj", 12)
        assert mesh.normalise(decoded, POLICY).changes == ("unpacked", "glb")
        assert "cut short" in refusal(data[:-12])
        broken = data[:20] + bytes([data[20] ^ 255]) + data[21:]
        assert refusal(broken).startswith("mesh_undecodable")
        bomb = pack(b"v 1 1 1\n" + bytes(1_200_000))
        small = MeshPolicy(max_bytes=1_000_000)
        with pytest.raises(MediaError, match="bytes unpacked") as error:
            mesh.probe(bomb, small)
        assert error.value.reason == "mesh_too_large"
        with pytest.raises(MediaError, match="doesn't open"):
            mesh.probe(data, MeshPolicy(archives="reject"))
        assert refusal(pack(data)).startswith("mesh_format")
    assert mesh.validate(bz2.compress(made.obj_cube()) + b"\0" * 9, POLICY).scene.faces() == 12
    two = gzip.compress(made.obj_cube()[:30]) + gzip.compress(made.obj_cube()[30:])
    assert scene(two).faces() == 12
