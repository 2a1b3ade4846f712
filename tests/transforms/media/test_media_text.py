"""Text normalisation by columns gives exactly what the scalar definition gives."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.text import canonical_text
from transforms.media.text.canonical import normalise_strings

ODD = list(
    "ab \r\n\u00a0\u00e9\u0301\u0323\u0327\u1100\u1161\u11a8\uac00\u0f71\u0f72\u2126\u212b中"
    "\U0001d15e\U0001d15f\u0958\u0928\u093c\u0344\u037e\ufb1d\u09c7\u09be\u0b47\U0001f600"
)
TEXTS = st.lists(st.none() | st.text(st.sampled_from(ODD), max_size=12), max_size=12)


@settings(max_examples=300)
@given(TEXTS, st.integers(0, 3))
def test_columns_equal_the_scalar_definition(texts: list[str | None], skipped: int) -> None:
    column = pa.array(["e\u0301"] * skipped + texts, pa.string()).slice(skipped)
    expected = [None if text is None else canonical_text(text) for text in texts]
    assert normalise_strings(column).to_pylist() == expected


def test_a_column_with_very_many_patterns_is_composed_too() -> None:
    texts = [f"{chr(97 + n % 26)}\u0301{chr(0x4E00 + n)}\u0323" for n in range(2_000)]
    expected = [canonical_text(text) for text in texts]
    assert normalise_strings(pa.array(texts)).to_pylist() == expected


def test_ascii_without_returns_is_the_same_array() -> None:
    column = pa.array(["  if x:\n\treturn 1", "poem\n    indented  ", None])
    assert normalise_strings(column) is column
