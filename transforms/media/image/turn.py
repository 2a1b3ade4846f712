"""Pictures turned upright: the orientation that EXIF states, and what undoes it.

Pillow falls back to that of XMP, which no browser heeds: annotators saw such a picture as it lies.
Who trains with Pillow would see it turned, so it is published without its XMP.
"""

from __future__ import annotations

from typing import Any, Final

_TAG: Final = 0x0112
#: EXIF orientation -> Pillow's Transpose that undoes it.
_TURNS: Final = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
#: Orientations by which width and height change places.
SIDEWAYS: Final = (5, 6, 7, 8)

#: Where Pillow keeps XMP.
_XMP: Final = ("xmp", "XML:com.adobe.xmp")


def orientation_of(picture: Any) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none, or none that can be read.

    Read after decoding, except for JPEG: a PNG may say it at its end, and Pillow turns a TIFF
    itself.
    """
    try:
        value = _stated(picture)
    except Exception:  # broken EXIF raises whatever its parser stumbles over
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def turned_by_xmp(picture: Any) -> bool:
    """Whether Pillow would turn a picture that EXIF leaves as it lies; asked after decoding."""
    if hasattr(picture, "tag_v2") or orientation_of(picture) != 1:
        return False
    try:
        return _told_by(picture.info) in _TURNS
    except Exception:  # as above
        return False


def _stated(picture: Any) -> Any:
    if hasattr(picture, "tag_v2"):
        return picture.tag_v2.get(_TAG, 1)
    return _told_by({key: value for key, value in picture.info.items() if key not in _XMP})


def _told_by(info: dict[Any, Any]) -> Any:
    """The orientation that Pillow reads from what it keeps beside a picture."""
    from PIL import Image

    bare = Image.Image()
    bare.info = dict(info)
    return bare.getexif().get(_TAG, 1)


def never_by_xmp(tiff: Any) -> None:
    """Have Pillow turn a TIFF, which it does while decoding, by its own tag alone."""
    read = tiff.getexif

    def getexif() -> Any:
        for key in _XMP:
            tiff.info.pop(key, None)
        return read()

    tiff.getexif = getexif


def upright(picture: Any, orientation: int) -> Any:
    """A picture of some orientation as it is to be seen."""
    turned = _TURNS.get(orientation)
    return picture if turned is None else picture.transpose(turned)
