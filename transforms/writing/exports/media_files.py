"""Media as files of an export: named by the digest of their bytes, each written once.

No part of a name comes from the dataset but the ending, and that only if it is a known one.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from transforms.beamkit import files
from transforms.writing.exports.row import Medium

_ENDINGS: Final = frozenset(
    (
        "jpeg", "jpg", "png", "webp", "gif", "bmp", "tiff", "mp4", "webm", "mkv", "mov", "avi",
        "wav", "flac", "mp3", "ogg", "opus", "m4a", "glb", "gltf", "obj", "ply", "stl", "off",
    )
)  # fmt: skip
_SAFE: Final = re.compile(r"[A-Za-z0-9][\w.-]*")


class MediaFiles:
    """Writes media below `top` of an export's folder; the first two digits make a folder."""

    def __init__(self, folder: str, top: str) -> None:
        if _SAFE.fullmatch(top) is None or ".." in top:
            raise ValueError(f"{top!r} is no name for a folder of media")
        self.folder, self.top = folder, top

    def put(self, medium: Medium) -> str:
        """Write a medium unless it is there; gives its path relative to the export's folder."""
        return self.put_bytes(medium["bytes"], ending_of(medium.get("path")))

    def put_bytes(self, data: bytes, ending: str) -> str:
        """The same for bytes whose ending is known."""
        digest = hashlib.sha256(data).hexdigest()
        path = f"{self.top}/{digest[:2]}/{digest}.{ending}"
        target = files.join(self.folder, path)
        if not files.exists(target):
            files.write_once(target, data)
        return path


def named(medium: Medium) -> dict[str, object]:
    """A medium as a cell: its bytes, and a name by their digest."""
    digest = hashlib.sha256(medium["bytes"]).hexdigest()
    return {"bytes": medium["bytes"], "path": f"{digest}.{ending_of(medium.get('path'))}"}


def ending_of(name: object) -> str:
    """The ending of a file's name if it is a known one, else ``bin``."""
    found = str(name or "").rpartition(".")[2].lower()
    return found if found in _ENDINGS else "bin"
