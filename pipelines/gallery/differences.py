"""Where two texts differ: the words of each that the other lacks.

Bounded: comparison takes time by the square of the length, so only the beginnings of long texts
are compared, and texts that have little in common are left unmarked: there all would be marked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Final

from pipelines.gallery.untrusted import Span, spans_of

#: Words and the white space behind each that are compared; the rest is shown unmarked.
MOST_WORDS: Final = 600
#: Share of words in common (twice the common ones, by all) from which marks help a reader.
LEAST_LIKENESS: Final = 0.35

_WORD: Final = re.compile(r"\s*\S+|\s+")


def marked(first: str, second: str) -> tuple[tuple[Span, ...], tuple[Span, ...], bool]:
    """Both texts in pieces, those of kind ``only`` lack on the other side; whether any is marked.

    The pieces of each side spell the whole text again, but for hidden characters.
    """
    left, right = _words(first), _words(second)
    matcher = SequenceMatcher(a=left[:MOST_WORDS], b=right[:MOST_WORDS], autojunk=False)
    if first == second or not (
        matcher.quick_ratio() >= LEAST_LIKENESS and matcher.ratio() >= LEAST_LIKENESS
    ):
        return tuple(spans_of(first)), tuple(spans_of(second)), False
    codes = matcher.get_opcodes()
    a = _pieces(left, [(low, high, tag != "equal") for tag, low, high, _, _ in codes])
    b = _pieces(right, [(low, high, tag != "equal") for tag, _, _, low, high in codes])
    return tuple(a), tuple(b), True


def _words(text: str) -> list[str]:
    return _WORD.findall(text)


def _pieces(words: list[str], parts: list[tuple[int, int, bool]]) -> Iterator[Span]:
    for low, high, only in parts:
        text = "".join(words[low:high])
        body = text.lstrip() if only else text
        # The white space before a marked word is not part of the mark.
        yield from spans_of(text[: len(text) - len(body)])
        yield from spans_of(body, "only" if only else "")
    yield from spans_of("".join(words[parts[-1][1] if parts else 0 :]))
