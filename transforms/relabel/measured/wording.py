"""The wording of criteria, read from the YAML files of the folder ``wording``.

A file has, for each attribute, ``more`` and ``less`` (what is wanted), and in each: ``do``
(demands, infinitives), ``why`` (reasons) and ``cues`` (words of which every demand has one, and
none of the other direction's: a check that no demand stands on the wrong side). ``things`` names
what is counted; then the general demands about counted things apply too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

import yaml

from transforms.measures.attribute import Domain

Direction = Literal["more", "less"]
DIRECTIONS: Final[tuple[Direction, Direction]] = ("more", "less")

#: Where the wording of a domain is found: in its own file, then in that of pictures, as clips and
#: 3D models have looks too.
_FILES: Final[dict[Domain, tuple[str, ...]]] = {
    "text": ("text",),
    "image": ("image",),
    "edit": ("edit",),
    "video": ("video", "image"),
    "audio": ("audio",),
    "mesh": ("mesh",),
    "view": ("image",),
}


@dataclass(frozen=True)
class Wording:
    """What can be said about one direction of an attribute."""

    demands: tuple[str, ...]
    reasons: tuple[str, ...]
    cues: tuple[str, ...]


@dataclass(frozen=True)
class Frames:
    """How sentences are put together."""

    version: int
    frames: tuple[str, ...]
    nouns: Mapping[str, tuple[str, ...]]
    counted: Mapping[Direction, Wording]


@cache
def _loaded(name: str) -> Any:
    text = files(__package__).joinpath("wording", f"{name}.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)


@cache
def frames() -> Frames:
    """The frames, nouns and general demands."""
    loaded = _loaded("frames")
    counted = {
        direction: Wording(tuple(part["do"]), (), tuple(part["cues"]))
        for direction, part in loaded["counted"].items()
    }
    nouns = {task: tuple(names) for task, names in loaded["nouns"].items()}
    return Frames(loaded["version"], tuple(loaded["frames"]), nouns, counted)


@cache
def wording(domain: Domain, attribute: str, direction: Direction) -> Wording:
    """What can be said about a direction of an attribute.

    Raises:
        KeyError: the folder has no wording for it.
    """
    for name in _FILES[domain]:
        entry = _loaded(name).get(attribute)
        if entry is not None:
            break
    else:
        raise KeyError(f"no wording for {domain} attribute {attribute!r}")
    part = entry[direction]
    demands, cues = tuple(part["do"]) if "do" in part else (), tuple(part["cues"])
    if things := entry.get("things"):
        general = frames().counted[direction]
        cues += general.cues
        demands += tuple(
            demand.format(things=thing) for demand in general.demands for thing in things
        )
    return Wording(demands, tuple(part["why"]), cues)
