"""Text of strangers, and the marks where two texts differ."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.gallery.differences import MOST_WORDS, marked
from pipelines.gallery.untrusted import Span, plain, spans_of


def test_hidden_characters_are_named() -> None:
    found = list(spans_of("pay\u202e100\u200b!"))
    assert found == [
        Span("pay"),
        Span("U+202E", "hidden", "RIGHT-TO-LEFT OVERRIDE"),
        Span("100"),
        Span("U+200B", "hidden", "ZERO WIDTH SPACE"),
        Span("!"),
    ]


@pytest.mark.parametrize(
    "mark", ["\x00", "\x1b", "\r", "\x7f", "\x85", "\u2028", "\u2066", "\ufeff", "\U000e0041"]
)
def test_every_kind_of_hidden_character_is_shown(mark: str) -> None:
    (span,) = spans_of(mark)
    assert span.kind == "hidden"
    assert span.text == f"U+{ord(mark):04X}"


def test_joiners_of_scripts_and_emoji_stay() -> None:
    text = "نمی\u200cخواهم 👩\u200d🔬\n\ttab"
    assert list(spans_of(text)) == [Span(text)]


def test_plain_is_one_bounded_line() -> None:
    assert plain("a\n b\u202ec") == "a bU+202Ec"
    assert plain("word " * 100, 10) == "word word…"


def test_marks_are_the_words_that_one_side_lacks() -> None:
    first, second, differ = marked("the red fox sleeps here", "the brown fox sleeps")
    assert differ
    assert [span.text for span in first if span.kind == "only"] == ["red", "here"]
    assert [span.text for span in second if span.kind == "only"] == ["brown"]


def test_texts_with_little_in_common_are_not_marked() -> None:
    first, second, differ = marked("one two three four", "five six seven eight")
    assert not differ
    assert {span.kind for span in first + second} == {""}


def test_comparison_is_bounded() -> None:
    text = "word " * (MOST_WORDS * 20)
    first, _, differ = marked(text + "x", text + "y")
    assert differ is True
    assert "".join(span.text for span in first) == text + "x"


_TEXT = st.text(alphabet="ab \n\t\u202e\u200b<é", max_size=60)


@given(_TEXT, _TEXT)
def test_pieces_spell_the_text_again(first: str, second: str) -> None:
    def again(spans: tuple[Span, ...]) -> str:
        return "".join(
            chr(int(span.text[2:], 16)) if span.kind == "hidden" else span.text for span in spans
        )

    left, right, _ = marked(first, second)
    assert again(left) == first
    assert again(right) == second
