"""The licence of parts taken together: what the default config may be used for.

A rule over licences alone. Nothing here is legal advice, and the card says so: what is combined is
what the corpora state of themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from schemas.licence import forbids_commercial_use, is_non_commercial, plain

#: What a recipe writes where no licence is stated.
UNKNOWN: Final = "unknown"
OTHER: Final = "other"

#: Licences that forbid nothing of each other: a list of them is a statement that the Hub takes.
_PERMISSIVE: Final = frozenset(
    {"apache-2.0", "mit", "bsd", "bsd-2-clause", "bsd-3-clause", "cc-by-4.0", "cc-by-3.0",
     "cc-by-2.0", "cc0-1.0", "cdla-permissive-1.0", "cdla-permissive-2.0", "odc-by", "pddl",
     "isc", "unlicense", "wtfpl", "zlib"}
)  # fmt: skip
#: Other licences that the Hub knows by these ids.
_NAMED: Final = frozenset(
    {"afl-3.0", "agpl-3.0", "bsl-1.0", "c-uda", "cc", "cc-by-nc-2.0", "cc-by-nc-3.0",
     "cc-by-nc-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0",
     "cc-by-nc-sa-4.0", "cc-by-nd-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cdla-sharing-1.0",
     "creativeml-openrail-m", "ecl-2.0", "epl-1.0", "epl-2.0", "eupl-1.1", "eupl-1.2", "gfdl",
     "gpl", "gpl-2.0", "gpl-3.0", "lgpl", "lgpl-2.1", "lgpl-3.0", "mpl-2.0", "ms-pl", "odbl",
     "openrail", "osl-3.0", "postgresql"}
)  # fmt: skip
_KNOWN: Final = _PERMISSIVE | _NAMED

_URLS: Final = {
    "apache-2.0": "https://www.apache.org/licenses/LICENSE-2.0",
    "mit": "https://opensource.org/license/mit",
    "bsd-2-clause": "https://opensource.org/license/bsd-2-clause",
    "bsd-3-clause": "https://opensource.org/license/bsd-3-clause",
    "cc0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "odc-by": "https://opendatacommons.org/licenses/by/1-0/",
}


@dataclass(frozen=True)
class Part:
    """One part of a dataset: the licence that its source states, and whether it is non-commercial.

    `nc` is the recipe's word; a licence that names itself so is non-commercial without it.
    """

    licence: str
    nc: bool = False

    @property
    def non_commercial(self) -> bool:
        """Whether the part forbids commercial use."""
        return forbids_commercial_use(self.licence, self.nc)

    @property
    def stated(self) -> bool:
        """Whether its source states a licence at all."""
        return self.licence not in (UNKNOWN, "")


@dataclass(frozen=True)
class Combined:
    """The licence of parts together.

    `ids` is what the Hub takes as ``license``: one id or several. `name` is set where that is
    ``other``.
    """

    ids: tuple[str, ...]
    name: str | None
    non_commercial: bool
    #: Licences of the parts as they state them, sorted; `UNKNOWN` among them where one states none.
    of_parts: tuple[str, ...]

    @property
    def unstated(self) -> bool:
        """Whether a part states no licence."""
        return UNKNOWN in self.of_parts


def licence_id(stated: object) -> str:
    """A licence as cards name it: the Hub's id where it has one, else in the source's own words."""
    text = str(stated or "").strip()
    found = plain(text)
    if found is None:
        return OTHER if text.lower() == OTHER else UNKNOWN
    return found if found in _KNOWN else text


def combined(parts: Iterable[Part]) -> Combined:
    """The licence of parts taken together.

    One non-commercial part makes the whole non-commercial. One part without a stated licence makes
    it ``other``: nobody can promise more. Else permissive licences hold side by side, and one
    non-commercial licence beside permissive ones governs the whole; any other mixture is ``other``.
    """
    given = list(parts)
    non_commercial = any(part.non_commercial for part in given)
    stated = sorted({part.licence if part.stated else UNKNOWN for part in given})
    name, ids = _name(given, non_commercial), _ids(given, stated, non_commercial)
    return Combined(ids, name if ids == (OTHER,) else None, non_commercial, tuple(stated))


def _ids(given: list[Part], stated: list[str], non_commercial: bool) -> tuple[str, ...]:
    if not given or not all(licence in _KNOWN for licence in stated):
        return (OTHER,)
    if len(stated) == 1:
        # A permissive licence that the recipe calls non-commercial is not what it seems.
        return (stated[0],) if is_non_commercial(stated[0]) == non_commercial else (OTHER,)
    binding = [licence for licence in stated if licence not in _PERMISSIVE]
    if not binding and not non_commercial:
        return tuple(stated)
    if len(binding) == 1 and is_non_commercial(binding[0]):
        others = [part for part in given if part.licence != binding[0]]
        if not any(part.nc for part in others):
            return (binding[0],)
    return (OTHER,)


def _name(given: list[Part], non_commercial: bool) -> str:
    """The name of a mixture."""
    name = "mixed" if len({part.licence for part in given}) > 1 else "as-stated"
    if non_commercial:
        name += "-non-commercial"
    if not given or not all(part.stated for part in given):
        name += "-with-unstated-parts" if any(part.stated for part in given) else "-unstated"
    return name


def licence_url(licence: str) -> str | None:
    """Where a licence can be read; None for one that is not known here."""
    if licence in _URLS:
        return _URLS[licence]
    kind, _, version = licence.removeprefix("cc-").rpartition("-")
    if licence.startswith("cc-by") and licence in _KNOWN:
        return f"https://creativecommons.org/licenses/{kind}/{version}/"
    return None
