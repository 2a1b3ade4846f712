"""Which of a list of names a pattern of the recipe matches, as a local filesystem would."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

_MAGIC: Final = re.compile(r"[*?\[]")
#: What a pattern is made of: stars, single characters, sets, and all else.
_TOKEN: Final = re.compile(r"\*+|\?|\[!?\]?[^\]/]*\]|.", re.DOTALL)
#: Any folders, none of them hidden.
_FOLDERS: Final = r"(?:(?!\.)[^/]+/)*"


def is_glob(pattern: str) -> bool:
    """Whether a pattern may match names other than itself."""
    return _MAGIC.search(pattern) is not None


def matching(pattern: str, names: Iterable[str]) -> list[str]:
    """The names that a pattern matches, in order; ``*`` stays within a folder, ``**`` does not.

    As with a local filesystem, a leading dot is only matched by a dot.
    """
    if not is_glob(pattern):
        return [name for name in names if name == pattern]
    form = compiled(pattern)
    return sorted(name for name in names if form.match(name))


@lru_cache(maxsize=256)
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern as a regular expression that matches whole names."""
    *folders, last = pattern.split("/")
    form = "".join(_FOLDERS if part == "**" else _part(part) + "/" for part in folders)
    form += _FOLDERS + _part("*") if last == "**" else _part(last)
    return re.compile(form + r"\Z", re.DOTALL)


def _part(part: str) -> str:
    hidden = r"(?!\.)" if part[:1] in ("*", "?", "[") else ""
    return hidden + "".join(_form(match.group()) for match in _TOKEN.finditer(part))


def _form(sign: str) -> str:
    if sign.startswith("*"):
        return "[^/]*"
    if sign == "?":
        return "[^/]"
    if len(sign) > 2 and sign.startswith("["):
        inside = sign[1:-1].replace("\\", r"\\")
        negated = inside.startswith("!")
        inside = inside.removeprefix("!").replace("[", r"\[").replace("^", r"\^")
        return f"[^/{inside}]" if negated else f"[{inside}]"
    return re.escape(sign)
