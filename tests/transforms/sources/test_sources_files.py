"""Files as they come: pieces that lose nothing, bad lines that cost one row, files refused."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.beamkit.errors import BuildError
from transforms.sources.adapter import SourceFile
from transforms.sources.formats import jsonl
from transforms.sources.formats.check import check_file
from transforms.sources.mapped.adapter import MappedAdapter
from transforms.sources.rlaif_v import RlaifV
from transforms.sources.settings import Corpus
from transforms.sources.skywork import Skywork

REALDATA = Path(__file__).resolve().parents[4] / "shared" / "realdata"
OPTIONS = {"prompt": "prompt", "chosen": "chosen", "rejected": "rejected", "key": "id"}
CORPUS = Corpus("mapped", "r", "mit", ("*",), "human", options=OPTIONS)


def source(path: Path) -> SourceFile:
    return SourceFile(path.name, str(path), path.stat().st_size)


@given(st.lists(st.binary(max_size=9).filter(lambda b: b"\n" not in b), max_size=12),
       st.integers(1, 30), st.booleans())  # fmt: skip
def test_pieces_give_every_line_exactly_once(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], size: int, ended: bool
) -> None:
    path = tmp_path_factory.mktemp("j") / "f.jsonl"
    data = b"\n".join(lines) + (b"\n" if ended and lines else b"")
    path.write_bytes(data)
    pieces = [jsonl.read(unit) for unit in jsonl.units(str(path), "f", len(data), size)]
    assert b"".join(piece for _, piece in pieces) == data
    for start, piece in pieces:
        assert data[start : start + len(piece)] == piece


GOOD = {"id": "a", "prompt": "P", "chosen": "é\r\n", "rejected": " x", "margin": 1, "z": [1]}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"not json", "not_json"),
        (b'{"id": "b", "prompt": 5, "chosen": "x", "rejected": "y"}', "not_text"),
        (b'{"id": "b", "prompt": "\\ud800", "chosen": "x", "rejected": "y"}', "lone_surrogate"),
        (b'{"id": "b", "prompt": "p", "chosen": "\xff", "rejected": "y"}', "not_json"),
        (b'{"id": "b", "prompt": "p", "chosen": "x"}', "missing_field"),
        (b'{"id": "b", "prompt": "p", "chosen": "x", "rejected": "  "}', "empty_response"),
        (b'{"id": "b", "prompt": null, "chosen": "x", "rejected": "y"}', "missing_field"),
        (b'[1, 2]', "not_a_record"),
        (json.dumps(GOOD).encode() + b" " + json.dumps(GOOD).encode(), "not_json"),
        (b'{"id": "b", "prompt": "trunc', "not_json"),
    ],
)  # fmt: skip
def test_a_bad_line_costs_one_row_and_no_other(tmp_path: Path, line: bytes, reason: str) -> None:
    path = tmp_path / "f.jsonl"
    good = [json.dumps({**GOOD, "id": f"g{n}"}).encode() for n in range(20)]
    path.write_bytes(b"\n".join([*good[:10], line, *good[10:]]) + b"\n")
    adapter = MappedAdapter(CORPUS, "c", "S")
    (unit,) = adapter.units([source(path)])
    batches = list(adapter.read(unit))
    keys = [key for batch in batches for key in batch.drafts["key"].to_pylist()]
    assert keys == [f"g{n}" for n in range(20)]
    dead = [letter for batch in batches for letter in batch.dead.to_pylist()]
    assert [letter["reason"] for letter in dead] == [reason]
    assert sum(batch.records for batch in batches) == 21


def test_lines_by_column_and_by_record_give_the_same_drafts(tmp_path: Path) -> None:
    texts = ["plain", "é \u0301", "tab\t", "中文", "a\r\nb", "\u0000"]
    rows = [{**GOOD, "id": f"{n}", "chosen": text + "!"} for n, text in enumerate(texts)]
    path = tmp_path / "f.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    adapter = MappedAdapter(CORPUS, "c", "S")
    (unit,) = adapter.units([source(path)])
    (fast,) = adapter.read(unit)
    (slow,) = super(MappedAdapter, adapter).read(unit)
    assert fast.drafts.drop_columns(["where"]).equals(slow.drafts.drop_columns(["where"]))


def _lfs(path: Path) -> None:
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")


def _parquet(path: Path) -> None:
    pq.write_table(pa.table({"a": ["x"] * 99}), path)


@pytest.mark.parametrize(
    ("name", "make", "says"),
    [
        ("a.parquet", _lfs, r"a git-lfs pointer, not \.parquet: .*git lfs pull"),
        ("a.json", lambda p: p.write_text("<!doctype HTML><html>login"), "an html page, not .json"),
        ("a.tar.gz", lambda p: p.write_bytes(b""), "the file is empty"),
        ("a.tar.gz", lambda p: p.write_bytes(b"PK\x03\x04"), r"says \.tar\.gz, its content is zip"),
        ("a.jsonl", lambda p: p.write_bytes(gzip.compress(b"{}")), "its content is gzip"),
        ("a.zip", _parquet, "its content is parquet"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_what_its_name_says(
    tmp_path: Path, name: str, make: object, says: str
) -> None:
    path = tmp_path / name
    make(path)  # type: ignore[operator]
    with pytest.raises(BuildError, match=says) as error:
        check_file(str(path), path.stat().st_size)
    assert str(path) in str(error.value)


def test_a_cut_parquet_file_is_called_truncated(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    _parquet(path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(BuildError, match="Parquet file is truncated"):
        check_file(str(path), path.stat().st_size)


def test_missing_and_retyped_columns_are_named(tmp_path: Path) -> None:
    corpus = Corpus("x", "r", "mit", ("*",), "model")
    path = tmp_path / "f.parquet"
    pq.write_table(pa.table({"rejected": ["x"], "prompt": ["y"]}), path)
    with pytest.raises(BuildError, match="column 'chosen' is missing; the file has rejected"):
        Skywork(corpus, "c", "S").units([source(path)])
    turns = pa.array([[{"role": "user"}]])
    pq.write_table(pa.table({"chosen": turns, "rejected": ["x"]}), path)
    with pytest.raises(BuildError, match="column 'rejected' is string, expected list"):
        Skywork(corpus, "c", "S").units([source(path)])
    texts = {"image": ["x"], "question": ["x"], "chosen": ["x"], "rejected": ["x"]}
    pq.write_table(pa.table(texts), path)
    with pytest.raises(BuildError, match="column 'image' is string, expected struct"):
        RlaifV(corpus, "c", "S").units([source(path)])


@pytest.mark.skipif(not REALDATA.exists(), reason="the folder of real files is not here")
def test_a_real_pointer_file_is_recognised() -> None:
    path = REALDATA / "corpora" / "hh-rlhf" / "helpful-base" / "test.jsonl.gz"
    with pytest.raises(BuildError, match="git-lfs pointer"):
        check_file(str(path), path.stat().st_size)


@pytest.mark.skipif(not REALDATA.exists(), reason="the folder of real files is not here")
def test_real_message_lists_of_another_shape_are_refused_by_column() -> None:
    path = REALDATA / "corpora" / "omnireward-sharegpt" / "dpo_en_demo.json"
    adapter = MappedAdapter(CORPUS, "c", "S")
    (unit,) = adapter.units([source(path)])
    with pytest.raises(BuildError, match="key 'prompt' is missing from its first record"):
        list(adapter.read(unit))
