"""The HPDv2 sample: records beside an archive, and exactly the planted faults and traps."""

from __future__ import annotations

import io
import json
import tarfile
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from pipelines.sample_corpora import hpdv2, write_corpora
from pipelines.sample_corpora.files import TarGz

if TYPE_CHECKING:
    from tests.pipelines.sample_corpora.conftest import Written

Record = dict[str, Any]
Members = dict[str, bytes]


@cache
def _read(folder: Path) -> tuple[list[Record], Members]:
    records = json.loads((folder / "train.json").read_text(encoding="utf-8"))
    members: Members = {}
    with tarfile.open(folder / "train.tar.gz") as archive:
        for info in archive:
            assert info.isfile()
            assert info.name not in members
            file = archive.extractfile(info)
            assert file is not None
            members[info.name] = file.read()
    return records, members


def _contents(written: Written) -> tuple[list[Record], Members]:
    return _read(written.folder / "hpdv2")


def _names(record: Record) -> list[str]:
    names: list[str] = record.get("image_path") or record["file_path"]
    return names


def _decodes(data: bytes) -> bool:
    try:
        Image.open(io.BytesIO(data)).load()
    except OSError:
        return False
    return True


def _faults(record: Record, members: Members, broken: set[str]) -> list[str]:
    names = _names(record)
    known = any(name in hpdv2.KNOWN_CORRUPT for name in names)
    data = [members.get(f"train/{name}") for name in names]
    found = {
        "label_not_one_hot": record["human_preference"] not in ([0, 1], [1, 0]),
        "known_corrupt_image": known,
        "image_undecodable": not known and any(name in broken for name in names),
        "media_missing": None in data,
        "identical_responses": len(set(data)) < len(data),
        "malformed_images": len(names) != 2,
        "missing_field": record["prompt"] is None,
    }
    return [code for code, holds in found.items() if holds]


def _sorted_out(written: Written) -> tuple[list[Record], list[list[str]], Members, set[str]]:
    return _judged(written.folder / "hpdv2")


@cache
def _judged(folder: Path) -> tuple[list[Record], list[list[str]], Members, set[str]]:
    """Records, the faults of each, members, and the names of those that do not decode."""
    records, members = _read(folder)
    broken = {name.removeprefix("train/") for name, data in members.items() if not _decodes(data)}
    return records, [_faults(record, members, broken) for record in records], members, broken


def test_every_fault_is_planted_once_and_counted(faulty: Written) -> None:
    records, found, _, _ = _sorted_out(faulty)
    planted = faulty.planted["hpdv2"]
    assert max(map(len, found)) == 1
    assert Counter(code for codes in found for code in codes) == planted.faults
    assert set(planted.faults) == set(hpdv2.FAULTS)
    assert len(records) == planted.records
    assert sum(not codes for codes in found) == planted.good


def test_every_trap_is_counted(faulty: Written) -> None:
    records, found, members, _ = _sorted_out(faulty)
    good = [record for record, codes in zip(records, found, strict=True) if not codes]
    prompts = Counter(record["prompt"] for record in good)
    named = {f"train/{name}" for record in records for name in _names(record)}
    assert faulty.planted["hpdv2"].traps == {
        "extra_members": len(members.keys() - named),
        "shared_prompt": sum(number for number in prompts.values() if number > 1),
        "file_path_key": sum("file_path" in record for record in good),
        "label_reversed": sum(record["human_preference"] == [0, 1] for record in good),
    }


def test_half_the_records_use_each_key_and_each_label(faulty: Written) -> None:
    records, _ = _contents(faulty)
    assert sum("file_path" in record for record in records) == len(records) // 2
    reversed_share = np.mean([record["human_preference"] == [0, 1] for record in records])
    assert 0.4 < reversed_share < 0.6
    for record in records:
        keys = set(record)
        assert keys in (
            {"prompt", "human_preference", "image_path"},
            {"prompt", "human_preference", "file_path"},
        )


def test_broken_members_are_named_by_their_fault_alone(faulty: Written) -> None:
    records, found, _, broken = _sorted_out(faulty)
    uses: Counter[str] = Counter()
    for record, codes in zip(records, found, strict=True):
        for name in set(_names(record)) & broken:
            assert codes in (["known_corrupt_image"], ["image_undecodable"])
            uses[name] += 1
    assert set(uses) == broken
    assert set(hpdv2.KNOWN_CORRUPT) <= broken
    others = broken - set(hpdv2.KNOWN_CORRUPT)
    assert all(uses[name] == 1 for name in others)
    assert len(others) == faulty.planted["hpdv2"].faults["image_undecodable"]


def test_members_lie_under_train_and_differ_but_for_copies(faulty: Written) -> None:
    _, members = _contents(faulty)
    assert all(name.startswith("train/") and name.endswith(".jpg") for name in members)
    copies = len(members) - len(set(members.values()))
    assert copies == faulty.planted["hpdv2"].faults["identical_responses"]


def test_good_records_are_distinct_and_never_contradict(faulty: Written) -> None:
    records, found, _, _ = _sorted_out(faulty)
    wins: dict[str, set[str]] = {}
    pairs = set()
    good = [record for record, codes in zip(records, found, strict=True) if not codes]
    for record in good:
        first, second = _names(record)
        pairs.add(frozenset((first, second)))
        first_wins = record["human_preference"] == [1, 0]
        winner, loser = (first, second) if first_wins else (second, first)
        wins.setdefault(winner, set()).add(loser)
    assert len(pairs) == len(good)
    for best, beaten in wins.items():
        for middle in beaten:
            for last in wins.get(middle, ()):
                assert best not in wins.get(last, ())


def test_faults_lie_all_over_the_file(faulty: Written) -> None:
    _, found, _, _ = _sorted_out(faulty)
    places = [at / len(found) for at, codes in enumerate(found) if codes]
    assert 0.3 < np.mean(places) < 0.7
    assert min(places) < 0.25
    assert max(places) > 0.75


def test_without_faults_only_native_variants_remain(clean: Written) -> None:
    records, found, members, broken = _sorted_out(clean)
    planted = clean.planted["hpdv2"]
    assert (planted.faults, planted.good, broken) == ({}, planted.records, set())
    assert set(planted.traps) == {"shared_prompt", "file_path_key", "label_reversed"}
    assert all(codes == [] for codes in found)
    assert {f"train/{name}" for record in records for name in _names(record)} == set(members)


def test_full_scale_has_the_published_numbers() -> None:
    assert hpdv2.FULL_SCALE == 645_090
    assert hpdv2.PROMPTS * hpdv2.PICTURES_OF_PROMPT == 430_060


def test_every_variant_of_a_fault_has_that_fault_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hpdv2, "FAULTS", dict.fromkeys(hpdv2.FAULTS, 0.01))
    planted = hpdv2.write(tmp_path, 100 / hpdv2.PROMPTS, 7, True)
    assert planted.faults == dict.fromkeys(hpdv2.FAULTS, 6)
    records, found, _, _ = _judged(tmp_path)
    assert max(map(len, found)) == 1
    assert Counter(code for codes in found for code in codes) == planted.faults
    spoiled = list(zip(records, found, strict=True))
    lengths = Counter(len(_names(r)) for r, codes in spoiled if codes == ["malformed_images"])
    assert lengths == {1: 3, 3: 3}
    labels = [r["human_preference"] for r, codes in spoiled if codes == ["label_not_one_hot"]]
    assert labels == [[1, 1], [0, 0], [0.5, 0.5]] * 2


def test_running_numbers_leave_out_the_corrupt_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corrupt = ("00000003.jpg", "00000010.jpg", "00000011.jpg", "00000040.jpg")
    monkeypatch.setattr(hpdv2, "KNOWN_CORRUPT", corrupt)
    write_corpora(tmp_path, 0.0001, only=["hpdv2"])
    records, members = _read(tmp_path / "hpdv2")
    for name in corrupt:
        assert not _decodes(members[f"train/{name}"])
        assert any(name in _names(record) for record in records)


def test_the_archive_carries_no_time_owner_or_file_name(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    with TarGz.writing(path) as archive:
        archive.add("train/x.jpg", b"x" * 700)
        archive.add("train/empty.jpg", b"")
    header = path.read_bytes()[:10]
    assert header[:4] == b"\x1f\x8b\x08\x00"
    assert header[4:8] == bytes(4)
    with tarfile.open(path) as read:
        facts = [(info.name, info.size, info.mtime, info.uid, info.gid) for info in read]
    assert facts == [("train/x.jpg", 700, 0, 0, 0), ("train/empty.jpg", 0, 0, 0, 0)]


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with TarGz.writing(tmp_path / "a.tar.gz") as archive:
            archive.add("train/x.jpg", b"x")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert list(tmp_path.iterdir()) == []
