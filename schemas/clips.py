"""Clips that lie as files beside a dataset's tables: their names, and what cells say of them.

A cell of the feature type `Video` has ``{"bytes", "path"}``. Readers look for a path without bytes
from where they are run, unless it is an address; so such a cell has the address in the repository,
at its main branch. Names are those of contents, so that an address holds in every version.
"""

from __future__ import annotations

import re
from typing import Final

from schemas.pair import MEDIA_FEATURES, PAIR_SCHEMA

#: Slots that hold clips.
CLIP_SLOTS: Final = tuple(
    slot for slot, feature in MEDIA_FEATURES.items() if feature.removeprefix("List:") == "Video"
)
#: Columns of published rows that hold them.
CLIP_COLUMNS: Final = tuple(
    field.name
    for field in PAIR_SCHEMA
    if field.name.removeprefix("response_a_").removeprefix("response_b_") in CLIP_SLOTS
)

#: The folder of a dataset that holds them.
CLIPS: Final = "videos"

_ADDRESS: Final = re.compile(
    r"hf://datasets/[\w.-]+/[\w.-]+@main/(?P<place>videos/[0-9a-f]{2}/(?P<name>[0-9a-f]{64}\.\w{1,8}))",
    re.ASCII,
)


def clip_name(name: str) -> str:
    """Where the clip of a name (``<digest>.<format>``) lies below `CLIPS`."""
    return f"{name[:2]}/{name}"


def clip_address(repo: str, name: str) -> str:
    """What the cell of a clip says: its address in the repository ``owner/name``."""
    return f"hf://datasets/{repo}@main/{CLIPS}/{clip_name(name)}"


def clip_place(path: str | None) -> str | None:
    """Where in a dataset's folder a clip lies, by what its cell says; None for any other path."""
    found = _ADDRESS.fullmatch(path or "")
    return found["place"] if found else None


def repo_of_clip(path: str) -> str | None:
    """The repository that a clip's address names."""
    return path.removeprefix("hf://datasets/").partition("@")[0] if clip_place(path) else None
