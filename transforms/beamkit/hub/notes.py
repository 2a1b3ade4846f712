"""Notes on files of the Hub, kept in the cache by their digests: what was costly to find out."""

from __future__ import annotations

from transforms.beamkit.hub import cache
from transforms.beamkit.hub.address import is_hub
from transforms.beamkit.hub.tree import find


def recall_note(kind: str, path: str) -> bytes | None:
    """The note of this kind on a file; None where there is none, or the file is not on the Hub."""
    return cache.recall(kind, _name(path)) if is_hub(path) else None


def leave_note(kind: str, path: str, note: bytes) -> None:
    """Leave a note on a file of the Hub; one on another file is not kept."""
    if is_hub(path):
        cache.remember(kind, _name(path), note)


def _name(path: str) -> str:
    return find(path).digest.replace(":", "-")
