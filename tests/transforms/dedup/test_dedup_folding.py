"""Folding of many texts at once gives what Python's functions give text by text."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.dedup.characters import classes_of_characters
from transforms.dedup.folding import folded, folded_points

#: Characters that have to do with their neighbours, and some that have not.
ODD = (
    "aAZ é\u0301\u0327e\u0345ßẞŉİıſﬁﬃ½Ａ％\u3099\u309aかガｶﾞ"
    "\u1100\u1161\u11a8가각\u09c7\u09be\u0b47\u0b57Ǆǆ\u0390ΐͅᾳ\u1fb3ꭰᏸ\u13a0𝐀𐐀🙂\u200d\ufe0f你𠀀"
)


def texts_of(points: np.ndarray, offsets: np.ndarray) -> list[str]:
    return [
        "".join(map(chr, points[start:end].tolist())) for start, end in pairwise(offsets.tolist())
    ]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(st.one_of(st.sampled_from(ODD), st.characters()), max_size=12)))
def test_texts_are_folded_as_one_by_one(texts: list[str]) -> None:
    assert texts_of(*folded_points(texts)) == [folded(text) for text in texts]


def test_every_character_is_folded_as_alone_between_others() -> None:
    """Before and behind each stands a letter that marks and jamo could compose with."""
    points = [*range(0x30000), *range(0xE0000, 0xE0200)]
    texts = [f"e{chr(point)}\u1100" for point in points]
    assert texts_of(*folded_points(texts)) == [folded(text) for text in texts]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Straße", "strasse"),
        ("ﬁne CAFÉ", "fine café"),
        ("cafe\u0301", "café"),
        ("ＨＥＬＬＯ", "hello"),
        ("\u1112\u1161\u11ab", "한"),
        ("", ""),
    ],
)
def test_known_folds(text: str, expected: str) -> None:
    assert texts_of(*folded_points(["x", text, "Y"])) == ["x", expected, "y"]


def test_no_texts() -> None:
    points, offsets = folded_points([])
    assert (points.tolist(), offsets.tolist()) == ([], [0])


def test_planes_without_names_are_what_their_categories_say() -> None:
    """The table of classes asks the categories of two ranges only; here some of the others."""
    classes = classes_of_characters()
    for point in [*range(0x40000, 0xE0000, 251), *range(0xE1000, 0x110000, 251), 0x10FFFF]:
        assert unicodedata.category(chr(point)) in {"Cn", "Co"}
        assert classes[point] == 0
