"""Media of the viewer: by address on a page, and served with a type that was found out here."""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pipelines.gallery.kinds import BINARY, media_type
from pipelines.gallery.media import Cell, Medium
from pipelines.gallery.previews import PreviewLimits, default_policy, rendered
from pipelines.gallery.viewer.rows import MEDIA_COLUMNS, Rows
from schemas.media import SLOT_MODALITY
from schemas.tasks import Modality
from transforms.media.errors import MediaError

_MOST_FRAMES: Final = 24
_LIMITS: Final = PreviewLimits(picture_side=1024, mesh_side=320, mesh_views=4)
#: Renderings that are made at the same time, and that are kept.
_AT_ONCE: Final = threading.Semaphore(2)
_KEPT: Final = 256


@dataclass(frozen=True)
class Addressed:
    """`MediaMaker` of the viewer: addresses below ``/media/<row number>/``."""

    number: int

    def __call__(self, cell: Cell) -> Medium:
        """A medium by its address; its bytes are not read yet."""
        base = f"/media/{self.number}/{cell.column}"
        own = f"{base}/{cell.first}"
        if cell.as_strip:
            count = len(cell.items)
            chosen = range(count)
            if count > _MOST_FRAMES:
                chosen = range(0, count, -(-count // _MOST_FRAMES))
            note = f"{len(chosen)} of {count} frames" if len(chosen) < count else ""
            return Medium("strip", cell.alt, tuple(f"{base}/{k}" for k in chosen), note=note)
        if cell.modality == "mesh":
            views = tuple(f"{own}/{k}.jpg" for k in range(_LIMITS.mesh_views))
            return Medium("views", cell.alt, views, link=own)
        if cell.modality == "audio":
            return Medium("sound", cell.alt, (own,), poster=f"{own}/0.jpg")
        return Medium("clip" if cell.modality == "video" else "picture", cell.alt, (own,))


@dataclass(frozen=True)
class Served:
    """Bytes to send, their type, and whether they are to be kept as a file rather than shown."""

    data: bytes
    media_type: str
    as_file: bool = False


def modality_of(column: str) -> Modality:
    """The modality of a media column.

    Raises:
        KeyError: it is none.
    """
    if column not in MEDIA_COLUMNS:
        raise KeyError(column)
    return SLOT_MODALITY[column.removeprefix("response_a_").removeprefix("response_b_")]


def serve(rows: Rows, number: int, column: str, at: int) -> Served:
    """A medium as it lies in the dataset, if a browser may be given it as what it is.

    A picture of another kind is decoded and encoded anew; anything else becomes a file.

    Raises:
        LookupError: there is no such medium.
        MediaError: a picture can't be decoded.
    """
    modality = modality_of(column)
    data = rows.media(number, column)[at]
    kind = media_type(data, modality)
    if kind is not None and modality != "mesh":
        return Served(data, kind)
    if modality == "image":
        return Served(_rendered(rows, number, column, at)[0], "image/jpeg")
    return Served(data, kind or BINARY, as_file=True)


def render(rows: Rows, number: int, column: str, at: int, view: int) -> Served:
    """One of the pictures that show a medium: a view of a model, a frame, a spectrogram.

    Raises:
        LookupError: there is no such medium or view.
        MediaError: it can't be decoded.
    """
    modality_of(column)
    return Served(_rendered(rows, number, column, at)[view], "image/jpeg")


@functools.lru_cache(maxsize=_KEPT)
def _rendered(rows: Rows, number: int, column: str, at: int) -> Sequence[bytes]:
    data = rows.media(number, column)[at]
    if len(data) > _LIMITS.source_bytes:
        raise MediaError("too_large", f"{len(data):,} bytes are too many for a preview")
    with _AT_ONCE:
        return tuple(rendered(modality_of(column), data, _LIMITS, default_policy()))
