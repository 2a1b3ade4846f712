"""What the columns of some records hold: texts, paths, turns, numbers, categories, cells."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from schemas.tasks import Modality
from transforms.sources.mapped.values import is_turns
from transforms.sources.urls import split_url

Kind = Literal[
    "text", "path", "paths", "turns", "transcript", "texts", "answers", "number", "numbers",
    "category", "categories", "cell", "other",
]  # fmt: skip

#: A column of so few distinct values is a category.
MAX_CATEGORIES: Final = 8

_SUFFIXES: Final[Mapping[str, Modality]] = {
    **dict.fromkeys(("jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "avif"), "image"),
    **dict.fromkeys(("mp4", "webm", "avi", "mov", "mkv"), "video"),
    **dict.fromkeys(("wav", "flac", "mp3", "ogg", "m4a"), "audio"),
    **dict.fromkeys(("glb", "gltf", "obj", "ply", "stl"), "mesh"),
}  # type: ignore[dict-item]
_TRANSCRIPT: Final = re.compile(r"\A\s*(Human|User|Q): .*\n\n(Assistant|AI|A): ", re.DOTALL)


@dataclass
class Profile:
    """One column over the records that were looked at."""

    name: str
    kind: Kind
    #: Mean characters of texts; for lists, of their items.
    length: float = 0.0
    #: Distinct scalar values, as they stand, commonest first.
    values: list[Any] = field(default_factory=list)
    is_unique: bool = False
    #: For paths and cells.
    modality: Modality | None = None
    #: For lists: how many items they have, if always as many; else 0.
    items: int = 0
    #: Whether some record lacks it.
    has_gaps: bool = False


def profiles(records: Sequence[Mapping[str, Any]]) -> list[Profile]:
    """The profile of every top-level column, in order of appearance."""
    names = dict.fromkeys(name for record in records for name in record)
    return [profile(name, [record.get(name) for record in records]) for name in names]


def profile(name: str, column: Sequence[Any]) -> Profile:
    """The profile of one column."""
    values = [value for value in column if value is not None]
    gaps = len(values) < len(column)
    if not values:
        return Profile(name, "other", has_gaps=True)
    found = _scalar(name, values) if not _any(values, list | Mapping) else _nested(name, values)
    found.has_gaps = gaps
    return found


def _any(values: Sequence[Any], kinds: Any) -> bool:
    return any(isinstance(value, kinds) for value in values)


def _scalar(name: str, values: Sequence[Any]) -> Profile:
    distinct = sorted({str(value): value for value in values}.values(), key=str)
    distinct.sort(key=lambda value: -sum(value == other for other in values))
    unique = len(distinct) == len(values) > 1
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) >= 0.8 * len(values):  # a stray number or truth value among answers is a fault
        values = texts
        length = sum(map(len, values)) / len(values)
        modality = modality_of(values)
        if modality is not None:
            return Profile(name, "path", length, is_unique=unique, modality=modality)
        if sum(bool(_TRANSCRIPT.match(value)) for value in values) > len(values) / 2:
            return Profile(name, "transcript", length, is_unique=unique)
        if length < 40 and len(distinct) <= MAX_CATEGORIES and not unique:
            return Profile(name, "category", length, distinct)
        number = all(re.fullmatch(r"\s*-?\d+(\.\d+)?\s*", value) for value in values)
        return Profile(name, "number" if number else "text", length, distinct, unique)
    if all(isinstance(value, bool | int | float) for value in values):
        few = len(distinct) <= MAX_CATEGORIES and not unique
        return Profile(name, "category" if few else "number", 0, distinct, unique)
    return Profile(name, "other")


def _nested(name: str, values: Sequence[Any]) -> Profile:
    if all(isinstance(value, Mapping) and "bytes" in value for value in values):
        names = [value["path"] for value in values if isinstance(value.get("path"), str)]
        return Profile(name, "cell", modality=modality_of(names) or "image")
    if all(isinstance(value, Mapping) for value in values):
        held = [next((v[k] for k in ("content", "value", "text") if k in v), None) for v in values]
        texts = [text for text in held if isinstance(text, str)]
        if len(texts) < len(values):
            return Profile(name, "other")
        return Profile(name, "text", sum(map(len, texts)) / len(texts))
    if not all(isinstance(value, list) for value in values):
        return Profile(name, "other")
    if all(is_turns(value) for value in values):
        return Profile(name, "turns")
    sizes = {len(value) for value in values}
    count = sizes.pop() if len(sizes) == 1 else 0
    return _list(name, [item for value in values for item in value], count)


def _list(name: str, items: Sequence[Any], count: int) -> Profile:
    if items and all(isinstance(item, str) for item in items):
        modality = modality_of(items)
        length = sum(map(len, items)) / len(items)
        if modality is not None:
            return Profile(name, "paths", length, modality=modality, items=count)
        distinct = sorted(set(items))
        few = length < 40 and len(distinct) <= MAX_CATEGORIES < len(items)
        return Profile(name, "categories" if few else "texts", length, distinct[:50], items=count)
    if items and all(isinstance(item, int | float) for item in items):
        return Profile(name, "numbers", 0, sorted(set(items))[:50], items=count)
    if items and all(isinstance(item, Mapping) for item in items):
        return Profile(name, "answers", items=count)
    return Profile(name, "other", items=count)


def modality_of(paths: Sequence[str]) -> Modality | None:
    """What paths or URLs point to by their suffixes; None unless all are of one modality."""
    found = {_modality(path) for path in paths}
    return found.pop() if len(found) == 1 else None


def _modality(path: str) -> Modality | None:
    parts = split_url(path) if len(path) < 1_000 and "\n" not in path else None
    if parts is None:
        return None
    return _SUFFIXES.get(posixpath.splitext(parts.path)[1].lstrip(".").lower())
