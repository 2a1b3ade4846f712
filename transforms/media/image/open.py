"""Opening a picture: its header, within limits; every oddity of a library becomes one error."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from transforms.beamkit.sniff import HEAD_BYTES, sniff
from transforms.media.errors import MediaError, found_instead
from transforms.media.image.colour import Samples
from transforms.media.image.jpeg import without_index
from transforms.media.image.structure import (
    check_size,
    frames_before_open,
    without_damaged_notes,
)
from transforms.media.image.turn import never_by_xmp
from transforms.media.settings import ImagePolicy

#: Pillow's decoders that may run at all; the policy chooses among them.
_DECODERS: Final = {
    "jpeg": "JPEG",
    "png": "PNG",
    "webp": "WEBP",
    "gif": "GIF",
    "bmp": "BMP",
    "tiff": "TIFF",
    "avif": "AVIF",
}

#: Pictures that are known but not read, by how they begin at some offset.
_FOREIGN: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"\xff\x0a", "jpeg xl"),
    (4, b"JXL \r\n\x87\n", "jpeg xl"),
    (4, b"jP  \r\n\x87\n", "jpeg 2000"),
    (0, b"\xff\x4f\xff\x51", "jpeg 2000"),
    (4, b"ftyphei", "heic"),
    (4, b"ftyphev", "heic"),
    (4, b"ftypmif1", "heif"),
    (4, b"ftypmsf1", "heif"),
    (0, b"8BPS", "psd"),
    (0, b"\0\0\1\0", "ico"),
    (0, b"v/1\1", "openexr"),
    (0, b"#?RADIANCE", "radiance hdr"),
    (0, b"DDS ", "dds"),
    (0, b"qoif", "qoi"),
    (0, b"<svg", "svg"),
    (0, b"%PDF", "pdf"),
    (0, b"%!PS", "postscript"),
    (0, b"II\xbc", "jpeg xr"),
    (0, b"icns", "icns"),
    (0, b"\n\5\1", "pcx"),
    (0, b"\1\xda", "sgi"),
    (0, b"/* XPM */", "xpm"),
    (0, b"SIMPLE  =", "fits"),
    *((0, b"P%d\n" % number, "netpbm") for number in range(1, 8)),
    (4, b"ftyp", "mp4"),
    (0, b"\x1aE\xdf\xa3", "matroska"),
)

_BITS: Final = 258
_PHOTOMETRIC: Final = 262
_WHITE_IS_ZERO: Final = 0
_YCBCR: Final = 6
_SAMPLE_FORMAT: Final = 339
_LOWEST: Final = 340
_HIGHEST: Final = 341
_UNSIGNED: Final = 1
_LAYOUT: Final = 284
#: Red, green and blue each apart.
_PLANES: Final = 2

#: Pillow's words for text or a profile that is small in the file and large when unpacked.
_UNPACKED: Final = ("Decompressed data too large", "Too much memory used in text chunks")


@dataclass(frozen=True)
class Header:
    """What a picture's header says; `size` as stored, before it is turned upright.

    `picture` is Pillow's lazy view: nothing is decoded yet. `samples` and `frames` are those of the
    container's own words where Pillow's view hides them. `damaged_notes` tells of a PNG that Pillow
    opens only without them, or of a JPEG without its index of further pictures.
    """

    picture: Any
    format: str
    size: tuple[int, int]
    samples: Samples
    frames: int
    damaged_notes: bool = False

    @property
    def icc(self) -> bytes | None:
        """The colour profile."""
        profile = self.picture.info.get("icc_profile")
        return profile if isinstance(profile, bytes) else None


@contextmanager
def reading(data: bytes) -> Iterator[None]:
    """Turn whatever is raised inside into a `MediaError`.

    Raises:
        MediaError: that of the inside; `image_too_large` for Pillow's own limits, `image_memory`
            where memory runs out, `image_undecodable` for the rest.
        ImportError: a library is missing.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd EXIF and near-limit sizes; the limit is ours
            yield
    except (MediaError, ImportError):  # a library that is missing is no fault of the picture
        raise
    except MemoryError:
        raise MediaError("image_memory", "decoding takes more memory than is allowed") from None
    except Image.DecompressionBombError as error:
        raise MediaError("image_too_large", str(error)) from None
    except Exception as error:
        if any(words in str(error) for words in _UNPACKED):
            raise MediaError("image_too_large", f"its text or profile: {error}") from None
        raise MediaError("image_undecodable", _complaint(data, error)) from None


def open_picture(data: bytes, policy: ImagePolicy) -> Header:
    """Read the header; within `reading`, so that Pillow's exceptions become ours.

    Raises:
        MediaError: `image_too_large` before anything is allocated, `image_format` for a format
            that is known but not of the policy, `image_animated` for several frames where the
            policy rejects them.
    """
    if len(data) > policy.max_bytes:
        raise MediaError(
            "image_too_large", f"{len(data):,} bytes, the limit is {policy.max_bytes:,}"
        )
    counted = frames_before_open(data, policy)
    picture, damaged_notes = _opened_as_browsers_do(data, policy)
    name = (picture.format or "").lower()
    name = "jpeg" if name == "mpo" else name  # a JPEG with further ones behind it
    if name not in policy.formats:
        raise MediaError("image_format", f"{name} is not among {policy.formats}")
    check_size(picture.size, policy)
    frames = counted if counted is not None else int(getattr(picture, "n_frames", 1))
    if frames > 1 and policy.animated == "reject":
        raise MediaError("image_animated", f"{frames:,} frames or pages, the policy allows one")
    samples = _samples(picture, name, data)
    return Header(picture, name, picture.size, samples, frames, damaged_notes)


def _opened_as_browsers_do(data: bytes, policy: ImagePolicy) -> tuple[Any, bool]:
    """Pillow's view of a picture, and whether notes beside it had to be left out for that."""
    from PIL import UnidentifiedImageError

    try:
        return _opened(data, policy), False
    except UnidentifiedImageError:
        is_jpeg = data.startswith(b"\xff\xd8\xff")
        rest = without_index(data) if is_jpeg else without_damaged_notes(data)
        if rest is None:
            raise
        return _opened(rest, policy), True


def _opened(data: bytes, policy: ImagePolicy) -> Any:
    from PIL import AvifImagePlugin, Image, ImageFile, TiffImagePlugin, UnidentifiedImageError

    ImageFile.LOAD_TRUNCATED_IMAGES = False  # a cut file must fail, never be filled up with grey
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    TiffImagePlugin.READ_LIBTIFF = False
    try:
        picture = Image.open(io.BytesIO(data), formats=list(_DECODERS.values()))
        if picture.format == "TIFF" and _is_for_libtiff(picture):
            TiffImagePlugin.READ_LIBTIFF = True  # Pillow's own reader can't
            picture = Image.open(io.BytesIO(data), formats=["TIFF"])
        if picture.format == "TIFF":
            never_by_xmp(picture)
        return picture
    except UnidentifiedImageError:
        name = _foreign(data)
        if name is not None:
            raise MediaError("image_format", f"{name} is not among {policy.formats}") from None
        raise


def _foreign(data: bytes) -> str | None:
    """The name of a kind of picture that is known but not read."""
    for offset, magic, name in _FOREIGN:
        if data.startswith(magic, offset):
            return name
    head = data[:HEAD_BYTES]
    return "svg" if sniff(head) == "xml" and b"<svg" in head else None


def _is_for_libtiff(picture: Any) -> bool:
    """Whether a TIFF holds, without compression, YCbCr or planes of 16 bits (read as of 8)."""
    tags = picture.tag_v2
    in_planes = tags.get(_LAYOUT) == _PLANES and max(tags.get(_BITS, (1,))) > 8
    is_plain = picture.info.get("compression") == "raw"
    return bool(is_plain and (tags.get(_PHOTOMETRIC) == _YCBCR or in_planes))


def _samples(picture: Any, name: str, data: bytes) -> Samples:
    """Bits of a sample by the container; Pillow shows 16-bit colour as if it had 8."""
    if name == "png":
        return Samples(data[24])
    if name == "tiff":
        tags = picture.tag_v2
        bits, form = tags.get(_BITS, (1,)), tags.get(_SAMPLE_FORMAT, (_UNSIGNED,))
        inverted = tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
        return Samples(int(max(bits)), _UNSIGNED in form, _span(tags), inverted)
    return Samples(1 if picture.mode == "1" else 8)


def _span(tags: Any) -> tuple[float, float] | None:
    """The range of values that a TIFF of one sample a pixel states."""
    try:
        (low,), (high,) = tags[_LOWEST], tags[_HIGHEST]
        return (float(low), float(high)) if low < high else None
    except (KeyError, TypeError, ValueError):
        return None


def _complaint(data: bytes, error: Exception) -> str:
    found = found_instead(data)
    if found is not None:
        return f"not a picture but {found}"
    text = str(error)
    if not text:
        return f"its content makes no sense ({type(error).__name__})"
    if "BytesIO" not in text:
        return f"{type(error).__name__}: {text}"
    begun = sniff(data[:HEAD_BYTES])
    begun = "tiff" if data[:4] in (b"II*\0", b"MM\0*") else begun
    begun = "avif" if data[4:11] == b"ftypavi" else begun
    return (
        f"{begun}, but its header makes no sense" if begun in _DECODERS else "not a known picture"
    )
