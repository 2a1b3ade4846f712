"""Views of models: pictures that a person has looked at, and what must hold for all of them.

``python -m tests.transforms.media.test_media_mesh_render`` draws the golden pictures anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.transforms.media import mesh_models as made
from transforms.media import mesh
from transforms.media.mesh.raster import Screen, cover, keys, new_buffer, samples_of, seen
from transforms.media.settings import MeshPolicy

GOLDEN = Path(__file__).parent / "golden"
SIDE = 96
HALF = 0.7071067811865476
#: Turns a square that faces +z so that it lies, face up.
LYING = [{"mesh": 0, "rotation": [-HALF, 0, 0, HALF]}]


def surface(*colour: float, **more: Any) -> dict[str, Any]:
    return {"pbrMetallicRoughness": {"baseColorFactor": list(colour)}, **more}


def leaf() -> bytes:
    """A disc on nothing, with a stripe."""
    pixels = np.zeros((64, 64, 4), np.uint8)
    y, x = np.mgrid[:64, :64]
    pixels[(x - 32) ** 2 + (y - 32) ** 2 < 900] = (20, 160, 40, 255)
    pixels[:, 26:38] = (200, 160, 40, 255)
    return made.png(Image.fromarray(pixels))


def glass() -> bytes:
    points, faces = made.sphere(16)
    outer = {"POSITION": points * np.float32(1.9), "NORMAL": points, "indices": faces}
    inner = {"POSITION": made.CORNERS, "indices": made.CUBE, "material": 1}
    materials = [surface(0.2, 0.5, 1, 0.35, alphaMode="BLEND"), surface(0.8, 0.1, 0.05, 1)]
    return made.glb(*made.gltf([{**outer, "material": 0}, inner], materials=materials))


def inside_out() -> bytes:
    points, faces = made.sphere(12)
    part = {"POSITION": points, "NORMAL": -points, "indices": faces[:, ::-1].copy()}
    return made.glb(*made.gltf([part]))


def cloud() -> bytes:
    points = made.sphere(24)[0]
    colours = ((points + 1) * 127.5).astype(np.uint8)
    body = "".join(
        f"{x} {y} {z} {r} {g} {b}\n" for (x, y, z), (r, g, b) in zip(points, colours, strict=True)
    )
    names = ("red", "green", "blue")
    head = "".join(f"property float {axis}\n" for axis in "xyz")
    head += "".join(f"property uchar {name}\n" for name in names)
    return made.ply(f"element vertex {len(points)}\n{head}", body)


def lines() -> bytes:
    ends = np.array([[-2, 0, 0], [2, 0, 0], [0, -2, 0], [0, 2, 0]], np.float32)
    box = {"POSITION": made.CORNERS * np.float32(0.5), "indices": made.CUBE}
    return made.glb(*made.gltf([{"POSITION": ends, "mode": 1}, box]))


def lying() -> bytes:
    materials = [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}]
    parts = [{**made.SQUARE, "material": 0}]
    return made.glb(*made.gltf(parts, made.png(), materials=materials, nodes=LYING))


MODELS = {
    "cube": made.cube,
    "glass": glass,
    "inside_out": inside_out,
    "lying": lying,
    "mask": lambda: made.textured(leaf(), alphaMode="MASK"),
    "cloud": cloud,
    "lines": lines,
}


def drawn(name: str) -> Any:
    return np.concatenate(mesh.render_views(MODELS[name](), 4, SIDE), axis=1)


@pytest.mark.parametrize("name", MODELS)
def test_golden(name: str) -> None:
    found = drawn(name).astype(int)
    with Image.open(GOLDEN / f"mesh_{name}.png") as picture:
        golden = np.asarray(picture.convert("RGB")).astype(int)
    difference = np.abs(found - golden)
    assert difference.mean() < 0.5
    assert (difference.max(axis=2) > 24).mean() < 0.01


def views(data: bytes, number: int = 4, side: int = 64) -> list[Any]:
    return [view.astype(int) for view in mesh.render_views(data, number, side)]


def background() -> Any:
    return views(made.cube(), 1)[0][0, 0]


def test_a_textured_square_shows_its_picture_the_right_way_up() -> None:
    front, side, back, _ = views(made.textured())
    above, below = 24, 42
    for view, left, right in ((front, 24, 40), (back, 40, 24)):
        colours = [view[row, column] for row in (above, below) for column in (left, right)]
        strong = [(colour > colour.max() / 2).astype(int).tolist() for colour in colours]
        assert strong == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0]]
    assert (side == background()).all(axis=2).mean() > 0.97


def test_views_go_around_the_vertical_axis() -> None:
    points = made.CORNERS * np.float32(0.3)
    parts = [
        {"POSITION": points + np.float32(shift), "indices": made.CUBE, "material": number}
        for number, shift in enumerate(([0, 0, 1], [1, 0, 0], [0, 1, 0]))
    ]
    materials = [
        surface(*colour, 1, extensions={"KHR_materials_unlit": {}})
        for colour in ((1, 0, 0), (0, 1, 0), (0, 0, 1))
    ]
    data = made.glb(*made.gltf(parts, materials=materials))
    places = []
    for view in views(data):
        red, green, blue = (
            np.argwhere((view == np.eye(3, dtype=int)[k] * 255).all(axis=2)).mean(axis=0)
            for k in range(3)
        )
        assert blue[0] < min(red[0], green[0]), "y is up"
        places.append((round(red[1] / 8), round(green[1] / 8)))
    # red stands in front (+z), green to its right (+x); from 90 degrees red is to the left
    assert [(r > g) - (r < g) for r, g in places] == [-1, -1, 1, 1]


def test_the_whole_model_is_in_the_frame_and_fills_it() -> None:
    for name in ("glass", "cloud", "lines"):
        for view in views(MODELS[name](), 5):
            seen_at = np.argwhere(np.abs(view - background()).max(axis=2) > 3)
            assert seen_at.min() >= 0
            assert (view[0] == background()).all()
            assert (view[-1] == background()).all()
            assert np.ptp(seen_at, axis=0).max() > 0.55 * 64


def test_a_model_far_from_the_origin_and_tiny_looks_the_same() -> None:
    part = {"POSITION": made.CORNERS * np.float32(2**-20), "indices": made.CUBE}
    moved = made.glb(*made.gltf([part], nodes=[{"mesh": 0, "translation": [7.5, -3, 2**-9]}]))
    for here, there in zip(views(made.cube()), views(moved), strict=True):
        assert np.abs(here - there).max() <= 1


def test_faces_cover_every_sample_once() -> None:
    rng = np.random.default_rng(3)
    side = 9
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).reshape(-1, 2) * 6.0
    inner = ((grid > 0) & (grid < grid.max())).all(axis=1)
    grid[inner] += rng.uniform(-2, 2, (int(inner.sum()), 2))
    corner = np.arange(side * side).reshape(side, side)
    a, b, c, d = corner[:-1, :-1], corner[:-1, 1:], corner[1:, :-1], corner[1:, 1:]
    faces = np.concatenate(
        [np.stack([a, b, d], -1).reshape(-1, 3), np.stack([a, d, c], -1).reshape(-1, 3)]
    )
    screen = Screen(grid[:, 0], grid[:, 1], np.full(len(grid), 0.5), 48, 1.0, 0.1)
    count = np.zeros(48 * 48, int)
    for where, _, inverse, _ in samples_of(screen, faces, np.arange(len(faces))):
        np.add.at(count, where, 1)
        assert inverse.min() == inverse.max() == 0.5
    assert (count == 1).all()


def test_the_nearest_face_is_seen_and_the_first_of_equals() -> None:
    x, y = np.array([0.0, 8, 0] * 3), np.array([0.0, 0, 8] * 3)
    inverse = np.repeat([0.3, 0.5, 0.5], 3)
    screen = Screen(x, y, inverse, 8, 1.0, 0.1)
    faces = np.arange(9).reshape(3, 3)
    buffer = new_buffer(screen)
    for where, face, depth, behind in samples_of(screen, faces, np.array([0, 2, 1])):
        cover(buffer, where, keys(screen, depth, face, behind))
    assert set(seen(buffer)[1].tolist()) == {1}
    low = keys(screen, np.array([0.5, 0.5]), np.array([9, 1]), np.array([False, True]))
    assert low[0] < low[1], "of two at one place that which faces the camera"


def test_textures_seen_from_afar_are_their_mean() -> None:
    pixels = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)
    part = {**made.SQUARE, "TEXCOORD_0": made.SQUARE["TEXCOORD_0"] * np.float32(40), "material": 0}
    materials = [
        {
            "pbrMetallicRoughness": {"baseColorTexture": {"index": 0}},
            "extensions": {"KHR_materials_unlit": {}},
        }
    ]
    picture = made.png(Image.fromarray(pixels).convert("RGB"))
    view = views(made.glb(*made.gltf([part], picture, materials=materials)), 1)[0]
    inside = view[26:38, 26:38]
    assert inside.max() - inside.min() <= 2, "no moire"


def test_overdraw_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    from transforms.media.mesh import render

    points = np.concatenate([made.SQUARE["POSITION"] + [0, 0, z / 200] for z in range(200)])
    index = np.concatenate([made.SQUARE["indices"] + 4 * z for z in range(200)])
    part = {"POSITION": points.astype(np.float32), "indices": index.astype(np.uint16)}
    data = made.glb(*made.gltf([part]))
    fine = views(data, 1, 64)[0]
    monkeypatch.setattr(render, "_MAX_SAMPLES", 30_000)
    coarse = views(data, 1, 64)[0]
    assert (fine.shape, coarse.shape) == ((64, 64, 3), (64, 64, 3))
    assert np.abs(fine - coarse).mean() < 20


def test_points_in_one_place_are_drawn() -> None:
    head = "element vertex 2\nproperty float x\nproperty float y\nproperty float z\n"
    view = views(made.ply(head, "1 1 1\n1 1 1\n"), 1)[0]
    assert (view[32, 32] != background()).any()


def test_a_limit_on_textures_holds_while_drawing() -> None:
    from transforms.media.errors import MediaError

    with pytest.raises(MediaError, match="a texture of 32 x 32"):
        mesh.render_views(made.textured(), 1, 16, MeshPolicy(max_texture_pixels=100))


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for each in MODELS:
        Image.fromarray(drawn(each)).save(GOLDEN / f"mesh_{each}.png", optimize=True)
