"""Which of the formats that browsers show a medium is, by its first bytes: never by its name.

What is not on the list (SVG and HTML first of all) is never given to a browser as a picture.
"""

from __future__ import annotations

from typing import Final

_PICTURES: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_CLIPS: Final = ((b"\x1aE\xdf\xa3", "video/webm"),)
_SOUNDS: Final = ((b"fLaC", "audio/flac"), (b"OggS", "audio/ogg"), (b"ID3", "audio/mpeg"))
_MPEG_SYNC: Final = (0xF3, 0xFA, 0xFB, 0xF2)

#: What is served for a file to be kept, not shown.
BINARY: Final = "application/octet-stream"


def media_type(data: bytes, modality: str) -> str | None:
    """The type of a medium that a browser may be given as such; None for anything else."""
    head = bytes(data[:16])
    if modality == "image":
        if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return "image/webp"
        return _listed(head, _PICTURES)
    if modality == "video":
        return "video/mp4" if head[4:8] == b"ftyp" else _listed(head, _CLIPS)
    if modality == "audio":
        if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
            return "audio/wav"
        if head[4:8] == b"ftyp":
            return "audio/mp4"
        if head[:1] == b"\xff" and head[1:2] and head[1] in _MPEG_SYNC:
            return "audio/mpeg"
        return _listed(head, _SOUNDS)
    return "model/gltf-binary" if modality == "mesh" and head[:4] == b"glTF" else None


def _listed(head: bytes, known: tuple[tuple[bytes, str], ...]) -> str | None:
    return next((name for magic, name in known if head.startswith(magic)), None)
