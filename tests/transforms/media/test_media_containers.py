"""Archives, cells and folders: what is wanted is found, what is hostile is refused."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from transforms.beamkit.errors import BuildError
from transforms.media.containers import cells, folder, reader_of, tar
from transforms.media.containers.found import Found
from transforms.media.errors import MediaError


def outcome(found: Found) -> bytes | str:
    return found.data.reason if isinstance(found.data, MediaError) else found.data


def outcomes(found: list[Found]) -> dict[str, bytes | str]:
    return {one.member: outcome(one) for one in found}


def archive(path: Path, members: list[tuple[str, bytes]]) -> str:
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as target:
        for name, data in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            target.addfile(entry, io.BytesIO(data))
        link = tarfile.TarInfo("train/link.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        target.addfile(link)
    return str(path)


MEMBERS = [
    ("train/a.jpg", b"A"), ("./b.jpg", b"B"), ("x/c.jpg", b"1"), ("y/c.jpg", b"2"),
    ("../up.jpg", b"U"), ("/abs.jpg", b"R"), ("train/aa.jpg", b"not a"), ("unwanted", b"-"),
]  # fmt: skip


@pytest.mark.parametrize("name", ["m.tar.gz", "m.tar"])
def test_members_are_found_by_the_end_of_their_name(tmp_path: Path, name: str) -> None:
    path = archive(tmp_path / name, MEMBERS)
    wanted = ["a.jpg", "b.jpg", "c.jpg", "y/c.jpg", "up.jpg", "abs.jpg", "link.jpg", "none.jpg"]
    assert outcomes(list(reader_of(name)(path, wanted))) == {
        "a.jpg": b"A", "b.jpg": b"B", "c.jpg": "media_ambiguous", "y/c.jpg": b"2",
        "up.jpg": "unsafe_member", "abs.jpg": "unsafe_member", "link.jpg": "unsafe_member",
        "none.jpg": "media_missing",
    }  # fmt: skip


def test_a_cut_archive_is_an_error_that_says_so(tmp_path: Path) -> None:
    path = Path(archive(tmp_path / "m.tar.gz", [("a.jpg", bytes(range(256)) * 400)] * 3))
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(BuildError, match="truncated or damaged after"):
        list(tar.read(str(path), ["z.jpg"]))


def test_cells_of_a_row_group(tmp_path: Path) -> None:
    path = tmp_path / "f.parquet"
    values = [{"bytes": b"x%d" % n, "path": "p"} for n in range(6)]
    values[4] = {"bytes": None, "path": "elsewhere.jpg"}
    pq.write_table(pa.table({"image": values}), path, row_group_size=3)
    found = list(cells.read(str(path), ["image/1/0", "image/1/1", "image/1/2"]))
    assert outcomes(found) == {
        "image/1/0": b"x3", "image/1/1": "media_missing", "image/1/2": b"x5",
    }  # fmt: skip


def test_folders_are_not_left(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(b"A")
    (tmp_path / "secret").write_bytes(b"S")
    wanted = ["a.png", "../secret", str(tmp_path / "secret"), "b.png"]
    assert list(outcomes(list(folder.read(str(tmp_path / "in"), wanted))).values()) == [
        "unsafe_member", "unsafe_member", b"A", "media_missing",
    ]  # fmt: skip


def test_an_unknown_container_says_what_can_be_read() -> None:
    with pytest.raises(BuildError, match=r"x\.rar: media can be read from \.parquet"):
        reader_of("x.rar")
