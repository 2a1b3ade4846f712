"""How little is read: of large files the heads, whatever their format."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from checked_mirror import Mirror, said

from pipelines.sample_corpora.pictures import picture
from pipelines.source_check.meter import Enough, Meter, bounded
from transforms.beamkit import files, split_file

Copy = Callable[[str], Mirror]

LARGE = 50_000_000


class Counted(io.RawIOBase):
    """A file that says how much was read of it."""

    def __init__(self, path: str, read: dict[str, int]) -> None:
        self._file = Path(path).open("rb", buffering=0)  # noqa: SIM115 - closed by close
        self._path, self._read = path, read

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: Any) -> int:
        number = self._file.readinto(buffer) or 0
        name = os.path.basename(self._path)
        self._read[name] = self._read.get(name, 0) + number
        return number

    def close(self) -> None:
        self._file.close()
        super().close()


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Mapping[str, int]:
    """Bytes that are read of each file of a mirror, by its name."""
    counts: dict[str, int] = {}
    before = files.open_read

    def counting(path: str) -> Any:
        return Counted(path, counts) if path.startswith(str(tmp_path)) else before(path)

    monkeypatch.setattr(files, "open_read", counting)
    return counts


def test_of_json_lines_the_first(mirror: Copy, read: Mapping[str, int]) -> None:
    there = mirror("vlfeedback")
    with there.path("vlfeedback_80k.jsonl").open("ab") as file:
        file.truncate(LARGE)
    report = there.check(rows=None)
    assert report.differences == ()
    assert read["vlfeedback_80k.jsonl"] < 400_000
    assert report.looked.bytes_read >= sum(read.values()) - 10_000


def test_of_a_json_list_on_one_line_the_first(mirror: Copy, read: Mapping[str, int]) -> None:
    there = mirror("hpdv2")
    path = there.path("train.json")
    text = path.read_text()
    assert "\n" not in text
    path.write_text(text[:-1] + ", " + json.dumps({"prompt": "x" * LARGE}) + "]")
    assert there.check(rows=None).differences == ()
    assert read["train.json"] < 400_000


def test_of_parquet_the_footer_and_the_first_pages(tmp_path: Path, read: Mapping[str, int]) -> None:
    from transforms.sources.settings import Corpus

    rng = np.random.default_rng(5)
    data = picture(rng)
    rows = [
        {
            "image": {"bytes": data + rng.bytes(100_000), "path": f"{n}.jpg"},
            "question": f"q{n}",
            "chosen": "a",
            "rejected": "b",
        }
        for n in range(400)
    ]
    path = tmp_path / "RLAIF-V-Dataset_000.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path, use_dictionary=False, write_batch_size=10)
    assert path.stat().st_size > 40_000_000
    corpus = Corpus("rlaif_v", "o/n", "mit", (path.name,), "model", rows=400)
    report = Mirror("rlaif_v", tmp_path, corpus).check()
    assert report.differences == ()
    assert report.looked.records == 50
    assert read[path.name] < 4_000_000


def test_of_a_zip_the_directory_and_one_member(mirror: Copy, read: Mapping[str, int]) -> None:
    import zipfile

    there = mirror("vlfeedback")
    path = there.path("merged_images.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("large.bin", bytes(LARGE))
    assert there.check().differences == ()
    assert read["merged_images.zip"] < 700_000


def test_of_a_zip_in_parts_no_more(mirror: Copy, read: Mapping[str, int]) -> None:
    there = mirror("evalmuse")
    assert len(split_file.parts_of(str(there.path("images.zip")))) > 2
    assert there.check().differences == ()


def test_of_a_tar_the_head(mirror: Copy, read: Mapping[str, int]) -> None:
    there = mirror("omnialign_v")
    path = there.path("images.tar")
    old = path.read_bytes()
    info = tarfile.TarInfo("images/huge.bin")
    info.size = LARGE
    path.write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(LARGE // 512 * 512 + 512) + old)
    report = there.check()
    assert [severity for severity, *_ in said(report)] == ["warning"]
    assert read["images.tar"] < 8_500_000


def test_a_footer_is_not_believed(tmp_path: Path, read: Mapping[str, int]) -> None:
    from transforms.sources.settings import Corpus

    path = tmp_path / "x.parquet"
    with path.open("wb") as file:
        file.write(b"PAR1")
        file.truncate(200_000_000)
        file.seek(0, os.SEEK_END)
        file.write((150_000_000).to_bytes(4, "little") + b"PAR1")
    corpus = Corpus("skywork", "o/n", "mit", (path.name,), "model")
    report = Mirror("skywork", tmp_path, corpus).check()
    assert said(report) == [
        ("warning", "a few records to look at", "x.parquet: they take more than 100,663,296 bytes")
    ]
    assert read[path.name] < 101_000_000


def test_a_meter_counts_and_stops(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(bytes(1_000))
    meter = Meter()
    with meter.open(str(path), 1_000) as stream:
        assert len(stream.read()) == 1_000
        assert stream.seek(10) == 10
    with pytest.raises(Enough, match="more than 999 bytes"), meter.open(str(path), 999) as stream:
        stream.read()
    with pytest.raises(Enough), bounded(path.open("rb"), 5) as stream:
        stream.read(6)
    assert meter.bytes == 2_000
