"""Media in containers on the Hub: what a copy on disk gives, and only the bytes that it takes."""

from __future__ import annotations

import gzip
import io
import itertools
import random
import tarfile
import zipfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.hub_server import Fault, HubServer
from tests.hub_server.in_use import REPO, cache_of, put
from tests.hub_server.messages import Request, Response
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub import reading
from transforms.beamkit.hub.patience import PATIENCE
from transforms.media.containers import cells, reader_of, tar, tar_index
from transforms.media.containers.found import Found
from transforms.media.errors import MediaError

CHANCE = random.Random(11)
#: 200 members of 5,000 bytes that can't be packed any tighter.
MEMBERS = {f"train/{n:03}.jpg": CHANCE.randbytes(5_000) for n in range(200)}
WANTED = ["003.jpg", "train/120.jpg", "121.jpg", "199.jpg", "none.jpg"]
#: Headers, a directory or padding, and what neighbours cost.
OVERHEAD = 120_000


def zipped() -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in MEMBERS.items():
            target.writestr(name, data)
    return sink.getvalue()


def tarred(members: Mapping[str, bytes] = MEMBERS) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as target:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            target.addfile(entry, io.BytesIO(data))
        link = tarfile.TarInfo("train/link.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        target.addfile(link)
    return sink.getvalue()


def in_cells() -> bytes:
    column = pa.array([{"bytes": data, "path": name} for name, data in MEMBERS.items()])
    table = pa.table({"image": column, "text": ["-" * 900] * len(MEMBERS)})
    sink = io.BytesIO()
    pages = {"data_page_size": 20_000, "write_batch_size": 4}  # one is read in one piece
    pq.write_table(
        table, sink, row_group_size=50, compression="none", use_dictionary=False, **pages
    )
    return sink.getvalue()


def told(found: Collection[Found]) -> list[tuple[str, object]]:
    """What was found, in its order; reasons in place of errors."""
    return [
        (one.member, one.data.reason if isinstance(one.data, MediaError) else one.data)
        for one in found
    ]


def both(hub: HubServer, tmp_path: Path, contents: Mapping[str, bytes]) -> tuple[str, str]:
    """The folder of the files on disk, and the address of their repository, listed already."""
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
    root = put(hub, contents)
    files.exists(f"{root}/x")
    hub.log.clear()
    return str(tmp_path), root


def test_few_members_of_a_zip(hub_in_use: HubServer, tmp_path: Path) -> None:
    disk, root = both(hub_in_use, tmp_path, {"m.zip": zipped()})
    found = told(list(reader_of("m.zip")(f"{root}/m.zip", WANTED)))
    assert found == told(list(reader_of("m.zip")(f"{disk}/m.zip", WANTED)))
    assert dict(found)["121.jpg"] == MEMBERS["train/121.jpg"]
    assert hub_in_use.log.bytes_sent("cdn") < 4 * 5_000 + OVERHEAD
    hub_in_use.log.clear()
    list(reader_of("m.zip")(f"{root}/m.zip", WANTED))
    assert hub_in_use.log.entries() == []


def test_neighbours_in_a_zip_are_one_request(hub_in_use: HubServer, tmp_path: Path) -> None:
    _, root = both(hub_in_use, tmp_path, {"m.zip": zipped()})
    list(reader_of("m.zip")(f"{root}/m.zip", [f"{n:03}.jpg" for n in range(30, 60)]))
    spans = [line.range for line in hub_in_use.log.entries("cdn", method="GET")]
    assert len(spans) <= 3, spans  # the members, and the end with the directory


def test_a_zip_in_parts(hub_in_use: HubServer, tmp_path: Path) -> None:
    data = zipped()
    cuts = [0, 100_003, 400_000, 620_001, 623_000, len(data)]
    spans = zip("abcde", cuts, cuts[1:], strict=False)
    parts = {f"m.zip.part-a{letter}": data[start:stop] for letter, start, stop in spans}
    disk, root = both(hub_in_use, tmp_path, parts)
    found = told(list(reader_of("m.zip")(f"{root}/m.zip", WANTED)))
    assert found == told(list(reader_of("m.zip")(f"{disk}/m.zip", WANTED)))
    assert hub_in_use.log.bytes_sent("cdn") < 4 * 5_000 + 2 * OVERHEAD
    assert hub_in_use.log.entries("cdn", path="part-ab") == []


def test_a_tar_is_passed_through_once_and_read_by_its_index_from_then_on(
    hub_in_use: HubServer, tmp_path: Path
) -> None:
    data = tarred()
    disk, root = both(hub_in_use, tmp_path, {"m.tar": data})
    wanted = [*WANTED, "link.jpg"]
    expected = told(list(tar.read(f"{disk}/m.tar", wanted)))
    assert told(list(tar.read(f"{root}/m.tar", wanted))) == expected
    assert hub_in_use.log.bytes_sent("cdn") == len(data)
    hub_in_use.log.clear()
    assert told(list(tar.read(f"{root}/m.tar", wanted))) == expected
    assert hub_in_use.log.bytes_sent("cdn") <= 4 * 5_000 + 64 * 1024  # the last lies at the end
    hub_in_use.log.clear()
    assert told(list(tar.read(f"{root}/m.tar", wanted))) == expected
    assert hub_in_use.log.entries() == []


@pytest.mark.parametrize("note", [b"", b"ARROW1 and no more", b"text"])
def test_an_index_that_is_damaged_is_made_anew(
    hub_in_use: HubServer, tmp_path: Path, note: bytes
) -> None:
    data = tarred()
    disk, root = both(hub_in_use, tmp_path, {"m.tar": data})
    expected = told(list(tar.read(f"{disk}/m.tar", WANTED)))
    list(tar.read(f"{root}/m.tar", WANTED))
    (index,) = (cache_of(tmp_path) / tar_index.KIND).iterdir()
    good = index.read_bytes()
    index.write_bytes(note or good[: len(good) // 2])
    assert told(list(tar.read(f"{root}/m.tar", WANTED))) == expected
    assert hub_in_use.log.bytes_sent("cdn") == 2 * len(data)
    assert index.read_bytes() == good


def test_a_gzipped_tar_moves_once_and_leaves_nothing(hub_in_use: HubServer, tmp_path: Path) -> None:
    data = gzip.compress(tarred(), mtime=0)
    disk, root = both(hub_in_use, tmp_path, {"m.tar.gz": data})
    found = told(list(tar.read(f"{root}/m.tar.gz", WANTED)))
    assert found == told(list(tar.read(f"{disk}/m.tar.gz", WANTED)))
    assert hub_in_use.log.bytes_sent("cdn") == len(data)
    kept = {path.name for path in cache_of(tmp_path).iterdir()}
    assert kept == {"trees"}


@pytest.mark.parametrize("stop", [0, 512, 700, 5_632, 5_633, 20_000, 300_000, 2_000_000])
def test_the_beginning_of_a_tar_is_the_same_with_an_index_as_without(
    hub_in_use: HubServer, tmp_path: Path, stop: int
) -> None:
    disk, root = both(hub_in_use, tmp_path, {"m.tar": tarred()})
    wanted = [f"{n:03}.jpg" for n in range(0, 200, 3)] + ["link.jpg", "train/003.jpg"]
    expected = told(list(tar.read(f"{disk}/m.tar", wanted, stop)))
    assert {member for member, _ in expected} == set(wanted), "nothing is lost in silence"
    assert told(list(tar.read(f"{root}/m.tar", wanted, stop))) == expected
    list(tar.read(f"{root}/m.tar", wanted))  # leaves an index
    assert any((cache_of(tmp_path) / tar_index.KIND).iterdir())
    assert told(list(tar.read(f"{root}/m.tar", wanted, stop))) == expected


@pytest.mark.parametrize("name", ["m.tar", "m.tar.gz", "m.zip"])
def test_one_entry_may_answer_two_members(hub_in_use: HubServer, tmp_path: Path, name: str) -> None:
    data = {"m.tar": tarred, "m.tar.gz": lambda: gzip.compress(tarred()), "m.zip": zipped}[name]()
    places = both(hub_in_use, tmp_path, {name: data})
    wanted = ["003.jpg", "train/003.jpg", "/train/003.jpg"]
    for place in (*places, places[1]):
        found = dict(told(list(reader_of(name)(f"{place}/{name}", wanted))))
        assert found == dict.fromkeys(wanted, MEMBERS["train/003.jpg"])


def test_cells_of_one_row_group(
    hub_in_use: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = in_cells()
    disk, root = both(hub_in_use, tmp_path, {"m.parquet": data})
    wanted = [f"image/2/{row}" for row in (0, 7, 49)]
    sizes: list[int] = []
    read = reading.RangedFile.read

    def noted(self: reading.RangedFile, size: int | None = -1, /) -> bytes:
        if self.tell() < 900_000:  # of cells; the footer lies behind them
            sizes.append(size or -1)
        return read(self, size)

    monkeypatch.setattr(reading.RangedFile, "read", noted)
    monkeypatch.setattr(cells, "_BUFFER", 70_000)
    found = told(list(cells.read(f"{root}/m.parquet", wanted)))
    assert found == told(list(cells.read(f"{disk}/m.parquet", wanted)))
    assert [data for _, data in found] == [MEMBERS[f"train/{n}.jpg"] for n in (100, 107, 149)]
    assert hub_in_use.log.bytes_sent("cdn") < 50 * 5_000 + OVERHEAD
    assert max(sizes) <= 70_000 + 25_000, "a column chunk is read in steps, not much over a page"


@pytest.mark.parametrize("name", ["m.zip", "m.tar", "m.tar.gz", "m.parquet", "m"])
def test_trouble_on_the_way_is_no_damage_of_the_file(
    hub_in_use: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    contents = {
        "m.zip": zipped(),
        "m.tar": tarred(),
        "m.tar.gz": gzip.compress(tarred()),
        "m.parquet": in_cells(),
        "m/train/003.jpg": b"picture",
    }
    monkeypatch.setattr(PATIENCE, "retries", 0)
    wanted = {"m.parquet": ["image/1/3"], "m": ["train/003.jpg"]}.get(name, WANTED)
    root = put(hub_in_use, contents)
    files.exists(f"{root}/x")
    for good in range(3):  # the first request fails, or the second, or the third
        answered = itertools.count()

        def failing(
            request: Request, _: Response, good: int = good, answered: Iterator[int] = answered
        ) -> Fault | None:
            return Fault.error(500) if request.host == "cdn" and next(answered) >= good else None

        with monkeypatch.context() as patch:
            patch.setenv("OMNIREWARD_CACHE", str(tmp_path / f"cache {good}"))
            files.exists(f"{root}/x")
            patch.setattr(hub_in_use.faults, "choose", failing)
            try:
                found = list(reader_of(name)(f"{root}/{name}", wanted))
            except BuildError as error:
                told_so = str(error)
            else:  # two requests may be all that it takes
                assert good
                assert found
                continue
        assert told_so.endswith(
            f" of {REPO}: the Hub has trouble of its own (status 500); try later"
        )
