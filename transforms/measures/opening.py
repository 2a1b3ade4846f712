"""How the media of a response are opened to be measured, by the slot that they fill."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from transforms.measures.attribute import Domain
from transforms.measures.clip import Clip, clip_of_frames, open_clip
from transforms.measures.picture import Picture, open_picture
from transforms.measures.solid import Solid, open_solid
from transforms.measures.sound import Sound, open_sound


class UnreadableError(Exception):
    """A medium can't be decoded; the message names the library's error."""


@dataclass(frozen=True)
class Parts:
    """The media of one slot: bytes, facts of each (`schemas.media.INFO_STRUCT`), frames a second
    of a list of frames.
    """

    data: Sequence[bytes]
    infos: Sequence[Mapping[str, Any]]
    fps: float | None


def _picture(parts: Parts) -> Picture:
    return open_picture(parts.data[0])


def _frames(parts: Parts) -> Clip:
    return clip_of_frames(parts.data, parts.fps)


def _video(parts: Parts) -> Clip:
    info = parts.infos[0]
    return open_clip(parts.data[0], info["duration_s"], info["rate_hz"])


def _sound(parts: Parts) -> Sound:
    return open_sound(parts.data[0], parts.infos[0]["loudness_lufs"])


def _solid(parts: Parts) -> Solid:
    return open_solid(parts.data[0], parts.infos[0]["format"] or "glb")


def _views(parts: Parts) -> list[Picture]:
    return [open_picture(data) for data in parts.data]


_OPENERS: Final[dict[str, Callable[[Parts], Any]]] = {
    "image": _picture,
    "frames": _frames,
    "video": _video,
    "audio": _sound,
    "mesh": _solid,
    "views": _views,
}

#: Whose attributes the medium of a slot has.
DOMAIN_OF_SLOT: Final[dict[str, Domain]] = {
    "image": "image",
    "frames": "video",
    "video": "video",
    "audio": "audio",
    "mesh": "mesh",
    "views": "view",
}


def open_response(slot: str, parts: Parts) -> Any:
    """Decode what fills a slot.

    Raises:
        UnreadableError: it can't be decoded, for whatever reason.
    """
    try:
        return _OPENERS[slot](parts)
    except Exception as error:  # libraries fail on odd media in ways of their own
        raise UnreadableError(type(error).__name__) from error
