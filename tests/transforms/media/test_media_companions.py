"""Models of several files: what they name is found beside them and becomes one medium with them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from tests.transforms.media import mesh_models as made
from transforms.media.companions import with_companions
from transforms.media.containers import can_be_read_again, reader_of
from transforms.media.containers.found import Found
from transforms.media.errors import MediaError
from transforms.media.mesh.modality import normalise, validate
from transforms.media.mesh.references import references
from transforms.media.settings import MeshPolicy

MTL = b"newmtl wood\nmap_Kd -s 1 1 1 my wood.png\n"
OBJ = b"mtllib m.mtl\nusemtl wood\n" + made.obj_cube()
FILES = {
    "a/cube.obj": OBJ,
    "a/m.mtl": MTL,
    "a/my wood.png": made.png(),
    "plain.obj": made.obj_cube(),
    "lost.obj": b"mtllib not there.mtl\n" + made.obj_cube(),
    "outside.obj": b"mtllib ../../m.mtl\n" + made.obj_cube(),
    "greedy.obj": b"mtllib corpus.tar.gz\n" + made.obj_cube(),
    "corpus.tar.gz": b"many gigabytes",
}


def found_in(content: Mapping[str, bytes], *wanted: str) -> dict[str, bytes | MediaError]:
    def read(members: Collection[str]) -> Iterator[Found]:
        asked.update(members)
        for member in members:
            yield Found(member, content.get(member, MediaError("media_missing", member)))

    asked: set[str] = set()
    found = {one.member: one.data for one in with_companions(read, wanted, most=10)}
    assert found.keys() == set(wanted)
    assert "corpus.tar.gz" not in asked
    return found


def entries(data: bytes | MediaError) -> dict[str, bytes]:
    assert isinstance(data, bytes)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_names_are_found_as_they_are_written() -> None:
    assert references(
        "a.OBJ", b"v 0 0 0\r\nmtllib a b.mtl \r\n  mtllib c.mtl\n#mtllib d.mtl", 9
    ) == [
        "a b.mtl",
        "c.mtl",
    ]
    assert references("m.mtl", b"map_Kd -o 0 0 0 t x.png\nMAP_D m.png\nmap_Ks s.png", 9) == [
        "t x.png",
        "m.png",
    ]
    document = {"buffers": [{"uri": "a%20b.bin"}, {"uri": "data:,"}], "images": [{"uri": "p.png"}]}
    assert references("s.gltf", json.dumps(document).encode(), 9) == ["a b.bin", "p.png"]
    assert references("s.gltf", json.dumps(document).encode(), 1) == ["a b.bin"]


@pytest.mark.parametrize(
    "data", [b"", b"[", b"7", b'{"buffers": 3}', b'{"images": [1, {"uri": 2}]}']
)
def test_a_broken_gltf_names_nothing(data: bytes) -> None:
    assert references("s.gltf", data, 9) == []


def test_other_formats_name_nothing() -> None:
    assert references("a.ply", b"mtllib a.mtl\n", 9) == []
    assert references("a", b"mtllib a.mtl\n", 9) == []


def test_a_model_comes_with_its_materials_and_pictures() -> None:
    packed = entries(found_in(FILES, "a/cube.obj")["a/cube.obj"])
    assert packed == {"cube.obj": OBJ, "m.mtl": MTL, "my wood.png": made.png()}


def test_the_folder_of_a_model_is_no_part_of_its_identity() -> None:
    moved = {name.replace("a/", "b/c/"): data for name, data in FILES.items()}
    assert (
        found_in(moved, "b/c/cube.obj")["b/c/cube.obj"]
        == (found_in(FILES, "a/cube.obj")["a/cube.obj"])
    )


def test_what_stands_alone_stays_as_it_is() -> None:
    found = found_in(FILES, "plain.obj", "lost.obj", "greedy.obj")
    assert found == {name: FILES[name] for name in found}


def test_a_name_that_leaves_the_container_is_refused() -> None:
    refused = found_in(FILES, "outside.obj", "a/cube.obj")["outside.obj"]
    assert isinstance(refused, MediaError)
    assert refused.reason == "mesh_external_reference"


def test_many_models_are_read_in_rounds() -> None:
    content = {f"{n}/c.obj": OBJ for n in range(150)} | {f"{n}/m.mtl": MTL for n in range(150)}
    found = found_in(content, *(f"{n}/c.obj" for n in range(150)))
    assert all(entries(data) == {"c.obj": OBJ, "m.mtl": MTL} for data in found.values())


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_the_picture_reaches_the_product(kind: str, tmp_path: Path) -> None:
    container = tmp_path / ("models" if kind == "folder" else "models.zip")
    if kind == "zip":
        with zipfile.ZipFile(container, "w") as archive:
            for name, data in FILES.items():
                archive.writestr(f"wrapped/{name}", data)
    else:
        for name, data in FILES.items():
            (container / name).parent.mkdir(parents=True, exist_ok=True)
            (container / name).write_bytes(data)
    assert can_be_read_again(container.name)
    read = partial(reader_of(container.name), str(container))
    (found,) = with_companions(read, ["a/cube.obj"], most=10)
    assert isinstance(found.data, bytes)
    product = normalise(validate(found.data, MeshPolicy()), MeshPolicy())
    assert product.data is not None
    assert made.png() in product.data
    assert "missing_texture" not in product.changes


def test_cells_and_streams_are_not_read_again() -> None:
    assert not can_be_read_again("train.parquet")
    assert not can_be_read_again("meshes.tar.gz")
    assert can_be_read_again("meshes.tar")
