"""The options of a corpus by recipe: what they need, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from transforms.sources.mapped.options import MappedOptions, columns_of

LABEL = {
    "prompt": "q",
    "responses": ["a", "b"],
    "label": "l",
    "values": {"first": [1], "second": [2]},
}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "either chosen and rejected, or responses"),
        ({"chosen": "c"}, "go together"),
        ({"chosen": "c", "rejected": "r", "responses": "x"}, "either chosen and rejected"),
        ({"chosen": "c", "rejected": "r", "label": "l"}, "no label"),
        ({"prompt": "q", "responses": ["a", "b"]}, "exactly one of"),
        ({**LABEL, "scores": "s"}, "exactly one of"),
        ({**LABEL, "values": {}}, "says what is written"),
        ({**LABEL, "values": {"first": [1], "second": [2], "both": [3]}}, "says what is written"),
        ({**LABEL, "values": {"first": [1], "second": [1]}}, "two meanings"),
        ({"prompt": "q", "responses": "r", "scores": "s", "values": LABEL["values"]}, "explain"),
        ({**LABEL, "responses": ["a", "b", "c"]}, "two columns"),
        ({"responses": "r", "scores": "s"}, "need a prompt"),
        ({**LABEL, "media": {"picture": {"root": ""}}}, "unknown media slot"),
        ({**LABEL, "media": {"prompt_images": {"root": ""}}}, "needs a column"),
        ({**LABEL, "media": {"image": {"column": "x"}}}, "columns of responses"),
        ({**LABEL, "media": {"image": {}, "video": {}}}, "one media slot"),
        ({**LABEL, "transcript": {"user": "U:"}}, "transcript says"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MappedOptions.of(options)


def test_needed_columns_are_those_that_every_record_must_have() -> None:
    options = MappedOptions.of(
        {**LABEL, "prompt": ["q", "m.x"], "key": "id", "models": ["ma", "mb"]}
    )
    assert options.needed() == (("q",), ("m.x", "m"), ("a",), ("b",), ("l",), ("id",))
    assert options.columns() == ("q", "m.x", "m", "a", "b", "l", "id", "ma", "mb")


def test_cells_are_not_read_with_the_records() -> None:
    options = MappedOptions.of(
        {"prompt": "q", "chosen": "c", "rejected": "r", "media": {"image": {}}}
    )
    assert options.cells() == {"c", "r"}
    assert options.columns() == ("q",)


@pytest.mark.parametrize(
    ("name", "columns"),
    [("a", [("a",)]), ("a.b.0", [("a.b.0", "a")]), ("{a}_{b.c}.jpg", [("a",), ("b.c", "b")])],
)
def test_columns_behind_a_name(name: str, columns: list[tuple[str, ...]]) -> None:
    assert columns_of(name) == columns
