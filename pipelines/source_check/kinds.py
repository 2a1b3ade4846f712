"""What a file is for, by its name: records, an archive of media, a plain medium."""

from __future__ import annotations

from typing import Final, Literal

from pipelines.source_check.runs import part_of
from transforms.sources.formats.check import is_medium, suffix_of
from transforms.sources.formats.cut import RECORD_SUFFIXES

Kind = Literal["records", "archive", "medium", "other"]

ARCHIVES: Final = (".tar.gz", ".tgz", ".tar", ".zip")
MEDIA: Final = (
    *(".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".mp4", ".webm", ".avi"),
    *(".wav", ".flac", ".mp3", ".ogg", ".glb", ".obj", ".ply", ".stl"),
)

#: Suffixes by kind.
SUFFIXES: Final[dict[Kind, tuple[str, ...]]] = {
    "records": RECORD_SUFFIXES,
    "archive": ARCHIVES,
    "medium": MEDIA,
    "other": (),
}

#: Files that accompany a repository and are no records.
_ABOUT: Final = frozenset({"dataset_info.json", "dataset_infos.json", "state.json", "config.json"})


def kind_of(name: str) -> Kind:
    """The kind of a file or pattern; a part of a split archive is an archive."""
    part = part_of(name)
    suffix = suffix_of(part[0] if part else name)
    if suffix in ARCHIVES or ".zip.part" in name or ".zip.[" in name:
        return "archive"
    if suffix in RECORD_SUFFIXES:
        base = name.rsplit("/", 1)[-1]
        return "other" if base in _ABOUT or name.startswith(".") else "records"
    return "medium" if is_medium(name) else "other"


def stem_of(name: str) -> str:
    """The last part of a name without its suffix."""
    base = name.rsplit("/", 1)[-1]
    return base[: len(base) - len(suffix_of(base))] if suffix_of(base) else base


def folder_of(name: str) -> str:
    """The folder of a name with its slash; empty at the root."""
    head, slash, _ = name.rpartition("/")
    return head + slash
