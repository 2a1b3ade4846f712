"""Text of strangers as it can be shown: what is invisible or turns text round is spelt out.

A page escapes markup by itself; this is about characters that deceive a reader: overrides of the
writing direction, zero-width marks, tags that spell hidden ASCII, control characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final, NamedTuple


class Span(NamedTuple):
    """A piece of text. `kind` is "" for text as it is, ``hidden`` for a character that is named
    (`text` then reads ``U+202E``, `title` its name), ``only`` for what the other side lacks.
    """

    text: str
    kind: str = ""
    title: str = ""


#: Control and format characters but line feed and tab, line separators, surrogates, private use and
#: unassigned tags. Joiners (U+200C, U+200D) belong to scripts and emoji: they stay.
_HIDDEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff\ue000-\uf8ff\U000f0000-\U0010ffff]"
)

#: Names that Unicode does not give: control characters have none.
_NAMES: Final = {"\r": "CARRIAGE RETURN", "\x00": "NULL", "\x1b": "ESCAPE", "\x08": "BACKSPACE"}


def spans_of(text: str, kind: str = "") -> Iterator[Span]:
    """The pieces of a text, hidden characters named; `kind` marks what is plain."""
    start = 0
    for found in _HIDDEN.finditer(text):
        if found.start() > start:
            yield Span(text[start : found.start()], kind)
        mark = found.group()
        name = _NAMES.get(mark) or unicodedata.name(mark, "hidden character")
        yield Span(f"U+{ord(mark):04X}", "hidden", str(name))
        start = found.end()
    if start < len(text):
        yield Span(text[start:], kind)


def plain(text: object, limit: int | None = None) -> str:
    """A text for an attribute or a title: one line, hidden characters as ``U+202E``, bounded."""
    line = " ".join(str(text).split())
    if limit is not None and len(line) > limit:
        line = line[: limit - 1] + "…"
    return "".join(span.text for span in spans_of(line))
