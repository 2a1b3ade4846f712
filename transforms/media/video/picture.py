"""A decoded frame as a picture: in RGB or grey as it is seen, upright, on a background."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

from transforms.media.exact import exactly
from transforms.media.video.turn import UPRIGHT, Turn, turn_of

if TYPE_CHECKING:
    from PIL.Image import Image

#: Side of the grey picture that a frame's hash is made of.
_SMALL: Final = 32

#: FFmpeg's number for "no matrix named", and lines from which on players then take BT.709.
_UNNAMED: Final = 2
_HD_LINES: Final = 720

_RGB_FORMATS: Final = ("rgb", "bgr", "gbr", "pal8", "argb", "abgr", "gray", "ya")

#: Parts of the names of pixel formats that have an alpha plane.
_ALPHA_FORMATS: Final = ("rgba", "bgra", "argb", "abgr", "yuva", "gbrap", "pal8", "ya8", "ya16")


def has_alpha(frame: Any) -> bool:
    """Whether a frame may be transparent somewhere."""
    return frame.format.name.startswith(_ALPHA_FORMATS)


def is_rgb(pixel_format: str) -> bool:
    """Whether a pixel format has no colour matrix: RGB, a palette, or grey."""
    return pixel_format.startswith(_RGB_FORMATS)


def turn_in(frame: Any) -> Turn | None:
    """The turn that a frame's display matrix asks for; None for one that is no quarter turn."""
    from av.sidedata.sidedata import Type

    if Type.DISPLAYMATRIX not in frame.side_data:
        return UPRIGHT
    raw = bytes(frame.side_data[Type.DISPLAYMATRIX])
    return turn_of(struct.unpack("=9i", raw[:36])) if len(raw) >= 36 else UPRIGHT


def picture_of(frame: Any, turn: Turn, background: str) -> Image:
    """The frame in RGB, turned; what is transparent shows the background (``#rrggbb``)."""
    return turn.of_picture(_flat(frame, background))


def thumbnail(frame: Any, turn: Turn, background: str, side: int = _SMALL) -> Image:
    """The frame in grey, `side` x `side`, turned: what its hash is made of."""
    from PIL import Image

    size = (side, side)
    if has_alpha(frame):
        picture = _flat(frame, background).convert("L").resize(size, Image.Resampling.BOX)
    else:
        small = frame.reformat(*size, "gray", interpolation=exactly("AREA"), threads=1)
        picture = Image.fromarray(small.to_ndarray())
    return turn.of_picture(picture)


def _flat(frame: Any, background: str) -> Image:
    from PIL import Image

    if has_alpha(frame):
        picture = Image.fromarray(frame.reformat(format="rgba", threads=1).to_ndarray())
        ground = Image.new("RGBA", picture.size, background)
        return Image.alpha_composite(ground, picture).convert("RGB")
    seen = frame.reformat(
        format="rgb24", interpolation=exactly("BICUBIC"), threads=1, **_matrix(frame)
    )
    return Image.fromarray(seen.to_ndarray())


def _matrix(frame: Any) -> dict[str, str]:
    """The colour matrix to read a frame by, where it names none itself."""
    if frame.colorspace != _UNNAMED or is_rgb(frame.format.name):
        return {}
    return {"src_colorspace": "ITU709" if frame.height >= _HD_LINES else "ITU601"}
