"""Record files on the Hub: what a copy on disk gives, and only the bytes that it takes."""

from __future__ import annotations

import gzip
import io
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.hub_server import Fault, HubServer
from tests.hub_server.in_use import REPO, put
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub.patience import PATIENCE
from transforms.sources.formats import gzipped, json_list, jsonl, parquet
from transforms.sources.formats.check import check_file
from transforms.sources.formats.cut import units_of
from transforms.sources.work_unit import WorkUnit

CHANCE = random.Random(13)
ROWS, GROUP, COLUMNS = 4_000, 1_000, 6
TAIL = 64 * 1024


def table_bytes() -> bytes:
    """Six columns of strings that can't be packed, about 100 kB a column chunk."""
    columns = {f"c{n}": [CHANCE.randbytes(50).hex() for _ in range(ROWS)] for n in range(COLUMNS)}
    columns["image"] = [{"bytes": CHANCE.randbytes(500), "path": str(n)} for n in range(ROWS)]
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, row_group_size=GROUP, compression="none",
                   use_dictionary=False)  # fmt: skip
    return sink.getvalue()


TABLE = table_bytes()
RECORDS = [{"id": n, "text": CHANCE.randbytes(40).hex()} for n in range(3_000)]
LINES = b"".join(json.dumps(record).encode() + b"\n" for record in RECORDS)


@pytest.fixture
def remote(hub_in_use: HubServer, tmp_path: Path) -> str:
    """The root of a repository, listed already, with the files that are in `tmp_path` too."""
    contents = {
        "t.parquet": TABLE,
        "r.jsonl": LINES,
        "r.jsonl.gz": gzip.compress(LINES, mtime=0),
        "l.json": json.dumps(RECORDS).encode(),
    }
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
    root = put(hub_in_use, contents)
    files.exists(f"{root}/x")
    hub_in_use.log.clear()
    return root


def chunk_size(group: int, *columns: str) -> int:
    row_group = pq.ParquetFile(pa.BufferReader(TABLE)).metadata.row_group(group)
    chunks = map(row_group.column, range(row_group.num_columns))
    return sum(one.total_compressed_size for one in chunks if one.path_in_schema in columns)


def test_one_column_of_one_row_group(hub_in_use: HubServer, remote: str, tmp_path: Path) -> None:
    place = f"{remote}/t.parquet"
    units = parquet.units(place, "t.parquet", [])
    assert len(units) == ROWS // GROUP
    assert hub_in_use.log.bytes_sent("cdn") <= TAIL
    local = WorkUnit(str(tmp_path / "t.parquet"), "t.parquet", "parquet", 1, 2, 0)
    expected = list(parquet.read(local, ["c3"]))
    assert list(parquet.read(units[1], ["c3"])) == expected
    wanted = chunk_size(1, "c3")
    assert 100_000 < wanted < len(TABLE) / 40
    assert hub_in_use.log.bytes_sent("cdn") <= TAIL + wanted
    assert len(hub_in_use.log.entries("cdn", method="GET")) == 2
    assert len(hub_in_use.log.entries("hub", method="HEAD")) == 1


def test_columns_that_are_neighbours_are_one_request(hub_in_use: HubServer, remote: str) -> None:
    unit = WorkUnit(f"{remote}/t.parquet", "t.parquet", "parquet", 2, 3, 0)
    list(parquet.read(unit, ["c2", "c3", "c0", "image.path"]))
    spans = [line.range for line in hub_in_use.log.entries("cdn", method="GET")]
    assert len(spans) == 1 + 3, spans  # the footer; c0; c2 and c3; the paths without their bytes
    wanted = chunk_size(2, "c2", "c3", "c0", "image.path")
    assert hub_in_use.log.bytes_sent("cdn") <= TAIL + wanted


def test_all_of_a_table_moves_once(hub_in_use: HubServer, remote: str) -> None:
    for unit in parquet.units(f"{remote}/t.parquet", "t.parquet", []):
        list(parquet.read(unit, None))
    assert hub_in_use.log.bytes_sent("cdn") <= len(TABLE)


def test_a_look_at_a_file_moves_its_ends_only(hub_in_use: HubServer, remote: str) -> None:
    check_file(f"{remote}/t.parquet", len(TABLE))
    assert hub_in_use.log.bytes_sent("cdn") <= 16 * 1024 + TAIL
    hub_in_use.log.clear()
    check_file(f"{remote}/r.jsonl", len(LINES))
    assert hub_in_use.log.bytes_sent() <= 16 * 1024


def records(path: str, suffix: str) -> list[object]:
    name = path.rsplit("/", 1)[-1]
    size = files.matching(path)[0][1]
    (unit, *_) = units = units_of(path, name, size, [])
    if suffix == ".jsonl":
        assert unit.format == "jsonl"
        return [jsonl.read(one) for one in units]
    if suffix == ".jsonl.gz":
        return list(gzipped.lines(unit))
    return list(json_list.read(unit))


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".json"])
def test_files_of_text_are_those_of_the_disk_and_move_once(
    hub_in_use: HubServer, remote: str, tmp_path: Path, suffix: str
) -> None:
    name = "l.json" if suffix == ".json" else f"r{suffix}"
    expected = records(str(tmp_path / name), suffix)
    assert expected
    for _ in range(2):
        assert records(f"{remote}/{name}", suffix) == expected
    look = 16 * 1024 if suffix == ".json" else 0
    assert hub_in_use.log.bytes_sent() <= (tmp_path / name).stat().st_size + look


def _reads(remote: str) -> Iterator[Callable[[], object]]:
    unit = WorkUnit(f"{remote}/t.parquet", "t.parquet", "parquet", 1, 2, 0)
    yield lambda: parquet.units(unit.path, unit.file, [])
    yield lambda: list(parquet.read(unit, ["c1"]))
    yield lambda: check_file(unit.path, len(TABLE))
    for name, suffix in (("r.jsonl", ".jsonl"), ("r.jsonl.gz", ".jsonl.gz"), ("l.json", ".json")):
        yield lambda name=name, suffix=suffix: records(f"{remote}/{name}", suffix)  # type: ignore[misc]


TROUBLE = f" of {REPO}: the Hub has trouble of its own (status 500); try later"


@pytest.mark.parametrize("number", range(6))
def test_trouble_on_the_way_is_no_damage_of_the_file(
    hub_in_use: HubServer, remote: str, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(PATIENCE, "retries", 0)
    hub_in_use.faults.script("", [Fault.error(500)] * 9, method="GET")
    with pytest.raises(BuildError) as caught:
        list(_reads(remote))[number]()
    assert str(caught.value).endswith(TROUBLE)


def test_trouble_after_the_footer_came(
    hub_in_use: HubServer, remote: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PATIENCE, "retries", 0)
    (unit, *_) = parquet.units(f"{remote}/t.parquet", "t.parquet", [])
    hub_in_use.faults.script("", [Fault.error(500)] * 9, method="GET")
    with pytest.raises(BuildError) as caught:
        list(parquet.read(unit, ["c1", "image"]))
    assert str(caught.value) == f"t.parquet{TROUBLE}"
