"""Marks of damaged text: counted and said, never repaired in silence.

Whether ``Ã©`` is a broken ``é`` or what somebody wrote can't be known; the annotators saw what is
there. So text keeps its characters, and a run says how many rows look damaged, and how.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa

from schemas.columns import SCAN_BLOCK, one_array, text_bytes

#: What Windows-1252 makes of the bytes 80 to 9F, and Latin-1 of those to BF.
_CONTINUED: Final = (
    r"[\u{80}-\u{bf}\u{152}\u{153}\u{160}\u{161}\u{178}\u{17d}\u{17e}\u{192}\u{2c6}\u{2dc}"
    r"\u{2013}-\u{203a}\u{20ac}\u{2122}]"
)

#: Name of each mark and the pattern (of the regex crate) by which a text has it.
FLAGS: Final[dict[str, str]] = {
    # C0 and C1 controls and DEL; tabs and line ends are content.
    "control_characters": r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\u{9f}]",
    # What a decoder puts in place of bytes that it can't read.
    "replacement_characters": r"\u{fffd}",
    # UTF-8 read as Windows-1252 or Latin-1: the lead byte of a sequence, then its continuation.
    "mojibake": rf"[\u{{c2}}\u{{c3}}]{_CONTINUED}|[\u{{e2}}\u{{f0}}]{_CONTINUED}{_CONTINUED}",
    # Signs that turn the direction of what follows and can hide text from a reader.
    "bidi_overrides": r"[\u{202a}-\u{202e}\u{2066}-\u{2069}]",
}


def text_flags(pairs: pa.Table) -> dict[str, int]:
    """How many prepared pairs bear each mark in a text; marks that none bears are left out."""
    prompts = one_array(pairs["prompt"])
    responses = [one_array(pairs[name]) for name in ("a_text", "b_text")]
    if not any(map(_may_be_marked, (prompts.values.field("content"), *responses))):
        return {}
    contents = pl.Series(pl.from_arrow(prompts)).list.eval(pl.element().struct.field("content"))
    frame = pl.DataFrame(
        {
            "prompt": contents.list.join("\n"),
            "first": pl.from_arrow(responses[0]),
            "second": pl.from_arrow(responses[1]),
        }
    )
    counts = frame.select(
        pl.any_horizontal(pl.col(frame.columns).str.contains(pattern).fill_null(value=False))
        .sum()
        .alias(name)
        for name, pattern in FLAGS.items()
    ).row(0, named=True)
    return {name: number for name, number in counts.items() if number}


def _may_be_marked(column: pa.Array) -> bool:
    """Whether its bytes allow any mark: in most columns they don't, and no pattern is searched."""
    codes = text_bytes(column)
    blocks = range(0, len(codes), SCAN_BLOCK)
    # Two bytes over: a character that a block begins may end in the next.
    return any(_is_suspect(codes[start : start + SCAN_BLOCK + 2]) for start in blocks)


def _is_suspect(codes: np.ndarray) -> bool:
    # Controls but for tabs and line ends; numbers below 11 wrap round to large ones.
    if ((codes - np.uint8(0x0B)) < 0x20 - 0x0B).any() or (codes < 0x09).any():
        return True
    if codes.max() < 0x7F:
        return False
    if (codes == 0x7F).any():
        return True
    at = np.flatnonzero(codes >= 0xC2)
    last = len(codes) - 1  # behind it is nothing to look at
    first, second, third = (codes[np.minimum(at + step, last)] for step in range(3))
    return bool(
        (
            (first == 0xC2) & (second < 0xA0)  # C1 controls
            | (first == 0xC3) & np.isin(second, (0x82, 0x83, 0xA2, 0xB0))  # Â Ã â ð
            | (first == 0xEF) & (second == 0xBF) & (third == 0xBD)  # U+FFFD
            | (first == 0xE2) & (second == 0x80) & (third >= 0xAA)  # U+202A to U+202E
            | (first == 0xE2) & (second == 0x81) & (third >= 0xA6)  # U+2066 to U+2069
        ).any()
    )
