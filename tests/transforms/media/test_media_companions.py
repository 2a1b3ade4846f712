"""Models of several files: what they name is found beside them and becomes one medium with them."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from tests.transforms.media import mesh_models as made
from transforms.media.companions import Read as Reader
from transforms.media.companions import with_companions
from transforms.media.containers import can_be_read_again, reader_of
from transforms.media.containers.found import MAX_MEMBER_BYTES, Found
from transforms.media.errors import MediaError
from transforms.media.mesh.bundle import MeshBundle
from transforms.media.mesh.modality import normalise, validate
from transforms.media.mesh.references import references
from transforms.media.settings import MeshPolicy

MTL = b"newmtl wood\nmap_Kd -s 1 1 1 my wood.png\n"
OBJ = b"mtllib m.mtl\nusemtl wood\n" + made.obj_cube()
PNG = made.png()
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
    def read(members: Collection[str], *, largest: int = MAX_MEMBER_BYTES) -> Iterator[Found]:
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


def packed(kind: str, folder: Path, content: Mapping[str, bytes]) -> Reader:
    """A container of some files, as it is read."""
    path = folder / f"models{kind}"
    for name, data in content.items():
        target = path / name
        if not kind:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    if kind == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in content.items():
                archive.writestr(name, data)
    if kind == ".tar":
        with tarfile.open(path, "w") as target_archive:
            for name, data in content.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                target_archive.addfile(entry, io.BytesIO(data))
    return partial(reader_of(path.name), str(path))


def all_found(
    read: Reader, wanted: Collection[str], **more: int
) -> dict[str, dict[str, bytes] | bytes | str]:
    """The last word on each member: the files of a bundle, bytes, or the reason of a refusal."""
    last: dict[str, dict[str, bytes] | bytes | str] = {}
    for one in with_companions(read, wanted, most=10, **more):
        if isinstance(one.data, MediaError):
            last[one.member] = one.data.reason
        else:
            last[one.member] = entries(one.data) if one.data[:2] == b"PK" else one.data
    return last


KINDS = ["", ".zip", ".tar"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["~x.obj", "model:1.obj", "C:/x/y.obj", "a\\b.obj", "x\ty.obj"])
def test_odd_names_are_names(tmp_path: Path, kind: str, name: str) -> None:
    content = {name: OBJ.replace(b"m.mtl", b"./~m.mtl"), "plain.obj": b"v 0 0 0\n"}
    folder = name.rpartition("/")[0]
    content |= {f"{folder}/~m.mtl".lstrip("/"): MTL, f"{folder}/my wood.png".lstrip("/"): PNG}
    found = all_found(packed(kind, tmp_path, content), [name, "plain.obj"])
    assert found["plain.obj"] == b"v 0 0 0\n"
    bundle = found[name]
    assert isinstance(bundle, dict)
    assert sorted(bundle.values()) == sorted([content[name], MTL, PNG])
    assert {"~m.mtl", "my wood.png"} < set(bundle)
    data = MeshBundle(next(n for n in bundle if n.endswith(".obj")), content[name], bundle).pack()
    assert validate(data, MeshPolicy()).missing == []


def test_whatever_is_raised_over_one_model_costs_that_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = MeshBundle.pack

    def failing(bundle: MeshBundle) -> bytes:
        if bundle.name == "bad.obj":
            raise OSError("the disk is on fire")
        return pack(bundle)

    monkeypatch.setattr(MeshBundle, "pack", failing)
    content = {"bad.obj": OBJ, "good.obj": OBJ, "m.mtl": MTL}
    found = all_found(packed("", tmp_path, content), ["bad.obj", "good.obj"])
    assert found == {"bad.obj": "mesh_fault", "good.obj": {"good.obj": OBJ, "m.mtl": MTL}}


@pytest.mark.parametrize("kind", [".zip", ".tar"])
@pytest.mark.parametrize("wanted", ["chair.obj", "a/chair.obj", "/a/chair.obj"])
def test_files_are_looked_for_beside_the_entry_that_was_found(
    tmp_path: Path, kind: str, wanted: str
) -> None:
    content = {"b/m.mtl": b"newmtl other", "b/my wood.png": b"other", "a/chair.obj": OBJ}
    content |= {"a/m.mtl": MTL, "a/my wood.png": b"png", "m.mtl": b"newmtl third"}
    assert all_found(packed(kind, tmp_path, content), [wanted]) == {
        wanted: {"chair.obj": OBJ, "m.mtl": MTL, "my wood.png": b"png"}
    }
    alone = {name: data for name, data in content.items() if not name.startswith("a/m")}
    (tmp_path / "alone").mkdir()
    assert all_found(packed(kind, tmp_path / "alone", alone), [wanted]) == {wanted: OBJ}


@pytest.mark.parametrize("kind", [".zip", ".tar"])
@pytest.mark.parametrize("many", [1, 64])
def test_a_model_that_could_be_several_is_ambiguous(
    tmp_path: Path, kind: str, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transforms.media.companions._MODELS", many)
    content = {"a/chair.obj": OBJ, "a/m.mtl": MTL, "b/chair.obj": OBJ, "b/m.mtl": MTL}
    found = all_found(packed(kind, tmp_path, content), ["chair.obj", "a/chair.obj"])
    assert found == {
        "chair.obj": "media_ambiguous",
        "a/chair.obj": {"chair.obj": OBJ, "m.mtl": MTL},
    }


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("twice", ["m.mtl", "my wood.png"])
def test_a_model_whose_file_could_be_several_is_ambiguous(tmp_path: Path, twice: str) -> None:
    path = tmp_path / "models.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("x.obj", "m.mtl", "my wood.png", twice):
            archive.writestr(f"a/{name}", {"x.obj": OBJ, "m.mtl": MTL}.get(name, b"png"))
    (found,) = with_companions(partial(reader_of(path.name), str(path)), ["x.obj"], most=10)
    assert isinstance(found.data, MediaError)
    assert (found.data.reason, f"names /a/{twice}" in found.data.message) == (
        "media_ambiguous",
        True,
    )


@pytest.mark.parametrize("kind", [".zip", ".tar"])
def test_a_member_may_be_named_from_the_root(tmp_path: Path, kind: str) -> None:
    content = {"train/x.obj": OBJ, "train/m.mtl": MTL, "test/train/x.obj": OBJ, "y.obj": OBJ}
    found = all_found(packed(kind, tmp_path, content), ["/train/x.obj", "/y.obj"])
    assert found == {"/train/x.obj": {"x.obj": OBJ, "m.mtl": MTL}, "/y.obj": OBJ}


@pytest.mark.parametrize("kind", KINDS)
def test_several_libraries_on_one_line(tmp_path: Path, kind: str) -> None:
    text = OBJ.replace(b"m.mtl", b"one.mtl  my two.MTL")
    content = {"x.obj": text, "one.mtl": b"newmtl a\n", "my two.MTL": MTL, "my wood.png": PNG}
    (bundle,) = all_found(packed(kind, tmp_path, content), ["x.obj"]).values()
    assert bundle == content
    read = validate(MeshBundle("x.obj", text, content).pack(), MeshPolicy())
    assert (read.missing, read.scene.pictures) == ([], [PNG])
    whole = {"x.obj": text, "one.mtl  my two.MTL": MTL, "my wood.png": PNG}
    (tmp_path / "whole").mkdir()
    (bundle,) = all_found(packed(kind, tmp_path / "whole", whole), ["x.obj"]).values()
    assert bundle == whole
    read = validate(MeshBundle("x.obj", text, whole).pack(), MeshPolicy())
    assert (read.missing, read.scene.pictures) == ([], [PNG])


def test_what_a_model_names_is_bounded_in_bytes(tmp_path: Path) -> None:
    content = {"x.obj": OBJ, "m.mtl": MTL, "my wood.png": bytes(1000), "y.obj": OBJ + b"#" * 999}
    size = sum(len(content[name]) for name in ("x.obj", "m.mtl", "my wood.png"))
    read = packed(".zip", tmp_path, content)
    assert all_found(read, ["x.obj"], most_bytes=size - 1) == {"x.obj": "mesh_too_large"}
    found = all_found(read, ["x.obj", "y.obj"], most_bytes=size)
    assert found["x.obj"] == {name: content[name] for name in ("x.obj", "m.mtl", "my wood.png")}
    assert found["y.obj"] == "mesh_too_large"
    alone = all_found(read, ["y.obj"], most_bytes=len(OBJ) + 998)  # refused when it is opened
    assert alone == {"y.obj": content["y.obj"]}


def test_models_whose_files_are_too_much_together_are_packed_in_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transforms.media.companions._BYTES", 2_500)
    content = {f"{n}/x.obj": b"mtllib m.mtl\n" for n in range(5)}
    content |= {f"{n}/m.mtl": b"%d" % n * 1000 for n in range(5)}
    read = packed(".zip", tmp_path, content)
    held: list[int] = []

    def counted(names: Collection[str], *, largest: int = MAX_MEMBER_BYTES) -> Iterator[Found]:
        held.append(0)
        for one in read(names, largest=largest):
            held[-1] += len(one.data) if isinstance(one.data, bytes) else 0
            yield one

    wanted = [f"{n}/x.obj" for n in range(5)]
    found = {one.member: one.data for one in with_companions(counted, wanted, 10, 2_000)}
    assert {name: entries(data)["m.mtl"] for name, data in found.items()} == {
        f"{n}/x.obj": b"%d" % n * 1000 for n in range(5)
    }
    assert max(held) <= 3_000


def test_a_gltf_of_very_many_values_is_not_read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transforms.media.mesh.references.MAX_JSON_MARKS", 100)
    small = b'{"buffers": [{"uri": "a.bin"}], "a": [' + b"[]," * 40 + b"0]}"
    assert references("s.gltf", small, 9) == ["a.bin"]
    large = b'{"buffers": [{"uri": "a.bin"}], "a": [' + b"[]," * 60 + b"0]}"
    monkeypatch.setattr(json, "loads", lambda _: pytest.fail("it was read"))
    assert references("s.gltf", large, 9) == []


def test_no_more_names_are_taken_than_may_be() -> None:
    many = b"mtllib a.mtl\n" + b"".join(b"mtllib %d.mtl\n" % n for n in range(50))
    assert references("a.obj", many, 2) == ["a.mtl", "0.mtl"]
    assert references("a.obj", b"mtllib " + b"x" * 5_000 + b".mtl\nmtllib a.mtl", 9) == ["a.mtl"]


def test_cells_and_streams_are_not_read_again() -> None:
    assert not can_be_read_again("train.parquet")
    assert not can_be_read_again("meshes.tar.gz")
    assert can_be_read_again("meshes.tar")
