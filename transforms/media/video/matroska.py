"""Matroska and WebM by their elements: whether the last one is cut, whether they are encrypted.

FFmpeg takes the end of a file for the end of the clip, wherever it is. Sources: RFC 8794 (variable
length integers, unknown sizes), RFC 9559 (element ids).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_EBML: Final = 0x1A45DFA3
_DOCTYPE: Final = 0x4282
_SEGMENT: Final = 0x18538067
_CLUSTER: Final = 0x1F43B675
_BLOCKS: Final = (0xA3, 0xA0)
_TRACKS: Final = 0x1654AE6B
_CONTENT_ENCRYPTION: Final = b"\x50\x35"

#: Masters that are entered; others are passed over as a whole.
_ENTERED: Final = (_SEGMENT, _CLUSTER)

#: Elements after which the look at a file is given up: more than any clip within limits has.
_MAX_ELEMENTS: Final = 2_000_000


@dataclass(frozen=True)
class Element:
    """An element: where its content begins and ends, in bytes; no end where it says none."""

    id: int
    start: int
    end: int | None


def doctype(data: bytes) -> str:
    """What the head calls the file: ``webm``, ``matroska``, or nothing."""
    head = next(_elements(data, 0, len(data), ()), None)
    if head is None or head.id != _EBML or head.end is None:
        return ""
    for element in _elements(data, head.start, min(head.end, len(data)), ()):
        if element.id == _DOCTYPE and element.end is not None:
            name = data[element.start : min(element.end, len(data))]
            return name.rstrip(b"\0").decode("ascii", "replace").lower()
    return ""


def is_cut(data: bytes) -> bool:
    """Whether a block of pictures or sound runs beyond the end of the file.

    What stands behind the last block (index, tags) may be lost without harm.
    """
    return any(
        element.id in _BLOCKS and element.end is not None and element.end > len(data)
        for element in _elements(data, 0, len(data), _ENTERED)
    )


def is_encrypted(data: bytes) -> bool:
    """Whether the description of a track may name an encryption.

    Two bytes are looked for, which chance can also make: ask only where decoding failed.
    """
    return any(
        element.id == _TRACKS and _CONTENT_ENCRYPTION in data[element.start : element.end]
        for element in _elements(data, 0, len(data), (_SEGMENT,))
    )


def _elements(data: bytes, at: int, end: int, entered: tuple[int, ...]) -> Iterator[Element]:
    """Elements in order of the file; after one of `entered` come those inside it."""
    for _ in range(_MAX_ELEMENTS):
        if at >= end:
            return
        number, at = _integer(data, at, keep_mark=True)
        size, at = _integer(data, at, keep_mark=False)
        if number is None or at > len(data):
            return
        stop = None if size is None else at + size
        yield Element(number, at, stop)
        if number in entered:
            continue
        if stop is None:
            return
        at = stop


def _integer(data: bytes, at: int, *, keep_mark: bool) -> tuple[int | None, int]:
    """A variable length integer and where it ends; None for no number, or for "unknown"."""
    if at >= len(data) or data[at] == 0:
        return None, len(data) + 1
    length = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + length], "big")
    if keep_mark:
        return value, at + length
    value &= (1 << (7 * length)) - 1
    return (None if value == (1 << (7 * length)) - 1 else value), at + length
