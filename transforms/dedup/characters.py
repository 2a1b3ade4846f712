"""Characters of text that is compared: what each is to a token."""

from __future__ import annotations

import sys
import unicodedata
from functools import cache

import numpy as np

#: A separator; part of a run that is one token; a token by itself; white space; not there at all.
IGNORED, WORD, SINGLE, SPACE, DROPPED = range(5)

#: Scripts without spaces between words, as ranges of code points (first, last).
_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x0F00, 0x0FFF),  # Tibetan
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19DF),  # Tai Le, New Tai Lue
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x1B00, 0x1B7F),  # Balinese
    (0x2E80, 0x2FDF),  # CJK radicals
    (0x3005, 0x3007),  # ideographic iteration mark, closing mark, zero
    (0x3021, 0x3029),  # Hangzhou numerals
    (0x3031, 0x312F),  # kana, bopomofo
    (0x31A0, 0x31FF),  # bopomofo and kana extended
    (0x3400, 0x4DBF),  # Han, extension A
    (0x4E00, 0xA4CF),  # Han, Yi
    (0xA980, 0xA9FF),  # Javanese, Myanmar extended
    (0xAA60, 0xAADF),  # Myanmar extended, Tai Viet
    (0xF900, 0xFAFF),  # Han, compatibility
    (0x1AFF0, 0x1B2FF),  # kana extended, Nushu
    (0x20000, 0x3FFFD),  # Han, extensions B and later, assigned or not
)

#: Variation selectors and the grapheme joiner, which show nothing by themselves.
_SELECTORS = ((0x034F, 0x034F), (0x180B, 0x180F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF))


#: Where code points have names of their own: the planes between and behind hold Han, private
#: characters and nothing.
_NAMED = (range(0x20000), range(0xE0000, 0xE1000))


@cache
def classes_of_characters() -> np.ndarray:
    """uint8[0x110000]: what every code point is to a text. Made where a text needs it."""
    classes = np.full(sys.maxunicode + 1, IGNORED, np.uint8)
    for points in _NAMED:
        classes[points.start : points.stop] = _classes(points)
    for first, last in _UNSPACED:
        inside = classes[first : last + 1]
        inside[inside == WORD] = SINGLE
    classes[0x20000 : 0x3FFFD + 1] = SINGLE
    for first, last in _SELECTORS:
        classes[first : last + 1] = DROPPED
    return classes


@cache
def ascii_classes() -> np.ndarray:
    """uint8[128]: what every character of ASCII is to a text."""
    return _classes(range(128))


def _classes(points: range) -> np.ndarray:
    """What code points are by their general category."""
    categories = [unicodedata.category(chr(point)) for point in points]
    by_category = {
        name: {"Sm": SINGLE, "Sc": SINGLE, "So": SINGLE, "Cf": DROPPED}.get(
            name, {"Z": SPACE, "L": WORD, "N": WORD, "M": WORD}.get(name[0], IGNORED)
        )
        for name in set(categories)
    }
    classes = np.array([by_category[name] for name in categories], np.uint8)
    if not points.start:
        classes[[*range(0x09, 0x0E), *range(0x1C, 0x20)]] = SPACE
    return classes
