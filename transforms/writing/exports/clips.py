"""Clips as pictures: a few frames, evenly spaced, of a video file or of a list of frames."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

from transforms.writing.exports.format import UnfitError
from transforms.writing.exports.row import Medium, Row, response_media

#: Frames that are decoded at most, whatever a file claims, and pixels of one.
_MAX_DECODED: Final = 8_000
_MAX_PIXELS: Final = 8192 * 8192
_QUALITY: Final = 92


def even_places(count: int, wanted: int) -> list[int]:
    """Places of `wanted` items among `count`, evenly spaced, first and last among them.

    >>> even_places(8, 3)
    [0, 4, 7]
    """
    wanted = min(count, wanted)
    if wanted <= 1:
        return [0][:wanted]
    return [(2 * at * (count - 1) + wanted - 1) // (2 * (wanted - 1)) for at in range(wanted)]


def evenly(items: Sequence[Medium], wanted: int) -> list[Medium]:
    """Up to `wanted` of some media."""
    return [items[place] for place in even_places(len(items), wanted)]


def clip_frames(row: Row, side: str, wanted: int) -> list[Medium]:
    """Up to `wanted` frames of a response that is a clip.

    Raises:
        UnfitError: it is none, or can't be decoded.
    """
    slot, found = response_media(row, side, "video", "frames")
    return evenly(found, wanted) if slot == "frames" else video_frames(found[0], wanted)


def video_frames(video: Medium, wanted: int) -> list[Medium]:
    """Up to `wanted` frames of a video file as JPEG, in order.

    Raises:
        UnfitError: it can't be decoded.
    """
    data = video["bytes"]
    try:
        found = _frames_at(data, set(even_places(_frame_count(data), wanted)))
    except Exception as error:  # PyAV fails on damaged files in ways of its own
        raise UnfitError("unreadable_video") from error
    if not found:
        raise UnfitError("unreadable_video")
    return [{"bytes": one, "path": "frame.jpeg"} for one in found]


def _frame_count(data: bytes) -> int:
    """Frames by decoding: what a header claims may be wrong."""
    import av

    with av.open(io.BytesIO(data), "r") as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        if stream.width * stream.height > _MAX_PIXELS:
            raise ValueError("too many pixels")
        count = 0
        for _ in container.decode(stream):
            count += 1
            if count >= _MAX_DECODED:
                break
        return count


def _frames_at(data: bytes, places: set[int]) -> list[bytes]:
    import av

    found = []
    with av.open(io.BytesIO(data), "r") as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for number, frame in enumerate(container.decode(stream)):
            if number in places:
                picture = io.BytesIO()
                frame.to_image().save(picture, "JPEG", quality=_QUALITY)
                found.append(picture.getvalue())
            if number >= max(places, default=0):
                break
    return found
