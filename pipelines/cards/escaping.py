"""Foreign text in Markdown, HTML and code blocks: shown as it is, unable to change the page.

Every character that Markdown or HTML gives a meaning inside a line is written as a character
reference, which both show as the plain character; so no text can open a tag, a link, a table cell
or a fence. Texts are put in the middle of lines only.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any, Final

#: Categories of characters with which a page shows other text than it holds: controls,
#: bidirectional overrides, lone surrogates, private use, separators of lines.
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
#: A colon is special where an address or the name of an emoji may begin.
_SPECIAL: Final = re.compile(r"[\\`*_\[\]<>|&~$@]|:(?=\S)")


def visible(text: str) -> str:
    """The text in one line, hidden characters as ``U+202E`` and so on."""
    return "".join(
        character if unicodedata.category(character) not in _HIDDEN else f"U+{ord(character):04X}"
        for character in " ".join(text.split())
    )


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters of a text; where it is cut, the number of those left out."""
    if len(text) <= limit:
        return text
    return f"{text[:limit].rstrip()}… (+{len(text) - limit:,} characters)"


def md(text: object, limit: int = 300) -> str:
    """Any text for a Markdown paragraph, heading or table cell."""
    return _SPECIAL.sub(_reference, visible(shortened(str(text), limit)))


def code(text: object, limit: int = 120) -> str:
    """Any text as inline code; in HTML, since a backtick in it would end Markdown's own."""
    return f"<code>{md(text, limit)}</code>"


def _reference(found: re.Match[str]) -> str:
    character, text, at = found.group(), found.string, found.start()
    inside = 0 < at < len(text) - 1 and text[at - 1].isalnum() and text[at + 1].isalnum()
    if character == "_" and inside:  # no emphasis begins or ends inside a word
        return character
    return f"&#{ord(character)};"


def fenced(text: str, language: str) -> str:
    """A text of several lines as a fenced block, which nothing in it can end."""
    shown = "".join(
        c if c == "\n" or unicodedata.category(c) not in _HIDDEN else f"\\u{ord(c) & 0xFFFF:04x}"
        for c in text.strip("\n")
    )
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{shown}\n{fence}"


def json_block(value: Any) -> str:
    """A JSON value as a fenced block."""
    return fenced(json.dumps(value, indent=2, ensure_ascii=False), "json")


def web_address(address: str) -> str | None:
    """An address that may be linked: http or https, no character that ends a link; else None."""
    sound = re.fullmatch(r"https?://[\w.:%/~?=&#,+-]{1,400}", address, re.ASCII)
    return address if sound else None
