"""The Skywork sample: native columns, and exactly the planted faults and traps."""

from __future__ import annotations

import unicodedata
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.sample_corpora import skywork

if TYPE_CHECKING:
    from tests.pipelines.sample_corpora.conftest import Written

Row = dict[str, Any]


def _path(written: Written) -> Path:
    return written.folder / "skywork" / skywork.FILE


def _rows(written: Written) -> list[Row]:
    return pq.read_table(_path(written)).to_pylist()  # type: ignore[no-any-return]


def _faults(row: Row) -> list[str]:
    chosen, rejected = row["chosen"], row["rejected"]
    if chosen is None or rejected is None:
        return ["missing_field"]
    found = {
        "prompts_differ": chosen[:-1] != rejected[:-1],
        "empty_response": not (chosen[-1]["content"].strip() and rejected[-1]["content"].strip()),
        "last_turn_not_assistant": {chosen[-1]["role"], rejected[-1]["role"]} != {"assistant"},
        "no_prompt": len(chosen) == 1,
        "identical_responses": chosen[-1]["content"] == rejected[-1]["content"],
        "unknown_role": any(
            turn["role"] not in ("system", "user", "assistant") for turn in chosen + rejected
        ),
    }
    return [code for code, holds in found.items() if holds]


def _traps(row: Row) -> list[str]:
    roles = [turn["role"] for turn in row["chosen"]]
    answer = row["chosen"][-1]["content"]
    found = {
        "multi_turn": roles.count("user") > 1,
        "system_turn": roles[0] == "system",
        "crlf": "\r" in answer,
        "decomposed": not unicodedata.is_normalized("NFC", answer),
        "leading_space": answer[0].isspace(),
    }
    return [name for name, holds in found.items() if holds]


def test_the_schema_is_the_native_one(faulty: Written) -> None:
    turns = pa.list_(pa.struct([("content", pa.string()), ("role", pa.string())]))
    expected = pa.schema([("chosen", turns), ("rejected", turns), ("source", pa.string())])
    assert pq.read_schema(_path(faulty)).equals(expected)
    assert faulty.planted["skywork"].files == ("data/train-00000-of-00001.parquet",)


def test_every_fault_is_planted_once_and_counted(faulty: Written) -> None:
    rows, planted = _rows(faulty), faulty.planted["skywork"]
    found = [_faults(row) for row in rows]
    assert max(map(len, found)) == 1
    assert Counter(code for codes in found for code in codes) == planted.faults
    assert set(planted.faults) == set(skywork.FAULTS)
    assert len(rows) == planted.records
    assert sum(not codes for codes in found) == planted.good


def test_every_trap_is_counted_among_good_rows(faulty: Written) -> None:
    traps = Counter(name for row in _rows(faulty) if not _faults(row) for name in _traps(row))
    assert traps == faulty.planted["skywork"].traps


def test_good_rows_are_distinct_and_take_turns(faulty: Written) -> None:
    good = [row for row in _rows(faulty) if not _faults(row)]
    assert len({repr((row["chosen"], row["rejected"])) for row in good}) == len(good)
    for row in good:
        roles = [turn["role"] for turn in row["chosen"] if turn["role"] != "system"]
        assert roles == ["user", "assistant"] * (len(roles) // 2)
        assert len(roles) in (2, 4, 6)
    assert {row["source"] for row in good} <= set(skywork.SOURCES)


def test_faults_lie_all_over_the_file(faulty: Written) -> None:
    rows = _rows(faulty)
    places = [at / len(rows) for at, row in enumerate(rows) if _faults(row)]
    assert 0.25 < np.mean(places) < 0.75
    assert min(places) < 0.4
    assert max(places) > 0.6


def test_without_faults_only_native_variants_remain(clean: Written) -> None:
    planted = clean.planted["skywork"]
    assert (planted.faults, planted.good) == ({}, planted.records)
    assert set(planted.traps) == {"multi_turn"}
    rows = _rows(clean)
    assert all(_faults(row) == [] for row in rows)
    assert Counter(name for row in rows for name in _traps(row)) == planted.traps


def test_rows_are_made_one_group_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert skywork.GROUP_ROWS == 5_000
    monkeypatch.setattr(skywork, "GROUP_ROWS", 40)
    made = 0
    held: list[int] = []
    make_row, write_table = skywork._row, pq.ParquetWriter.write_table

    def counted_row(*args: Any) -> Row:
        nonlocal made
        made += 1
        return make_row(*args)

    def counted_write(writer: pq.ParquetWriter, table: pa.Table) -> None:
        held.append(made)
        write_table(writer, table)

    monkeypatch.setattr(skywork, "_row", counted_row)
    monkeypatch.setattr(pq.ParquetWriter, "write_table", counted_write)
    skywork.write(tmp_path, 81 / skywork.FULL_SCALE, 7, True)
    assert held == [40, 80, 81]
    metadata = pq.read_metadata(tmp_path / skywork.FILE)
    groups = [metadata.row_group(at).num_rows for at in range(metadata.num_row_groups)]
    assert groups == [40, 40, 1]


def test_every_variant_of_a_fault_has_that_fault_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(skywork, "FAULTS", dict.fromkeys(skywork.FAULTS, 0.05))
    planted = skywork.write(tmp_path, 240 / skywork.FULL_SCALE, 7, True)
    assert planted.faults == dict.fromkeys(skywork.FAULTS, 12)
    rows = pq.read_table(tmp_path / skywork.FILE).to_pylist()
    found = [_faults(row) for row in rows]
    assert max(map(len, found)) == 1
    assert Counter(code for codes in found for code in codes) == planted.faults
    ends = Counter(
        (row["chosen"][-1]["role"], row["rejected"][-1]["role"])
        for row, codes in zip(rows, found, strict=True)
        if codes == ["last_turn_not_assistant"]
    )
    assert ends == {("user", "assistant"): 4, ("assistant", "user"): 4, ("user", "user"): 4}
    blanks = {
        row[side][-1]["content"]
        for row, codes in zip(rows, found, strict=True)
        for side in ("chosen", "rejected")
        if codes == ["empty_response"] and not row[side][-1]["content"].strip()
    }
    assert blanks == {"", "   ", "\n\n", " \t\r\n"}
