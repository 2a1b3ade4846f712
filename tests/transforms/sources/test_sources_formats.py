"""Record files that can't be cut: delimited, gzipped, and `.json` files that hold lines."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from transforms.beamkit.errors import BuildError
from transforms.sources.formats import gzipped, json_items
from transforms.sources.formats.cut import units_of
from transforms.sources.records import Place, Unreadable, read_records


def read(path: Path) -> list[tuple[Place, Any]]:
    units = units_of(str(path), path.name, path.stat().st_size, ())
    return [found for unit in units for found in read_records(unit, (), None)]


def records(path: Path) -> list[Any]:
    return [record for _, record in read(path)]


@pytest.mark.parametrize(("name", "mark"), [("t.csv", ","), ("t.tsv", "\t")])
def test_delimited_rows_are_records_of_text(tmp_path: Path, name: str, mark: str) -> None:
    path = tmp_path / name
    rows = [["a", "b"], ["1", '"two\r\nlines"'], ["ä", ""], ["short"]]
    text = "\ufeff" + "\r\n".join(mark.join(row) for row in rows) + "\r\n"
    path.write_bytes(text.encode())
    assert read(path) == [
        (Place(name, 0), {"a": "1", "b": "two\r\nlines"}),
        (Place(name, 1), {"a": "ä", "b": ""}),
        (Place(name, 2), {"a": "short", "b": None}),
    ]


def test_a_csv_may_be_separated_by_semicolons_or_tabs(tmp_path: Path) -> None:
    for name, text in (("s.csv", 'a;b\n1;"x;y"\n'), ("t.csv", "a\tb\n1\tx;y\n")):
        path = tmp_path / name
        path.write_text(text)
        assert records(path) == [{"a": "1", "b": "x;y"}]


def test_tabs_without_quoting_keep_their_quotes(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text('a\tb\n"Well" he said\t"\n1\t2\n')
    assert records(path) == [{"a": '"Well" he said', "b": '"'}, {"a": "1", "b": "2"}]
    path.write_text('a\tb\n"Well, he said"\t"two\nlines"\n')
    assert records(path) == [{"a": "Well, he said", "b": "two\nlines"}]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv.gz", "a,b\n1,x\n"),
        ("t.tsv.gz", "a\tb\n1\tx\n"),
        ("t.json.gz", '[{"a": "1", "b": "x"}]'),
        ("u.json.gz", '{"a": "1", "b": "x"}\n'),
        ("t.ndjson.gz", '{"a": "1", "b": "x"}\n'),
        ("t.ndjson", '{"a": "1", "b": "x"}\n'),
    ],
)
def test_every_form_may_be_gzipped(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    data = gzip.compress(text.encode()) if name.endswith(".gz") else text.encode()
    path.write_bytes(data)
    assert records(path) == [{"a": "1", "b": "x"}]
    if name.endswith(".gz"):
        path.write_bytes(data[:-9])
        with pytest.raises(BuildError, match="truncated or damaged"):
            records(path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a,b\n1,2,3\n", "more fields than the header"),
        (b"a,a\n1,2\n", "names 'a' twice"),
        (b'a,b\n1,"open\n', "not readable as delimited text after 0 rows"),
        (b"a,b\n1,\xff\n", "not readable as delimited text"),
    ],
)
def test_a_bad_table_is_an_error_that_says_so(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(data)
    with pytest.raises(BuildError, match=message):
        read(path)


def test_gzipped_lines_are_records(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"a": 1}\n\n{bad\n{"a": 2}'))
    first, bad, last = read(path)
    assert (first, last) == ((Place(path.name, 0), {"a": 1}), (Place(path.name, 15), {"a": 2}))
    assert isinstance(bad[1], Unreadable)


def test_a_cut_gzip_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"a": 1}\n' * 1_000)[:-9])
    with pytest.raises(BuildError, match="truncated or damaged"):
        read(path)


def test_a_line_without_an_end_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gzipped, "MAX_LINE", 1_000)
    path = tmp_path / "t.jsonl.gz"
    path.write_bytes(gzip.compress(b"x" * 5_000))
    with pytest.raises(BuildError, match="longer than"):
        read(path)


def test_a_json_file_may_hold_a_list_or_lines(tmp_path: Path) -> None:
    wanted = [{"a": 1}, {"a": [{"b": 2}]}]
    path = tmp_path / "t.json"
    for text in (
        json.dumps(wanted),
        json.dumps(wanted, indent=1),
        "\n".join(map(json.dumps, wanted)),
    ):
        path.write_text(text)
        assert records(path) == wanted


def test_a_json_file_of_one_object_is_no_list(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text(json.dumps({"a": {"b": 1}}, indent=1))
    with pytest.raises(BuildError, match="expected a JSON list"):
        records(path)


def test_other_files_hold_no_records(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    path.write_bytes(b"x")
    with pytest.raises(BuildError, match="records are read from"):
        read(path)


@pytest.mark.parametrize("before", [0, 5, 7, 8, 9, 11, 14, 40])
def test_half_a_character_in_a_list_is_kept_and_a_whole_one_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    monkeypatch.setattr(json_items, "BLOCK", 32)
    path = tmp_path / "t.json"
    whole = {"a": "x" * before + "\U0001f600\\ud83d"}
    path.write_text(json.dumps([whole, whole]))
    assert records(path) == [whole, whole]
    half = {"a": "x" * before + "\ud800", "b": "\U0001f600"}
    path.write_text(json.dumps([whole, half, whole]))
    assert records(path) == [whole, half, whole]
