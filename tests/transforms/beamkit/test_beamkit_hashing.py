"""Columns hashed as a whole: the same digests as value by value."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from transforms.beamkit.hashing import (
    beginnings,
    digests_of,
    joined,
    rows_of_bytes,
    sha256_digits,
    text_of,
)


@given(st.lists(st.binary(max_size=200), max_size=6), st.integers(0, 3))
def test_digests_are_those_of_the_values(values: list[bytes], skipped: int) -> None:
    column = pa.array([b"skipped"] * skipped + values, pa.binary()).slice(skipped)
    digits = sha256_digits(column)
    assert digits.shape == (len(values), 64)
    assert [bytes(row).decode() for row in digits] == [
        hashlib.sha256(value).hexdigest() for value in values
    ]
    assert [bytes(row) for row in digests_of(digits)] == [
        hashlib.sha256(value).digest() for value in values
    ]
    assert beginnings(digits).tolist() == [int(bytes(row[:16]), 16) for row in digits]
    assert digests_of(digits[:, :16]).shape == (len(values), 8)


@given(st.lists(st.text(max_size=9), min_size=1, max_size=6))
def test_text_is_hashed_as_its_utf8(texts: list[str]) -> None:
    digits = sha256_digits(pa.array(texts, pa.string()))
    assert text_of(digits).to_pylist() == [
        hashlib.sha256(text.encode()).hexdigest() for text in texts
    ]


def test_parts_stand_in_a_row() -> None:
    numbers = np.array([[1, 2], [3, 4]], np.uint8)
    assert rows_of_bytes(b"<", numbers, b">").to_pylist() == [b"<\1\2>", b"<\3\4>"]
    words = pa.array(["skipped", "é", ""]).slice(1)
    assert joined(b"\0", rows_of_bytes(numbers), words).to_pylist() == [
        b"\0\1\2\xc3\xa9",
        b"\0\3\4",
    ]
