"""A picture made smaller: bicubic, over all pixels that a new one covers.

Pillow's filter is exact and slow; FFmpeg's is the same but for its sharpness (a = -0.6, Pillow's
-0.5) and has vector instructions, so that a picture takes less than half the time. It is called so
that its result does not depend on the processor. Pillow does what FFmpeg can't: alpha, which has to
be weighed, a part of a pixel at the edge, and extremes.
"""

from __future__ import annotations

import threading
from typing import Any, Final

import numpy as np

from transforms.media.exact import exactly

#: By Pillow's mode FFmpeg's format of one plane a channel. Planes of RGB go by the name of others,
#: or FFmpeg would scale brightness and colour in place of them.
_PLANES: Final = {"L": "gray", "RGB": "yuv444p"}

#: The least that a side may become, and how many times larger it may have been: beyond, FFmpeg's
#: filters are coarse, or fail.
_SHORTEST: Final = 16
_MOST_TIMES: Final = 16

#: A picture is brought to this many times its new size by plain means, which are quick; so much is
#: left to the filter that they are not to be seen.
_GAP: Final = 2.0

_own = threading.local()


def scaled(picture: Any, size: tuple[int, int], area: tuple[float, float] | None = None) -> Any:
    """A Pillow picture at a smaller `size`; itself where it has that.

    `area` is the width and height that count, from the upper left, if not all does.
    """
    if picture.size == size:
        return picture
    whole = area is None or area == picture.size
    if whole and picture.mode in _PLANES and _within_reach(picture.size, size):
        return _by_ffmpeg(_reduced(picture, size), size)
    from PIL import Image

    box = None if area is None else (0.0, 0.0, *area)
    return picture.resize(size, Image.Resampling.BICUBIC, box=box, reducing_gap=_GAP)


def _within_reach(old: tuple[int, int], new: tuple[int, int]) -> bool:
    return all(
        _SHORTEST <= wanted <= side <= _MOST_TIMES * wanted
        for side, wanted in zip(old, new, strict=True)
    )


def _reduced(picture: Any, size: tuple[int, int]) -> Any:
    """Means of squares, where those end with the picture."""
    times = int(min(old / new for old, new in zip(picture.size, size, strict=True)) / _GAP)
    if times < 2 or any(side % times for side in picture.size):
        return picture
    return picture.reduce(times)


def _by_ffmpeg(picture: Any, size: tuple[int, int]) -> Any:
    import av
    from PIL import Image

    name = _PLANES[picture.mode]
    frame = av.VideoFrame(picture.width, picture.height, name)
    pixels = np.asarray(picture).reshape(picture.height, picture.width, -1)
    for channel, plane in enumerate(frame.planes):
        _pixels(plane)[...] = pixels[:, :, channel]
    way = exactly("BICUBIC")
    small = _reformatter().reformat(frame, *size, name, interpolation=way, threads=1)
    planes = [_pixels(plane) for plane in small.planes]
    return Image.fromarray(planes[0] if len(planes) == 1 else np.dstack(planes))


def _pixels(plane: Any) -> np.ndarray:
    """The pixels of a plane, without a copy: rows are longer than the picture is wide."""
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]


def _reformatter() -> Any:
    """One of this thread: it keeps the filters of the last sizes."""
    from av.video.reformatter import VideoReformatter

    if not hasattr(_own, "reformatter"):
        _own.reformatter = VideoReformatter()
    return _own.reformatter
