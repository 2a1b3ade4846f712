"""Zip archives, whole and in parts, and media spread over several containers."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.transforms.media.test_media_containers import archive, outcomes
from transforms.beamkit.errors import BuildError
from transforms.beamkit.split_file import open_whole
from transforms.media.containers import reader_of
from transforms.media.containers.found import MAX_MEMBER_BYTES
from transforms.media.containers.zip import read

BIG = bytes(range(256)) * 300


def zipped(path: Path, members: list[tuple[str, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in members:
            target.writestr(name, data)
        link = zipfile.ZipInfo("train/link.jpg")
        link.external_attr = 0o120777 << 16
        target.writestr(link, "/etc/passwd")
    return path


def in_parts(path: Path, number: int, names: list[str]) -> None:
    data = path.read_bytes()
    size = -(-len(data) // number)
    for part, name in enumerate(names):
        path.with_name(path.name + name).write_bytes(data[part * size : (part + 1) * size])
    path.unlink()


MEMBERS = [
    ("train/a.jpg", b"A"), ("b.jpg", b"B"), ("x/c.jpg", b"1"), ("y/c.jpg", b"2"), ("d/", b""),
    ("../up.jpg", b"U"), ("train/aa.jpg", b"not a"), ("big.jpg", BIG), ("unwanted", b"-"),
]  # fmt: skip


def test_members_are_found_by_the_end_of_their_name(tmp_path: Path) -> None:
    path = zipped(tmp_path / "m.zip", MEMBERS)
    wanted = ["a.jpg", "b.jpg", "c.jpg", "y/c.jpg", "up.jpg", "link.jpg", "none.jpg", "d"]
    assert outcomes(list(reader_of("m.zip")(str(path), wanted))) == {
        "a.jpg": b"A", "b.jpg": b"B", "c.jpg": "media_ambiguous", "y/c.jpg": b"2",
        "up.jpg": "unsafe_member", "link.jpg": "unsafe_member", "none.jpg": "media_missing",
        "d": "media_missing",
    }  # fmt: skip


@pytest.mark.parametrize(
    "names",
    [
        [".part-aa", ".part-ab", ".part-ac"],
        [".part1", ".part2", ".part3"],
        [".001", ".002", ".003"],
    ],
)
def test_parts_are_read_as_one_file(tmp_path: Path, names: list[str]) -> None:
    path = zipped(tmp_path / "m.zip", MEMBERS)
    whole = path.read_bytes()
    in_parts(path, 3, names)
    with open_whole(str(path)) as stream:
        assert stream.read() == whole
        stream.seek(-10, 2)
        assert stream.read() == whole[-10:]
        stream.seek(len(whole) // 3 - 2)
        assert stream.read(5) == whole[len(whole) // 3 - 2 :][:5]
    assert outcomes(list(read(str(path), ["big.jpg"]))) == {"big.jpg": BIG}


@pytest.mark.parametrize(
    ("lost", "message"),
    [(".part-ab", "the part before it is missing"), (".part-aa", "parts before it are missing")],
)
def test_a_missing_part_is_an_error_that_names_its_neighbour(
    tmp_path: Path, lost: str, message: str
) -> None:
    path = zipped(tmp_path / "m.zip", MEMBERS)
    in_parts(path, 3, [".part-aa", ".part-ab", ".part-ac"])
    path.with_name(path.name + lost).unlink()
    with pytest.raises(BuildError, match=message):
        list(read(str(path), ["big.jpg"]))


def test_a_part_with_a_digit_that_is_no_number_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "m.zip"
    for name in (".part-1", ".part-²"):
        path.with_name(path.name + name).write_bytes(b"x")
    with pytest.raises(BuildError, match="the part before it is missing"):
        list(read(str(path), ["big.jpg"]))


def test_a_lost_last_part_a_cut_or_absent_archive_is_an_error(tmp_path: Path) -> None:
    path = zipped(tmp_path / "m.zip", MEMBERS)
    cut = tmp_path / "cut.zip"
    cut.write_bytes(path.read_bytes()[:-40])
    in_parts(path, 3, [".part-aa", ".part-ab"])
    for broken in (path, cut):
        with pytest.raises(BuildError, match="truncated or damaged"):
            list(read(str(broken), ["big.jpg"]))
    with pytest.raises(BuildError, match="no such file"):
        list(read(str(tmp_path / "none.zip"), ["big.jpg"]))


def test_a_damaged_or_huge_member_costs_that_member_alone(tmp_path: Path) -> None:
    path = zipped(tmp_path / "m.zip", [("a.jpg", BIG), ("b.jpg", b"B"), ("c.jpg", b"C")])
    data = bytearray(path.read_bytes())
    data[60] ^= 0xFF  # in the packed bytes of a.jpg
    entry = data.rindex(b"PK\x01\x02", 0, data.rindex(b"c.jpg"))
    data[entry + 24 : entry + 28] = (MAX_MEMBER_BYTES + 1).to_bytes(4, "little")
    path.write_bytes(data)
    assert outcomes(list(read(str(path), ["a.jpg", "b.jpg", "c.jpg"]))) == {
        "a.jpg": "media_unreadable", "b.jpg": b"B", "c.jpg": "media_too_large",
    }  # fmt: skip


def test_media_may_lie_in_several_containers(tmp_path: Path) -> None:
    archive(tmp_path / "0.tar", [("a.jpg", b"A"), ("twice.jpg", b"1")])
    archive(tmp_path / "1.tar", [("b.jpg", b"B"), ("twice.jpg", b"2")])
    pattern = str(tmp_path / "*.tar")
    wanted = ["a.jpg", "b.jpg", "twice.jpg", "none.jpg"]
    assert outcomes(list(reader_of("*.tar")(pattern, wanted))) == {
        "a.jpg": b"A", "b.jpg": b"B", "twice.jpg": "media_ambiguous", "none.jpg": "media_missing",
    }  # fmt: skip
    with pytest.raises(BuildError, match="no file matches"):
        list(reader_of("*.zip")(str(tmp_path / "*.zip"), wanted))
