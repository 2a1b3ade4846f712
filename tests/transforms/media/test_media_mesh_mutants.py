"""Good models, broken at random: nothing but a `MediaError` ever comes out, and soon."""

from __future__ import annotations

import bz2
import copy
import json
import random
import struct
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.transforms.media import mesh_models as made
from tests.transforms.media.test_media_mesh_gltf import skinned
from transforms.media import mesh
from transforms.media.errors import MediaError
from transforms.media.mesh.bundle import MeshBundle
from transforms.media.settings import MeshPolicy

#: Small limits, so that what a mutant declares can't take long.
POLICY = MeshPolicy(max_bytes=2_000_000, max_vertices=100_000, max_faces=100_000)
SECONDS = 20.0

OBJ = (
    b"mtllib m.mtl\nusemtl a\nvt 0 0\nvt 1 0.5\nvn 0 0 1\n"
    + made.obj_cube()
    + b"f -1/1/1 -2/2/1 -3/1/1\nl 1 2\n"
)
LIBRARY = b"newmtl a\nKd 1 0 0\nd 0.5\nmap_Kd -s 1 1 1 x.png\n"
TEXT_PLY = made.ply(
    "element vertex 4\nproperty float x\nproperty float y\nproperty float z\nproperty uchar red\n"
    "property uchar green\nproperty uchar blue\nelement face 2\n"
    "property list uchar int vertex_indices\nproperty list uchar float texcoord\n",
    "0 0 0 1 2 3\n1 0 0 1 2 3\n1 1 0 4 5 6\n0 1 1 7 8 9\n"
    "3 0 1 2 6 0 0 1 0 1 1\n4 0 1 2 3 8 0 0 1 0 1 1 0 1\n",
)
GLTF = made.gltf(
    [
        {**made.SQUARE, "material": 0},
        {"POSITION": made.CORNERS, "NORMAL": made.CORNERS, "indices": made.CUBE, "material": 1},
        {"POSITION": made.CORNERS, "mode": 0},
    ],
    made.png(),
    nodes=[{"mesh": 0, "children": [1], "scale": [1, 2, 1]}, {"mesh": 0, "rotation": [0, 0, 0, 1]}],
    samplers=[{"wrapS": 33071, "magFilter": 9728}],
    materials=[
        {"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}, "alphaMode": "MASK"},
        {"pbrMetallicRoughness": {"baseColorFactor": [1, 0, 0, 0.5]}, "alphaMode": "BLEND"},
    ],
)
SEEDS: dict[str, bytes] = {
    "glb": made.glb(*GLTF),
    "skinned": made.glb(*skinned()),
    "gltf": made.embedded(*GLTF),
    "obj": OBJ,
    "ply": made.PLY_CUBE,
    "text ply": TEXT_PLY,
    "stl": made.stl_cube(),
    "text stl": b"solid a\n"
    + b"facet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\nvertex 0 1 0\nendloop\n"
    b"endfacet\nendsolid a\n",
    "off": made.OFF_CUBE,
    "bz2": bz2.compress(OBJ),
    "zip": MeshBundle("m.obj", OBJ, {"m.mtl": LIBRARY, "x.png": made.png()}).pack(),
}
ODD: list[Any] = [
    -1, 0, 1, 2, 7, 255, 65536, 2**31, 2**32, 2**63, 2**70, 0.5, -1e30, 1e300, True, None, "", "x",
    "data:,", "../x", [], {}, [0], [1e39] * 16, {"index": 0},
]  # fmt: skip


def flip(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8, 40))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def splice(data: bytes, chance: random.Random) -> bytes:
    other = SEEDS[chance.choice(sorted(SEEDS))]
    return other[: chance.randrange(1, 200)] + data[chance.randrange(len(data)) :]


def repeat(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    piece = data[start : start + chance.randrange(1, 60)]
    return data[:start] + piece * chance.randrange(2, 40) + data[start:]


def counts(data: bytes, chance: random.Random) -> bytes:
    """Numbers of a text, or four bytes of a binary file, made something else."""
    if b"\0" in data[:200]:
        place = chance.randrange(max(len(data) - 4, 1))
        value = chance.choice((0, 1, 255, 2**31 - 1, 2**32 - 1, len(data), 10**6))
        return data[:place] + struct.pack("<I", value) + data[place + 4 :]
    words = data.split(b" ")
    odd = (b"-1", b"0", b"1e39", b"nan", b"99999999999", b"x", b"", b"1/2/3", b"-9//1", b"4 4 4 4")
    for _ in range(chance.choice((1, 1, 3))):
        place = chance.randrange(len(words))
        end = b"\n" if words[place].endswith(b"\n") or b"\n" in words[place] else b""
        words[place] = chance.choice(odd) + end + words[place].partition(b"\n")[2]
    return b" ".join(words)


def edit(data: bytes, chance: random.Random) -> bytes:
    """A glTF whose JSON is changed, its container whole; other files as by `counts`."""
    if data[:4] != b"glTF":
        return counts(data, chance)
    document, binary = copy.deepcopy(GLTF if chance.random() < 0.6 else skinned())
    for _ in range(chance.choice((1, 1, 2, 4))):
        places: list[tuple[Any, Any]] = []

        def walk(value: Any, found: list[tuple[Any, Any]] = places) -> None:
            keys = value if isinstance(value, dict) else range(len(value))
            for key in keys:
                found.append((value, key))
                if isinstance(value[key], dict | list):
                    walk(value[key])

        walk(document)
        place, key = chance.choice(places)
        change = chance.random()
        if change < 0.2:
            del place[key]
        elif change < 0.3 and isinstance(place, list):
            place.append(copy.deepcopy(place[key]))
        else:
            place[key] = copy.deepcopy(chance.choice(ODD))
    return made.glb(json.loads(json.dumps(document)), binary)


CHANGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    flip, cut, splice, repeat, counts, edit, edit,
)  # fmt: skip


def outcome(data: bytes, policy: MeshPolicy, draw: bool) -> str:
    """What becomes of a mutant; anything but a `MediaError` is a failure of the test."""
    start = time.monotonic()
    try:
        mesh.probe(data, policy)
        decoded = mesh.validate(data, policy)
        mesh.describe(decoded, policy)
        mesh.describe_shape(decoded)
        product = mesh.normalise(decoded, policy)
        if product.data is not None:
            again = mesh.normalise(mesh.validate(product.data, policy), policy)
            assert again.data is None, "a product is kept when it comes again"
        if draw:
            (view,) = mesh.render_views(data, 1, 16, policy)
            assert view.shape == (16, 16, 3)
    except MediaError as error:
        return error.reason if error.message else "no message"
    finally:
        assert time.monotonic() - start < SECONDS
    return "accepted"


def run(number: int, seed: int, draw: bool) -> dict[str, int]:
    chance = random.Random(seed)
    names = sorted(SEEDS)
    found: dict[str, int] = {}
    for count in range(number):
        name = names[count % len(names)]
        data = chance.choice(CHANGES)(SEEDS[name], chance)
        policy = POLICY if chance.random() < 0.8 else MeshPolicy(scene="flatten", up="z")
        try:
            result = outcome(data, policy, draw)
        except BaseException as error:
            error.add_note(f"mutant {count} of {name}, seed {seed}: {data[:2000]!r}")
            raise
        found[result] = found.get(result, 0) + 1
    assert all(result == "accepted" or result.startswith("mesh_") for result in found)
    return found


@pytest.mark.parametrize("name", SEEDS)
def test_what_is_mutated_is_good(name: str) -> None:
    assert outcome(SEEDS[name], POLICY, draw=True) == "accepted"


def test_mutants() -> None:
    found = run(88, 5, draw=True)
    assert {"accepted", "mesh_undecodable"} <= found.keys()


@pytest.mark.full
@pytest.mark.parametrize("seed", range(8))
def test_many_mutants(seed: int) -> None:
    found = run(300, 1000 + seed, draw=True)
    assert {"accepted", "mesh_undecodable", "mesh_not_finite"} <= found.keys()
