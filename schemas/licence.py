"""Licences by name: one spelling of each, and whether a name forbids commercial use."""

from __future__ import annotations

import re
from typing import Final, Literal

#: Spellings of one licence.
_SPELLINGS: Final = {
    "apache": "apache-2.0",
    "apache2": "apache-2.0",
    "apache-2": "apache-2.0",
    "apache-license-2.0": "apache-2.0",
    "mit-license": "mit",
    "bsd-3": "bsd-3-clause",
    "bsd3": "bsd-3-clause",
    "bsd-2": "bsd-2-clause",
    "cc0": "cc0-1.0",
    "cc-by-nc-4": "cc-by-nc-4.0",
    "cc-by-4": "cc-by-4.0",
}
#: What says that nothing is said.
_UNSTATED: Final = frozenset({"", "unknown", "other", "none", "null", "n-a"})
_NON_COMMERCIAL: Final = re.compile(
    r"(^|[^a-z])nc([^a-z]|$)|non-?commercial|non-?profit|"
    r"(research|academic|educational|evaluation)-((use|purposes?)-)?only|"
    r"only-for-(research|academic|educational)|for-(research|academic|educational)-[a-z-]*only"
)
#: Names that are no licence, or grant nothing: whether a row may be used has to be asked.
_GRANTS_NOTHING: Final = re.compile(
    r"unspecified|not-specified|unclear|unstated|^see-|proprietary|rights-reserved|unlicen[cs]ed|"
    r"unknown|^(mixed|various|custom)$"
)


def plain(licence: str | None) -> str | None:
    """A licence in one spelling (``apache-2.0``); None where none is stated."""
    text = re.sub(r"[\s_/]+", "-", (licence or "").strip().lower())
    text = _SPELLINGS.get(text, text)
    return None if text in _UNSTATED else text


def is_non_commercial(licence: str | None) -> bool:
    """Whether a licence names itself non-commercial."""
    return _NON_COMMERCIAL.search(plain(licence) or "") is not None


def forbids_commercial_use(licence: str | None, nc: bool) -> bool:
    """Whether a licence forbids commercial use: by its name, or since `nc` says so."""
    return nc or is_non_commercial(licence)


def commercial_use(
    licence: str | None, nc: bool | None
) -> Literal["allowed", "forbidden", "unknown"]:
    """Whether rows may be used commercially: unknown where no licence is stated, or one that grants
    nothing, and nothing bans.

    Args:
        licence: as the source states it.
        nc: what the row says of it; null says nothing.
    """
    if forbids_commercial_use(licence, bool(nc)):
        return "forbidden"
    name = plain(licence)
    doubtful = nc is None or name is None or _GRANTS_NOTHING.search(name) is not None
    return "unknown" if doubtful else "allowed"
