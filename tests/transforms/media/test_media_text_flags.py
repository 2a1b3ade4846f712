"""Marks of damaged text are counted; text that merely looks foreign is not."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.media.text.flags import FLAGS, _may_be_marked, text_flags

_TURN = pa.struct([("role", pa.string()), ("content", pa.string())])


def pairs(*rows: tuple[str, str | None, str | None]) -> pa.Table:
    prompts = [[{"role": "user", "content": prompt}] for prompt, _, _ in rows]
    return pa.table(
        {
            "prompt": pa.array(prompts, pa.list_(_TURN)),
            "a_text": pa.array([first for _, first, _ in rows], pa.string()),
            "b_text": pa.array([second for _, _, second in rows], pa.string()),
        }
    )


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("a\x00b", "control_characters"),
        ("a\x1b[31m", "control_characters"),
        ("a\x7f", "control_characters"),
        ("a\x85b", "control_characters"),
        ("caf\ufffd", "replacement_characters"),
        ("é".encode().decode("cp1252"), "mojibake"),
        ("don’t".encode().decode("cp1252"), "mojibake"),
        ("“quoted".encode().decode("cp1252"), "mojibake"),
        ("😀".encode().decode("cp1252"), "mojibake"),
        ("5\u00a0km".encode().decode("cp1252"), "mojibake"),
        ("user\u202egnp.exe", "bidi_overrides"),
        ("\u2066hidden\u2069", "bidi_overrides"),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_each_mark_is_found_wherever_it_stands(text: str, flag: str, place: int) -> None:
    row = tuple(text if at == place else "plain" for at in range(3))
    assert text_flags(pairs(("x", "y", "z"), row)) == {flag: 1}  # type: ignore[arg-type]


def test_text_as_people_write_it_has_no_marks() -> None:
    clean = (
        "Ça va à la carte, naïve café € “quoted” — ½ °C, Â and Ã alone, â, ð",
        "日本語\tالعربية\n😀 ZWJ \u200d and \u200f marks",
        None,
    )
    assert text_flags(pairs(clean, ("", "", ""))) == {}
    assert text_flags(pairs(("p", None, None))) == {}


def test_rows_are_counted_once_each() -> None:
    bad = "Ã©"
    rows = [(bad, bad, bad), ("p", bad, "b"), ("p", "a", "b")]
    assert text_flags(pairs(*rows)) == {"mojibake": 2}


def test_only_the_rows_of_a_slice_count() -> None:
    table = pairs(("\x00", "a", "b"), ("p", "a", "b"), ("p", "\x01", "b"))
    assert text_flags(table.slice(1, 1)) == {}
    assert text_flags(table.slice(1)) == {"control_characters": 1}


@given(st.lists(st.text(max_size=40), min_size=1, max_size=8))
def test_the_quick_look_never_misses_a_mark(texts: list[str]) -> None:
    column = pa.array(texts, pa.string())
    series = pl.Series(texts, dtype=pl.String)
    marked = any(series.str.contains(pattern).any() for pattern in FLAGS.values())
    assert _may_be_marked(column) or not marked
