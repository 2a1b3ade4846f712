"""JPEG: a decode that notices missing data, and a rewrite that leaves the coded picture alone.

Pillow's decoder fills what is missing inside a file with grey and says nothing: libjpeg calls it a
warning. simplejpeg, of the same libjpeg-turbo, hands the first warning on, so it decodes here, and
Pillow only what libjpeg-turbo's simple interface can't read (odd sampling).

A scaled decode (``scale`` 2, 4, 8) reads and checks every coded bit as a full one does; it only
leaves out the transform of high frequencies, which can't fail. At 1080p it takes half the time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np

from transforms.media.errors import MediaError

#: libjpeg's words for data that are not there or make no sense.
_DAMAGE: Final = re.compile("premature end|bad huffman|bad arithmetic|found marker", re.IGNORECASE)

#: Bytes that belong to no segment, before the marker named.
_STRAY: Final = re.compile(r"(\d+) extraneous bytes before marker 0x([0-9a-f]{2})")

#: Stuffing that some encoders leave before the end marker. More is picture data without a place.
_STUFFING: Final = 16

#: More scans than any encoder writes (a script of libjpeg has 10): a file that costs hours.
_MAX_SCANS: Final = 500

_END: Final = 0xD9
_SCAN: Final = 0xDA
_COMMENT: Final = 0xFE
_INDEX: Final = 0xE2
#: Markers without a length: TEM, RST0 to RST7, SOI.
_BARE: Final = {0x01, *range(0xD0, 0xD9)}
#: A marker inside coded data: neither a stuffed 0xFF, nor a restart, nor fill.
_MARKER: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")

_COLOURS: Final = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}


class DecodedJpeg(NamedTuple):
    """A Pillow picture, and the part of it that counts: width and height from the upper left.

    A side that `scale` doesn't divide ends inside the last pixel. `cleaned` is the file that was
    read, if the source has stray bytes.
    """

    picture: Any
    area: tuple[float, float]
    cleaned: bytes | None = None


def check_scans(data: bytes) -> None:
    """Refuse a file of very many scans, each of which passes over the whole picture.

    Raises:
        MediaError: `image_too_large`.
    """
    marks = np.frombuffer(data, np.uint8)  # `bytes.count` takes four times as long
    scans = int(np.count_nonzero((marks[:-1] == 0xFF) & (marks[1:] == _SCAN)))
    if scans > _MAX_SCANS:
        raise MediaError("image_too_large", f"{scans:,} scans, the limit is {_MAX_SCANS}")


def decode_jpeg(data: bytes, opened: Any, scale: int = 1, *, grey: bool = False) -> DecodedJpeg:
    """The picture at 1/`scale` of its size (1, 2, 4, 8; rounded up), the whole file checked.

    `opened` is Pillow's view of the header; its mode is the result's, or L with `grey`.

    Raises:
        MediaError: `image_undecodable` for data that are missing or make no sense.
        Exception: whatever Pillow raises about what only Pillow can read.
    """
    mode = "L" if grey and opened.mode == "RGB" else opened.mode
    area = (opened.width / scale, opened.height / scale)
    cleaned = None
    picture, warning = _strict(data, mode, opened.size, scale)
    if picture is None and _lies_inside(_STRAY.search(warning)):
        cleaned = rewritten(data)
        picture, warning = _strict(cleaned, mode, opened.size, scale)
    if picture is None:
        _refuse_damage(warning)
        if _STRAY.search(warning) is None:
            cleaned = None  # what it says of the source is not known to be true of the rewrite
        picture, area = _lenient(opened, mode, scale)
    return DecodedJpeg(picture, area, cleaned)


def _lies_inside(stray: re.Match[str] | None) -> bool:
    """Whether stray bytes lie before another marker than the end."""
    return stray is not None and int(stray[2], 16) != _END


def _refuse_damage(warning: str) -> None:
    stray = _STRAY.search(warning)
    if _DAMAGE.search(warning) or _lies_inside(stray):
        raise MediaError("image_undecodable", f"missing or damaged data: {warning}")
    if stray is not None and int(stray[1]) > _STUFFING:
        message = f"damaged: {stray[1]} bytes are left over when the picture is complete"
        raise MediaError("image_undecodable", message)


def _strict(data: bytes, mode: str, size: tuple[int, int], scale: int) -> tuple[Any, str]:
    """The picture by simplejpeg; or None, and libjpeg's first warning or error."""
    import simplejpeg
    from PIL import Image

    width, height = (-(-side // scale) for side in size)
    try:
        array = simplejpeg.decode_jpeg(
            data, _COLOURS[mode], min_height=height, min_width=width, min_factor=scale
        )
    except ValueError as error:
        return None, str(error)
    shape = (array.shape[1], array.shape[0])
    if shape != (width, height):
        return None, f"{shape} decoded, {(width, height)} asked for"
    # CMYK is stored inverted, as Adobe's programs do; Pillow takes all files for theirs, too.
    raw = "CMYK;I" if mode == "CMYK" else mode
    return Image.frombytes(mode, shape, array, "raw", raw), ""


def _lenient(opened: Any, mode: str, scale: int) -> tuple[Any, tuple[float, float]]:
    """The picture by Pillow, which may choose a smaller scale, and the part of it that counts."""
    drafted = opened.draft(mode, tuple(max(1, side // scale) for side in opened.size))
    area = drafted[1][2:] if drafted else opened.size
    opened.load()
    return (opened if opened.mode == mode else opened.convert(mode)), area


class _Segment(NamedTuple):
    marker: int
    start: int
    end: int


def _segments(data: bytes) -> Iterator[_Segment]:
    """Segments of the first picture of a file, in order; a scan goes with its coded data.

    Ends before the end marker, or where the file ends.
    """
    position = 2
    while (position := data.find(b"\xff", position)) >= 0 and position + 4 <= len(data):
        marker = data[position + 1]
        if marker == _END:
            return
        if marker in (0x00, 0xFF) or marker in _BARE:
            position += 1
            continue
        end = position + 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        if marker == _SCAN:
            after = _MARKER.search(data, end)
            end = after.start() if after else len(data)
        yield _Segment(marker, position, end)
        position = end


def without_index(data: bytes) -> bytes | None:
    """A JPEG without its index of further pictures (MPF), which may be damaged; None without one.

    Programs that save a picture anew copy the index of its source.
    """
    parts, position = [], 0
    for marker, start, end in _segments(data):
        if marker == _INDEX and data[start + 4 : start + 8] == b"MPF\0":
            parts.append(data[position:start])
            position = end
    return b"".join((*parts, data[position:])) if parts else None


def rewritten(data: bytes) -> bytes:
    """The first picture of a file, its coded data untouched; all that is no part of it left out.

    That is: metadata, comments, profiles, further pictures, bytes between segments. Kept are JFIF's
    and Adobe's segments, which say how colours are coded.
    """
    parts = [data[:2]]
    for marker, start, end in _segments(data):
        segment = data[start:end]
        if 0xE0 <= marker <= 0xEF:
            jfif = marker == 0xE0 and segment[4:9] == b"JFIF\0"
            adobe = marker == 0xEE and segment[4:9] == b"Adobe"
            if not jfif and not adobe:
                continue
        elif marker == _COMMENT:
            continue
        parts.append(segment)
    return b"".join((*parts, b"\xff\xd9"))
