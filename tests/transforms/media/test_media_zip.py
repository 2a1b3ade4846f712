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


def damaged_in_the_middle(data: bytes, member: bytes) -> bytearray:
    """An archive whose first member has other packed bytes than it had."""
    changed = bytearray(data)
    start = data.index(member) + len(member)
    stop = data.index(b"PK\x03\x04", start)
    for at in range(start + 20, stop):
        changed[at] ^= 0x55
    return changed


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_damage_under_any_method_costs_that_member_alone(tmp_path: Path, method: int) -> None:
    path = tmp_path / "m.zip"
    with zipfile.ZipFile(path, "w", method) as target:
        target.writestr("a.jpg", BIG)
        target.writestr("b.jpg", BIG)
    path.write_bytes(damaged_in_the_middle(path.read_bytes(), b"a.jpg"))
    assert outcomes(list(read(str(path), ["a.jpg", "b.jpg"]))) == {
        "a.jpg": "media_unreadable", "b.jpg": BIG,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("offset", "value"),
    [
        (8, b"\x01\x00"),  # encrypted
        (8, b"\x41\x00"),  # strongly encrypted
        (8, b"\x20\x00"),  # patched data
        (10, b"\x09\x00"),  # Deflate64
        (10, b"\x63\x00"),  # AES
        (10, b"\xff\xff"),
    ],
)
def test_what_a_member_needs_that_is_not_read_costs_that_member_alone(
    tmp_path: Path, offset: int, value: bytes
) -> None:
    path = zipped(tmp_path / "m.zip", [("a.jpg", b"A"), ("b.jpg", b"B")])
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02")
    data[entry + offset : entry + offset + 2] = value
    path.write_bytes(data)
    assert outcomes(list(read(str(path), ["a.jpg", "b.jpg"]))) == {
        "a.jpg": "media_unreadable", "b.jpg": b"B",
    }  # fmt: skip


def test_a_name_that_is_no_text_costs_its_member_or_is_an_error_that_says_so(
    tmp_path: Path,
) -> None:
    path = tmp_path / "m.zip"
    with zipfile.ZipFile(path, "w") as target:
        target.writestr("ä.jpg", b"A")
        target.writestr("b.jpg", b"B")
    data = path.read_bytes()
    path.write_bytes(data.replace("ä".encode(), b"\xff\xff", 1))
    assert outcomes(list(read(str(path), ["ä.jpg", "b.jpg"]))) == {
        "ä.jpg": "media_unreadable", "b.jpg": b"B",
    }  # fmt: skip
    path.write_bytes(data.replace("ä".encode(), b"\xff\xff"))
    with pytest.raises(BuildError, match="truncated or damaged"):
        list(read(str(path), ["b.jpg"]))


def test_members_beyond_a_bound_are_not_read(tmp_path: Path) -> None:
    path = zipped(tmp_path / "m.zip", [("a.jpg", BIG), ("b.jpg", b"B")])
    found = list(read(str(path), ["a.jpg", "b.jpg"], largest=len(BIG) - 1))
    assert outcomes(found) == {"a.jpg": "media_too_large", "b.jpg": b"B"}


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
