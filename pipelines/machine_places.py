"""Places on a machine, taken out of what is published: nobody learns where somebody's files lie."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

#: A path on a machine: from the root, a home or a drive.
_PLACE: Final = re.compile(r"(/|~|[A-Za-z]:[\\/])")
#: The same inside a text: more than one step from the root, so that a lone slash is none.
_IN_TEXT: Final = re.compile(
    r"(?:file:/+|(?<![\w.~:/\\<-])(?:~[\w.-]*/|/(?=[^\s/]+/)|[A-Za-z]:[\\/]))[^\s\"'`<>|,;()\[\]]*"
)
_HIDDEN: Final = "…"
_NOWHERE: Final = "http://localhost/v1"


def places_of(recipe: object) -> tuple[str, ...]:
    """The places on a machine that a recipe names, the longest first."""
    return tuple(sorted(set(_places(recipe)), key=lambda place: (-len(place), place)))


def _places(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _places(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _places(one)
    elif isinstance(value, str) and len(value) > 1 and _PLACE.match(value):
        yield value


def recipe_without_places(value: object) -> object:
    """A recipe: paths become null; an endpoint that only its owner reaches becomes a stand-in."""
    if isinstance(value, Mapping):
        return {
            key: None
            if key == "path"
            else _public(one)
            if key == "base_url" and isinstance(one, str)
            else recipe_without_places(one)
            for key, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [recipe_without_places(one) for one in value]
    return None if isinstance(value, str) and _PLACE.match(value) else value


def told_without_places(value: object, known: Sequence[str] = ()) -> object:
    """What a run has told: in all its texts, a place on a machine becomes ``…``.

    Args:
        value: texts, lists and mappings of them, keys included.
        known: places that are taken out wherever they stand; others are found by their form.
    """
    if isinstance(value, Mapping):
        told: dict[object, object] = {}
        for key, one in value.items():
            name = told_without_places(key, known)
            while name in told:
                name = f"{name}'"  # two places that look alike now stay two
            told[name] = told_without_places(one, known)
        return told
    if isinstance(value, list | tuple):
        return [told_without_places(one, known) for one in value]
    return text_without_places(value, known) if isinstance(value, str) else value


def text_without_places(text: str, known: Sequence[str] = ()) -> str:
    """A text whose places on a machine became ``…``."""
    for place in known:
        text = re.sub(rf"(?<![\w.~/-]){re.escape(place)}(?!\w)", _HIDDEN, text)
    return _IN_TEXT.sub(_HIDDEN, text)


def _public(url: str) -> str:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        host = ""
    named = "." in host and not re.fullmatch(r"[\d.]+|.*\.(local|internal|lan)", host)
    return url if named and "@" not in url else _NOWHERE
