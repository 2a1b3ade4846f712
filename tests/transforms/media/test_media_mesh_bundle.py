"""Models of several files: one medium of them, and archives that mean harm."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

from tests.transforms.media import mesh_models as made
from transforms.media import mesh
from transforms.media.errors import MediaError
from transforms.media.mesh.bundle import Files, MeshBundle, inside
from transforms.media.settings import MeshPolicy

POLICY = MeshPolicy()


def zipped(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return sink.getvalue()


def refusal(data: bytes, policy: MeshPolicy = POLICY) -> str:
    with pytest.raises(MediaError) as error:
        mesh.validate(data, policy)
    return f"{error.value.reason}: {error.value.message}"


@pytest.mark.parametrize(
    ("reference", "folder", "name"),
    [
        ("a.png", "", "a.png"),
        ("./a.png", "x", "x/a.png"),
        ("t\\a b.png", "", "t/a b.png"),
        ("../textures/a.png", "source", "textures/a.png"),
    ],
)
def test_names_inside(reference: str, folder: str, name: str) -> None:
    assert inside(reference, folder) == name


@pytest.mark.parametrize(
    "reference",
    [
        "../a", "x/../../a", "/a", "\\\\host\\a", "C:\\a", "c:a", "https://h/a", "file:a", "~/a",
        "a\0b", "", "..",
    ],
)  # fmt: skip
def test_names_outside(reference: str) -> None:
    with pytest.raises(MediaError, match="outside its own files") as error:
        inside(reference)
    assert error.value.reason == "mesh_external_reference"


def test_names_are_found_without_case_unless_two_fit() -> None:
    assert Files({"T/A.png": b"1"}).find("t/a.PNG") == b"1"
    assert Files({"A.png": b"1", "a.PNG": b"2"}).find("a.png") is None
    assert Files({"a b.png": b"1"}).find("a%20b.png", quoted=True) == b"1"


def test_an_archive_with_one_model_is_opened() -> None:
    text = b"mtllib m.mtl\nusemtl a\n" + made.obj_cube()
    entries = {
        "source/m.obj": text,
        "source/m.mtl": b"newmtl a\nmap_Kd ../textures/x.png\n",
        "textures/x.png": made.png(),
        "__MACOSX/source/._m.obj": b"\0",
    }
    decoded = mesh.validate(zipped(entries), POLICY)
    assert (decoded.scene.pictures, decoded.missing) == ([made.png()], [])
    assert mesh.probe(zipped(entries), POLICY)["format"] == "obj"
    assert refusal(zipped(entries), MeshPolicy(archives="reject")).startswith("mesh_format")
    again = mesh.normalise(decoded, POLICY)
    unpacked = {name: data for name, data in entries.items() if name != "source/m.obj"}
    packed = MeshBundle("source/m.obj", text, unpacked).pack()
    assert mesh.normalise(mesh.validate(packed, POLICY), POLICY).data == again.data


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ({"a.txt": b"x"}, "mesh_format: an archive must hold one model, this one holds 0"),
        ({"a.obj": b"v 0 0 0", "b.obj": b"v 0 0 0"}, "mesh_format: .* holds 2"),
        ({"../a.obj": made.obj_cube()}, "mesh_external_reference"),
        ({"/a.obj": made.obj_cube()}, "mesh_external_reference"),
        ({"3D/3dmodel.model": b"<model/>"}, "mesh_format: 3mf"),
        ({"a.obj": b"v 0 0 0\n" * 300_000}, "mesh_too_large: 2,400,000 bytes unpacked"),
        ({str(n): b"" for n in range(1001)}, "mesh_too_large: 1,001 files"),
    ],
)
def test_archives_refused(entries: dict[str, bytes], says: str) -> None:
    import re

    assert re.match(says, refusal(zipped(entries), MeshPolicy(max_bytes=2_000_000)))


def test_links_in_an_archive_are_refused() -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("a.obj", made.obj_cube())
        link = zipfile.ZipInfo("a.mtl")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert "is a link" in refusal(sink.getvalue())


def test_an_archive_that_lies_about_sizes_is_refused() -> None:
    data = bytearray(zipped({"a.obj": b"v 0 0 0\n" * 200_000}))
    directory = data.index(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = (100).to_bytes(4, "little")
    assert refusal(bytes(data)).startswith("mesh_undecodable: the archive is damaged")


def test_files_of_the_machine_are_never_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "m.mtl").write_bytes(b"newmtl a\nKd 1 0 0\n")
    monkeypatch.chdir(tmp_path)
    text = b"mtllib m.mtl\n" + made.obj_cube()
    assert mesh.validate(text, POLICY).missing == ["m.mtl"]
    assert mesh.validate(text, POLICY, {"m.mtl": b""}).missing == []
