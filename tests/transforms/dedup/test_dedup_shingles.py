"""Tokens and n-grams of texts: what counts as one, and that hashes are the same everywhere."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.dedup.shingles import Hashes, numbered, row_hashes, shingles, token_hashes

#: A change of these is a change of `SHINGLES_VERSION`: prints that were kept don't match any more.
GOLDEN_TOKENS = [
    "0x58d903f5deb24353",
    "0xb4b9b9380b68204a",
    "0x861164bb75a62e99",
    "0x1e24eedbddb0978a",
    "0xdaed06cb49ceed71",
    "0x3d09fc0e82eeb5e",
    "0xca64f507b28005b8",
    "0x7bf8de62d8a56f1d",
    "0x2d1d9f31873c6e47",
    "0xe7546fff9cfd54b7",
]
GOLDEN_TRIGRAMS = [
    "0x18db3d10207a49f2",
    "0x81b55b23f718736b",
    "0xe643c332626c3d4b",
    "0xd9a3562bd324a16a",
    "0x360ec2f537d14a4c",
    "0xe7d48e20727f5cdd",
]
GOLDEN_ROWS = [
    "0x426ca11c51225dfa",
    "0x624c16410f634c96",
]


def tokens_of(*texts: str | None) -> Hashes:
    return token_hashes(pa.array(texts, pa.string()))


def count(text: str) -> int:
    return int(tokens_of(text).counts[0])


def same(one: str, other: str) -> bool:
    first, second = row_hashes(tokens_of(one, other))
    return bool(first == second)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hello, World!", "  hello\tworld\r\n"),
        ("ＨＥＬＬＯ　ｗｏｒｌｄ", "hello world"),
        ("cafe\u0301", "CAFÉ"),
        ("Straße", "STRASSE"),
        ("don’t", "don't"),
        ("soft\u00adhyphen", "softhyphen"),
        ("zero\u200bwidth", "zerowidth"),
        ("❤️", "❤"),
        ("你好，世界。", "你好世界"),
        ("**bold** _it_ `x`", "bold it x"),
    ],
)
def test_folded_forms_are_the_same(one: str, other: str) -> None:
    assert same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hello world", "world hello"),
        ("hello world", "helloworld"),
        ("a a", "a"),
        ("x < 3", "x > 3"),
        ("resume", "résumé"),
        ("great 👍", "great 👎"),
        ("...", "?!"),
        ("", "."),
        ("你好世界", "你好世人"),
        ("3.5", "35"),
    ],
)
def test_different_texts_are_not(one: str, other: str) -> None:
    assert not same(one, other)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        (" \t\r\n\u00a0\u3000", 0),
        ("\u200b\ufeff", 0),
        ("one two-three", 3),
        ("snake_case(arg1, arg2)", 4),
        ("a+b=c", 5),
        ("?!...", 5),
        ("你好，世界", 4),
        ("日本語とEnglish混在", 7),
        ("สวัสดี", 6),
        ("한국어 문장", 2),
        ("नमस्ते दुनिया", 2),
        ("👍👍", 2),
        ("ﬁne", 1),
        ("x" * 64, 1),
        ("x" * 65, 2),
        ("x" * 640, 10),
    ],
)
def test_number_of_tokens(text: str, expected: int) -> None:
    assert count(text) == expected


def test_hashes_are_fixed() -> None:
    tokens = tokens_of("The quick brown fox, internationalization!", "你好 Ünïcode +1")
    assert [hex(value) for value in tokens.values.tolist()] == GOLDEN_TOKENS
    assert [hex(value) for value in shingles(tokens, 3).values.tolist()] == GOLDEN_TRIGRAMS
    assert [hex(value) for value in row_hashes(tokens).tolist()] == GOLDEN_ROWS


def test_null_and_empty_rows_are_empty() -> None:
    tokens = tokens_of(None, "a b", "", None, "é")
    assert tokens.counts.tolist() == [0, 2, 0, 0, 1]
    assert shingles(tokens, 2).counts.tolist() == [0, 1, 0, 0, 1]
    empty = token_hashes(pa.chunked_array([], pa.string()))
    assert empty.offsets.tolist() == [0]
    assert shingles(empty, 3).offsets.tolist() == [0]
    assert row_hashes(empty).tolist() == []


def test_long_columns_are_read_in_pieces() -> None:
    texts = ["word " * 300_000, "short", "é " * 700_000, "", "end"]
    tokens = tokens_of(*texts)
    assert tokens.counts.tolist() == [300_000, 1, 700_000, 0, 1]
    assert len(np.unique(tokens.values)) == 4


def test_other_columns_are_refused() -> None:
    with pytest.raises(TypeError, match="int64"):
        token_hashes(pa.array([1]))
    with pytest.raises(ValueError, match="1 or more"):
        shingles(tokens_of("a"), 0)


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_ngrams_are_those_of_each_row(n: int) -> None:
    texts = ["a b c d e f", "a b", "", "b c d", "x", "c d e f"]
    found = shingles(tokens_of(*texts), n)
    grams = []
    for text in texts:
        words = text.split()
        grams.append(
            [tuple(words[at : at + n]) for at in range(max(1, len(words) - n + 1))] if words else []
        )
    assert found.counts.tolist() == [len(row) for row in grams]
    flat = [gram for row in grams for gram in row]
    by_gram = dict(zip(flat, found.values.tolist(), strict=True))
    assert [by_gram[gram] for gram in flat] == found.values.tolist()
    assert len(set(by_gram.values())) == len(by_gram)


def test_repeats_are_told_apart_within_a_row() -> None:
    bag = tokens_of("a b a a c b", "a a", "", "b a a b a c")
    found = numbered(bag)
    rows = [set(part.tolist()) for part in np.split(found.values, found.offsets[1:-1])]
    assert [len(row) for row in rows] == [6, 2, 0, 6]
    assert rows[0] == rows[3]
    assert rows[1] < rows[0]
    assert set(bag.values.tolist()) < rows[0]
    once = tokens_of("a b c", "a")
    assert numbered(once).values.tolist() == once.values.tolist()


ASCII = st.text(st.characters(max_codepoint=127), max_size=40)
#: Characters of every class: spaced and unspaced scripts, marks, symbols, what is dropped.
ANY = st.text(
    st.sampled_from("aZ9 .,_-+<€\t\n\u00adß\u0301é你好ไก่👍\ufe0fﬁ\u200d½ⅷ가"), max_size=30
)


@settings(deadline=None)
@given(st.lists(ASCII, max_size=8))
def test_ascii_tokens_are_words_and_symbols(texts: list[str]) -> None:
    found = tokens_of(*texts)
    expected = [
        re.findall(r"[a-z0-9]+|[+<=>|~$]", text.lower()) or re.findall(r"[^ \t-\r\x1c-\x1f]", text)
        for text in texts
    ]
    assert found.counts.tolist() == [len(words) for words in expected]
    flat = [word for words in expected for word in words]
    assert len(set(zip(flat, found.values.tolist(), strict=True))) == len(set(flat))
    assert len(set(found.values.tolist())) == len(set(flat))


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), ASCII, ANY), max_size=10), st.data())
def test_neighbours_and_chunks_change_nothing(texts: list[str | None], data: st.DataObject) -> None:
    together = tokens_of(*texts)
    cut = data.draw(st.integers(0, len(texts)))
    column = pa.chunked_array([texts[:cut], texts[cut:]], pa.large_string())
    chunked = token_hashes(column)
    assert together.values.tolist() == chunked.values.tolist()
    assert together.offsets.tolist() == chunked.offsets.tolist()
    sliced = token_hashes(column.slice(cut))
    alone = [tokens_of(text).values.tolist() for text in texts]
    assert [value for row in alone for value in row] == together.values.tolist()
    assert [value for row in alone[cut:] for value in row] == sliced.values.tolist()
    trigrams = [shingles(tokens_of(text), 3).values.tolist() for text in texts]
    assert [value for row in trigrams for value in row] == shingles(together, 3).values.tolist()


@settings(deadline=None)
@given(ANY)
def test_text_that_shows_something_has_tokens(text: str) -> None:
    shows = re.sub("[\\s\u00ad\u200d\ufe0f]", "", text)
    assert (count(text) > 0) == bool(shows)


def test_repeats_are_found_in_rows_of_any_length() -> None:
    rng = np.random.default_rng(5)
    rows = [rng.integers(0, size, size).astype(np.uint64) for size in (9, 100_000, 40_000, 1, 70)]
    bag = Hashes(np.concatenate(rows), np.cumsum([0, *map(len, rows)]))
    found = numbered(bag)
    for row, part in zip(rows, np.split(found.values, found.offsets[1:-1]), strict=True):
        assert len(np.unique(part)) == len(row)
        # Exactly one of each kind keeps its hash.
        assert np.count_nonzero(np.isin(part, row)) == len(np.unique(row))
