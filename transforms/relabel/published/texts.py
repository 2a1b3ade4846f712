"""Two keys of a text, as polars expressions: canonical, and folded as a second attempt.

Canonical is `schemas.text.canonical_text` without placeholders of media. Folded is what survives a
trip through other tools: compatibility forms, case, quotation marks, dashes and all white space
count no more. Keys are for joins within one process: their hashes differ between polars versions.
"""

from __future__ import annotations

from typing import Final, Literal

import polars as pl

Level = Literal["canonical", "folded"]
LEVELS: Final[tuple[Level, ...]] = ("canonical", "folded")

#: Stands between the turns of a prompt.
TURN_BREAK: Final = "\x1e"

_PLACEHOLDER: Final = r"<(?:image|video|audio)>[ \t]*\n?"
_PLAIN: Final = {
    "‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"',
    "–": "-", "—": "-", "−": "-", "\u200b": "", "\ufeff": "", "\u00ad": "",
}  # fmt: skip


def canonical(text: pl.Expr) -> pl.Expr:
    """Text in NFC with ``\\n`` line ends, placeholders of media taken out."""
    lines = text.str.replace_all("\r\n", "\n", literal=True).str.replace_all("\r", "\n")
    return lines.str.normalize("NFC").str.replace_all(_PLACEHOLDER, "")


def folded(text: pl.Expr) -> pl.Expr:
    """`canonical` text in lower case and NFKC, marks made plain, white space as single blanks."""
    plain = canonical(text).str.replace_many(_PLAIN).str.normalize("NFKC").str.to_lowercase()
    # The break between turns is white space to a regular expression's \s only in part: keep it.
    blank = plain.str.replace_all(r"[\s\p{Z}]+", " ").str.strip_chars(" ")
    return blank.str.replace_all(f" ?{TURN_BREAK} ?", TURN_BREAK)


def key(text: pl.Expr, level: Level) -> pl.Expr:
    """A hash of a text at a level; all missing texts have one key."""
    made = canonical(text) if level == "canonical" else folded(text)
    return made.hash(seed=17).fill_null(0)
