"""JSON lists told apart without being parsed: any text, blocks of any size, any depth."""

from __future__ import annotations

import io
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.sources.formats import brackets, json_items
from transforms.sources.formats.brackets import depth_of
from transforms.sources.formats.json_items import (
    CutShortError,
    ItemsError,
    OtherTextError,
    Run,
    runs,
    split,
)
from transforms.sources.formats.json_text import MAX_DEPTH, JsonReader, TooDeepError, parse_json

TEXT = st.text(st.sampled_from('ab",[]{}\\\n é\ud800\U0001f600'), max_size=6)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def in_blocks(data: bytes, size: int, opening: bytes = b"[") -> list[Run]:
    """The runs of a list that is read in blocks of so many bytes."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (brackets, json_items):
            patch.setattr(module, "BLOCK", size)
        return list(runs(io.BytesIO(data), opening))


def parts(found: list[Run]) -> list[bytes]:
    return [item for run in found for item in split(run)]


def depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max(map(depth, inner), default=0) if isinstance(value, dict | list) else 0


@given(st.lists(VALUE, max_size=5), st.integers(1, 40), st.booleans(), st.sampled_from([None, 1]))
def test_items_are_those_of_the_list(
    values: list[Any], size: int, ascii_only: bool, indent: int | None
) -> None:
    text = json.dumps(values, ensure_ascii=ascii_only, indent=indent)
    found = in_blocks(text.encode("utf-8", "surrogatepass"), size)
    assert [parse_json(item) for item in parts(found)] == values
    assert sum(run.items for run in found) == len(values)
    for run in found:
        assert depth(parse_json(b"[%b]" % run.text)) - 1 == run.depth


@given(st.dictionaries(TEXT, VALUE, max_size=5), st.integers(1, 40))
def test_members_are_those_of_the_object(values: dict[str, Any], size: int) -> None:
    found = in_blocks(json.dumps(values).encode(), size, b"{")
    members = [parse_json(b"{%b}" % member) for member in parts(found)]
    assert [pair for member in members for pair in member.items()] == list(values.items())


@given(
    st.lists(VALUE, max_size=4),
    st.lists(st.tuples(st.integers(0, 200), st.sampled_from([*'",[]{}\\1 ', ""])), max_size=2),
    st.integers(1, 40),
)
def test_what_is_no_list_is_never_taken_for_one(
    values: list[Any], changes: list[tuple[int, str]], size: int
) -> None:
    text = json.dumps(values)
    for place, put in changes:
        at = place % (len(text) + 1)
        text = text[:at] + put + text[at + (not put) :]
    try:
        expected = json.loads(text)
    except ValueError:
        expected = None
    try:
        found = in_blocks(text.encode(), size)
        taken = [value for run in found for value in parse_json(b"[%b]" % run.text)]
        assert taken == [parse_json(item) for item in parts(found)]
    except ValueError:
        assert not isinstance(expected, list)
    else:
        assert taken == expected


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ('{"a": 1}', OtherTextError, "does not begin with"),
        ("", OtherTextError, "does not begin with"),
        ("[1, 2", CutShortError, "never closed"),
        ('[{"a": "x', CutShortError, "never closed"),
        ('[{"a": tru', CutShortError, "never closed"),
        ("[1, 2] 3", ItemsError, "more text follows"),
        ("[1} ", ItemsError, "} stands where ] is due"),
        ("[1, ]", ItemsError, "a value is missing"),
        ("[, 1]", ItemsError, "a value is missing"),
        # A stray quote hides all brackets behind it.
        ('[{"a": "x"y"}, ' + '{"a": "z"}, ' * 9 + "1]", ItemsError, "Expecting ',' delimiter"),
    ],
)
def test_what_is_wrong_is_said(text: str, error: type[ItemsError], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        in_blocks(text.encode(), 2)
    assert type(caught.value) is error


def test_a_byte_order_mark_and_white_space_stand_before_no_list() -> None:
    data = b"\xef\xbb\xbf \n" + b" " * 70 + b'[ {"a": 1} ,\n2 ]\n \n'
    assert parts(in_blocks(data, 16)) == [b'{"a": 1}', b"2"]
    assert in_blocks(b" [ \n ] ", 2) == []


def test_an_item_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_items, "MAX_ITEM", 1_000)
    with pytest.raises(ItemsError, match="the next one is longer than 1,000 bytes"):
        in_blocks(b'[1, "' + b"x" * 5_000 + b'"]', 100)


def test_depth_costs_no_memory_of_its_own() -> None:
    deep = b"[" * 200_000 + b"]" * 200_000
    data = b'[{"a": 1}, {"a": ' + deep + b'}, {"a": 2}]'
    tracemalloc.start()
    found = list(runs(io.BytesIO(data)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [run.items for run in found] == [1, 2]
    assert found[1].depth == 200_001
    assert peak < 12 * len(data)


def test_depth_is_that_of_brackets_outside_strings() -> None:
    assert [depth_of(text) for text in (b"", b"1", b"[]", b'[{"[[[": "{\\"[{"}, []]')] == [
        0,
        0,
        1,
        2,
    ]
    level = b'{"a": [' * 40_000
    assert depth_of(level) == 80_000


def test_values_are_read_up_to_a_depth() -> None:
    def nested(levels: int) -> str:
        return "[" * levels + "]" * levels

    assert parse_json(nested(MAX_DEPTH)) == json.loads(nested(MAX_DEPTH))
    for levels in (MAX_DEPTH + 1, 988, 100_000):
        with pytest.raises(TooDeepError, match="more than 200 levels deep"):
            parse_json(nested(levels))
    assert JsonReader(around=1).read(nested(MAX_DEPTH + 1))
    many = "[" + ", ".join(["[]"] * 1_000) + ', "' + "[" * 1_000 + '"]'
    assert len(parse_json(many)) == 1_001


def test_values_are_those_of_the_parser_of_lines() -> None:
    for text in (
        b'["\\ud800", NaN, -Infinity, 1e400, 18446744073709551616, -0, 1.0]',
        b"\xef\xbb\xbf[]",
    ):
        assert repr(parse_json(text)) == repr(json.loads(text))
    assert parse_json("[1]".encode("utf-16-le")) == [1]
    for text in (b"\xff", b'"\xff"', b"", b"nope"):
        with pytest.raises(ValueError):  # noqa: PT011 - of whatever kind
            parse_json(text)
