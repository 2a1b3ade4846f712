"""Words for what was seen: names and values from outside, made safe and short for a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Final

import yaml

#: Control, format and private characters, halves of characters, line and paragraph marks.
_HIDDEN: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})

#: Characters of a name that are shown.
NAME_LIMIT: Final = 120


def clean(text: str, limit: int = NAME_LIMIT, *, lines: bool = False) -> str:
    """Text without control characters, at most `limit` characters long.

    White space is one blank each, but line ends stay where `lines` says so. Nothing is escaped for
    a terminal's markup: whoever shows it must show it as plain text.
    """
    if lines:
        kept = [clean(line, limit) for line in text[: 2 * limit].split("\n")]
        return _cut("\n".join(kept), limit)
    # What comes far behind the limit is not looked at: a name may have megabytes.
    start = " ".join(text[: 4 * limit].split())
    return _cut("".join(c for c in start if unicodedata.category(c) not in _HIDDEN), limit)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def listed(names: Iterable[str], most: int = 3) -> str:
    """The first names, and how many more there are: ``a, b and 4 more``."""
    every = iter(names)
    shown = [clean(name) for name in islice(every, most)]
    more = sum(1 for _ in every)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")


def counted(number: int, what: str) -> str:
    """A number with its noun: ``1 file``, ``2,000 files``."""
    plural = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    return f"{number:,} {what if number == 1 else plural}"


def yaml_line(key: str, value: Any) -> str:
    """A field of the recipe as one line of YAML, texts quoted where YAML asks for it."""
    plain = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
    text: str = yaml.safe_dump(
        {key: plain}, default_flow_style=True, width=100_000, allow_unicode=True, sort_keys=False
    )
    return text.strip().removeprefix("{").removesuffix("}")
