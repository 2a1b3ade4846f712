"""From the paths or cells of a record to references to media."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from schemas.media import SLOT_MODALITY, MediaRef
from transforms.beamkit.errors import BuildError
from transforms.sources.adapter import need
from transforms.sources.mapped.options import MappedOptions, MediaPlace
from transforms.sources.mapped.values import needed
from transforms.sources.records import Place
from transforms.sources.urls import url_path

#: Slots of which one response or prompt holds several media.
PLURAL = frozenset(slot for slot in SLOT_MODALITY if slot.endswith("s"))


def prompt_refs(
    record: Mapping[str, Any], options: MappedOptions, place: Place
) -> tuple[MediaRef, ...]:
    """The media of a record's prompt.

    Raises:
        Reject: `missing_field`, or `malformed_media` for a value that is no path.
    """
    refs: list[MediaRef] = []
    for slot, where in options.media.items():
        if slot.startswith("prompt_") and where.column is not None:
            value = None if where.root is None else needed(record, where.column)
            refs += refs_of(slot, where, where.column, value, place)
    return tuple(refs)


def refs_of(
    slot: str, where: MediaPlace, column: str, value: Any, place: Place
) -> tuple[MediaRef, ...]:
    """References to the media that `value` names, or to the cell of `column`.

    Raises:
        Reject: `malformed_media`.
        BuildError: a cell in a file that is not Parquet.
    """
    if where.root is None:
        if place.group is None:
            raise BuildError(
                f"{place.file}: bytes in cells are read from Parquet only; for media in files, say "
                f"options.media.{slot}.root (a folder or an archive)"
            )
        return (MediaRef(slot, place.file, f"{column}/{place.group}/{place.row}"),)
    paths = value if isinstance(value, list) and slot in PLURAL else [value]
    need(
        bool(paths) and all(isinstance(path, str) and path for path in paths),
        "malformed_media",
        f"{column} holds no path: {value!r}"[:200],
    )
    return tuple(MediaRef(slot, where.root, member_of(path, where.strip)) for path in paths)


def member_of(path: str, strip: str) -> str:
    """The name below the root: of a URL its file name; ``./`` and the prefix `strip` go.

    Raises:
        Reject: `malformed_media` for what begins as a URL and is none.
    """
    if "://" in path:
        return unquote(posixpath.basename(url_path(path, "malformed_media")))
    start = 0
    while path.startswith("./", start):
        start += 2
    return path[start:].removeprefix(strip)
