"""Plain text columns: by columns or by records, the same lines give the same rows and letters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.flight import DRAFT_SCHEMA
from schemas.ids import content_key
from transforms.beamkit.errors import BuildError
from transforms.sources.adapter import RecordAdapter, SourceFile
from transforms.sources.mapped.adapter import MappedAdapter
from transforms.sources.mapped.text_columns import _blank, parse_lines
from transforms.sources.settings import Corpus

NAMES = {"prompt": "q", "chosen": "win", "rejected": "lose"}
#: What every kind of reader may meet; blank by Unicode, not by ASCII alone.
TEXT = st.text(
    st.sampled_from("ab \t\n\r\x1c\x85\u00a0\u2003\u200b\u3000é中\U0001f600"), max_size=4
)
FIELD = st.none() | TEXT


def adapter(key: str | None = "id") -> MappedAdapter:
    options = NAMES | ({} if key is None else {"key": key})
    return MappedAdapter(Corpus("mapped", "r", "mit", ("*",), "human", options=options), "c", "S")


def line(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def good(number: int) -> bytes:
    return line(id=f"g{number}", q="Q", win=f"win {number}", lose="lose", extra=[number])


Read = tuple[list[dict[str, Any]], list[dict[str, Any]], int]


def read(path: Path, by_records: bool = False, key: str | None = "id") -> Read:
    one = adapter(key)
    source = SourceFile(path.name, str(path), path.stat().st_size)
    drafts, dead, records = [], [], 0
    for unit in one.units([source]):
        for batch in RecordAdapter.read(one, unit) if by_records else one.read(unit):
            assert batch.drafts.schema.equals(DRAFT_SCHEMA)
            drafts += batch.drafts.drop_columns(["where"]).to_pylist()
            dead += batch.dead.drop_columns(["where"]).to_pylist()
            records += batch.records
    return drafts, dead, records


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("columns") / "f.jsonl"


@given(st.lists(st.tuples(FIELD, FIELD, FIELD, FIELD), min_size=1, max_size=6), st.booleans())
def test_both_ways_give_the_same_drafts_and_dead_letters(
    file: Path, rows: list[tuple[str | None, ...]], keyed: bool
) -> None:
    names = ("id", "q", "win", "lose")
    data = [line(**dict(zip(names, row, strict=True)), extra=1) for row in rows]
    file.write_bytes(b"\n".join(data) + b"\n")
    assert parse_lines(file.read_bytes(), ["q", "win", "lose"]) is not None
    key = "id" if keyed else None
    assert read(file, key=key) == read(file, by_records=True, key=key)


@given(st.lists(st.tuples(FIELD, FIELD, FIELD), min_size=1, max_size=6))
def test_lines_and_parquet_give_the_same(file: Path, rows: list[tuple[str | None, ...]]) -> None:
    records = [dict(zip(("q", "win", "lose"), row, strict=True)) for row in rows]
    file.write_bytes(b"".join(line(**record) + b"\n" for record in records))
    other = file.with_suffix(".parquet")
    schema = pa.schema([(name, pa.string()) for name in ("q", "win", "lose")])
    pq.write_table(pa.Table.from_pylist(records, schema=schema), other, row_group_size=2)
    assert read(file, key=None) == read(other, key=None)


BAD: Mapping[str, tuple[bytes, str, str]] = {
    "no json": (b"oops", "not_json", "Expecting value"),
    "cut": (b'{"id": "b", "q": "Q", "win": "w', "not_json", "Unterminated string"),
    "number": (line(id="b", q="Q", win=7, lose="l"), "not_text", "win is int"),
    "list": (line(id="b", q=["Q"], win="w", lose="l"), "not_text", "q is list"),
    "surrogate": (line(id="b", q="Q", win="\ud800", lose="l"), "lone_surrogate", "character 0"),
    "surrogate key": (line(id="\ud800", q="Q", win="w", lose="l"), "lone_surrogate", "character 0"),
    "twice": (b'{"id":"b","q":"Q","win":"w","win":"v","lose":"l"}', "not_json", "'win' occurs"),
    "two objects": (good(98) + good(99), "not_json", "Extra data"),
    "bad bytes": (b'{"id":"b","q":"\xff","win":"w","lose":"l"}', "not_json", "utf-8"),
    "bad bytes beside": (b'{"id":"b","q":"Q","win":"w","lose":"l","x":"\xff"}', "not_json", "utf"),
    "null": (line(id="b", q=None, win="w", lose="l"), "missing_field", "q is missing or null"),
    "absent": (line(id="b", q="Q", win="w"), "missing_field", "lose is missing or null"),
    "blank": (line(id="b", q="Q", win=" \t\u3000", lose="l"), "empty_response", "win is empty"),
    "first fault": (line(id="b", q="Q", win="", lose=None), "empty_response", "win is empty"),
    "deep beside": (
        line(id="b", q="Q", win="w", lose="l")[:-1] + b', "x": ' + b"[" * 200 + b"]" * 200 + b"}",
        "not_json",
        "more than 200 levels deep",
    ),
    "no object": (b"[1]", "not_a_record", "found list"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\n\n"])
def test_one_bad_line_is_one_dead_letter(tmp_path: Path, name: str, end: bytes) -> None:
    bad, reason, message = BAD[name]
    path = tmp_path / "f.jsonl"
    lines = [*map(good, range(5)), bad, *map(good, range(5, 9))]
    path.write_bytes(end.join(lines) + end)
    drafts, dead, records = read(path)
    assert [draft["key"] for draft in drafts] == [f"g{n}" for n in range(9)]
    assert [draft["first_text"] for draft in drafts] == [f"win {n}" for n in range(9)]
    assert records == 10
    (letter,) = dead
    assert (letter["stage"], letter["subset"], letter["corpus"]) == ("sources", "S", "c")
    assert letter["reason"] == reason
    assert message in letter["message"]


@pytest.mark.parametrize("name", [name for name in BAD if name != "first fault"])
def test_a_dead_letter_is_the_same_beside_any_other(tmp_path: Path, name: str) -> None:
    path = tmp_path / "f.jsonl"
    path.write_bytes(b"\n".join([good(0), BAD["first fault"][0], BAD[name][0]]) + b"\n")
    both = read(path)[1]
    path.write_bytes(b"\n".join([good(0), BAD["first fault"][0]]) + b"\n")
    assert read(path)[1] == both[:1]
    assert json.loads(both[0]["seen"]) == {"id": "b", "q": "Q", "win": "", "lose": None}


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + good(0) + b"\n" + good(1),
        good(0) + b"\n\n \n" + good(1) + b"\n",
        good(0).replace(b", ", b",\r") + b"\n" + good(1) + b"\n",
        good(0).replace(b", ", b",\r") + b"\n\n" + good(1) + b"\n",
        b"  " + good(0) + b" \n\t" + good(1),
        good(0) + b"\r\n" + good(1) + b"\r\n",
    ],
)
def test_odd_white_space_loses_and_adds_nothing(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "f.jsonl"
    path.write_bytes(data)
    drafts, dead, records = read(path)
    assert ([draft["key"] for draft in drafts], dead, records) == (["g0", "g1"], [], 2)


BRACKETS = "[{" * 150 + "}]" * 2


def test_brackets_in_a_text_are_no_depth() -> None:
    rows = [line(id="b", q=BRACKETS, win="w", lose="l", x=[[]]), good(0), line(q=BRACKETS)]
    table = parse_lines(b"\n".join(rows) + b"\n", ["q", "win", "lose"])
    assert table is not None
    assert table["q"].to_pylist() == [BRACKETS, "Q", BRACKETS]
    deep = line(id="b", q=BRACKETS, win="w", lose="l")[:-1] + b', "x": ' + b"[" * 199
    for levels, is_read in ((b"[" + b"]" * 200 + b"}", False), (b"]" * 199 + b"}", True)):
        data = b"\n".join([*rows, deep + levels])
        assert (parse_lines(data, ["q", "win", "lose"]) is not None) is is_read


def test_a_first_line_that_python_refuses_is_one_dead_letter(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_bytes(good(0)[:-1] + b', "n": ' + b"1" * 5_000 + b"}\n" + good(1))
    drafts, dead, records = read(path)
    assert ([draft["key"] for draft in drafts], records) == (["g1"], 2)
    assert [letter["reason"] for letter in dead] == ["not_json"]


@pytest.mark.parametrize("column", ["id", "q", "win"])
def test_text_that_is_no_utf_8_costs_its_own_row(tmp_path: Path, column: str) -> None:
    path = tmp_path / "f.parquet"
    rows = {name: [f"{name}{row}" for row in range(4)] for name in ("id", "q", "win", "lose")}
    table = pa.table(rows)
    bad = pa.array(
        [text.encode() if row != 2 else b"\xff" for row, text in enumerate(rows[column])]
    )
    at = table.column_names.index(column)
    pq.write_table(table.set_column(at, column, bad.cast(pa.string(), safe=False)), path)
    drafts, dead, records = read(path)
    assert ([draft["key"] for draft in drafts], records) == (["id0", "id1", "id3"], 4)
    assert [letter["reason"] for letter in dead] == ["not_utf8"]
    assert read(path) == read(path, by_records=True)


def test_keys_are_texts_and_content_stands_in_for_none(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    rows = [line(id=7, q="Q", win="w", lose="l"), line(id=None, q="Q", win="w", lose="l")]
    path.write_bytes(b"\n".join(rows))
    assert [draft["key"] for draft in read(path)[0]] == ["7", content_key("Q", "w", "l")]
    other = tmp_path / "f.parquet"
    columns = {"id": pa.array([7, None]), "q": ["Q"] * 2, "win": ["w"] * 2, "lose": ["l"] * 2}
    pq.write_table(pa.table(columns), other)
    assert [draft["key"] for draft in read(other)[0]] == ["7", content_key("Q", "w", "l")]


@pytest.mark.parametrize("rest", [b"", b"oops\n"])
def test_a_wrong_name_in_the_recipe_is_an_error_either_way(tmp_path: Path, rest: bytes) -> None:
    path = tmp_path / "f.jsonl"
    path.write_bytes(line(id="a", q="Q", better="w", lose="l") + b"\n" + rest)
    with pytest.raises(BuildError, match="key 'win' is missing from its first record"):
        read(path)


def test_a_retyped_parquet_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "f.parquet"
    pq.write_table(pa.table({"id": ["a"], "q": ["Q"], "win": [1], "lose": ["l"]}), path)
    with pytest.raises(BuildError, match="column 'win' is int64, expected text"):
        read(path)


@pytest.mark.parametrize(
    "kind", [pa.dictionary(pa.int32(), pa.string()), pa.large_string(), pa.string_view()]
)
def test_text_is_text_however_a_parquet_file_stores_it(tmp_path: Path, kind: pa.DataType) -> None:
    columns = {"id": ["a", "b"], "q": ["Q"] * 2, "win": ["w"] * 2, "lose": ["l", "m"]}
    plain, other = pa.table(columns), tmp_path / "other.parquet"
    pq.write_table(plain, tmp_path / "plain.parquet")
    pq.write_table(plain.set_column(2, "win", plain["win"].cast(kind)), other)
    expected = read(tmp_path / "plain.parquet")
    assert len(expected[0]) == 2
    assert read(other) == read(other, by_records=True) == expected


@given(
    st.lists(st.none() | st.text(" \t\n\r\x1c\x7f\xa0\u2003\u200b.é", max_size=3), max_size=8),
    st.integers(0, 8),
)
def test_a_blank_text_is_found_whatever_its_white_space(
    texts: list[str | None], skipped: int
) -> None:
    column = pa.array(texts, pa.string())[skipped:]
    trimmed = pc.utf8_trim_whitespace(column).to_pylist()
    assert _blank(column).tolist() == [row for row, text in enumerate(trimmed) if text == ""]
