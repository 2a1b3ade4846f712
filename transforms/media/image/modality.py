"""Pictures: one decode of the whole bitstream, and a normal form that most have already.

The form: one picture, upright, 8-bit RGB or grey, sRGB, no alpha (unless the policy keeps it), at
most `max_side` long, in a format of `keep`. A picture that has it keeps its bytes, metadata
included. Another is decoded, changed as little as possible, and encoded without metadata:

- as JPEG (policy quality, full chroma) if it was one, so that it grows no larger than its kind;
  turning a JPEG upright costs one generation at quality 95, which nobody sees, while a PNG of it
  would be five to ten times larger. What only lies around a good JPEG picture (further pictures of
  an MPO, stray bytes, an unreadable profile) is cut away without decoding: the coded picture stays.
- as PNG in every other case: what was lossless stays so, a lossy WebP or AVIF loses no more.

Policy cases. Of an animation or of several pages the first frame that shows anything is taken
(`animated`); later frames are counted, not decoded. A picture that is transparent all over is
refused (`transparent`). A JPEG of which data are missing is refused even where Pillow would fill
them with grey; a PNG with a wrong checksum is, as browsers don't show it; one of a note beside the
picture costs the note alone. A colour profile that can't be read is ignored and left out. JPEG XL,
HEIC, JPEG 2000, SVG and the like are not read.

`changes` of a product, in this order: ``container`` (bytes without a place cut away), ``frame``,
``depth``, ``profile`` (an unreadable one left out), ``colour``, ``alpha``, ``size``,
``orientation``, ``metadata`` (XMP left out, by which only some readers turn a picture), ``format``.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from transforms.media.errors import MediaError
from transforms.media.image.colour import (
    clear_beyond,
    flattened,
    is_visible,
    profile_of,
    to_eight_bits,
    to_srgb,
)
from transforms.media.image.hash import perceptual_hash
from transforms.media.image.jpeg import check_scans, decode_jpeg, rewritten
from transforms.media.image.open import Header, open_picture, reading
from transforms.media.image.png import plain_png
from transforms.media.image.scale import scaled
from transforms.media.image.structure import check_png, check_png_rows, check_size, check_tiles
from transforms.media.image.turn import SIDEWAYS, orientation_of, turned_by_xmp, upright
from transforms.media.judge_views import JudgeView
from transforms.media.modality import Facts, Picture, Product
from transforms.media.settings import ImagePolicy

#: Frames that are looked at for one that shows anything, and their pixels in `max_pixels`.
_LOOKED_AT: Final = 64
_LOOKED_AT_PIXELS: Final = 4

#: JPEG changes that leave the coded picture as it is.
_AROUND: Final = {"container", "frame", "profile", "metadata"}

#: A JPEG that is kept is decoded small, for its hash: with this many pixels on its shorter side.
_LIKENESS: Final = 128

_PLAIN: Final = ("L", "RGB")
_ALPHA: Final = ("LA", "RGBA")
#: Of zlib: three times as fast as its default, the file 5 % larger.
_PNG_LEVEL: Final = 1

#: What may be done to a picture, in the order in which a product names it.
CHANGES: Final = (
    "container",
    "frame",
    "depth",
    "profile",
    "colour",
    "alpha",
    "size",
    "orientation",
    "metadata",
    "format",
)


@dataclass(frozen=True)
class DecodedImage:
    """A validated picture.

    `picture` is Pillow's, as it will be published; where a JPEG keeps its coded picture, a small
    grey likeness of it, of which `area` counts (see `DecodedJpeg`). `size` is the source's,
    upright; `frames` its count. `trimmed` is a JPEG without what lies around its coded picture,
    where nothing else changes.
    """

    source_bytes: int
    format: str
    size: tuple[int, int]
    frames: int
    changes: tuple[str, ...]
    picture: Any
    background: str
    trimmed: bytes | None = None
    area: tuple[float, float] | None = None

    @cached_property
    def phash(self) -> str:
        """The perceptual hash of the picture as it shows on the background."""
        return perceptual_hash(flattened(self.picture, self.background), self.area)


def warm_up() -> None:
    """Import what the first picture would wait for."""
    import av.video.reformatter  # noqa: F401
    import simplejpeg  # noqa: F401
    from PIL import Image, ImageCms  # noqa: F401

    Image.init()


def probe(data: bytes, policy: ImagePolicy) -> Facts:
    """Format, bytes, frames, and the size as stored (before EXIF turns it), by the header alone.

    Raises:
        MediaError: `image_too_large`, `image_format`, `image_animated`, `image_undecodable`.
    """
    with reading(data):
        header = open_picture(data, policy)
        header.picture.close()
    width, height = header.size
    return _facts(header.format, len(data), (width, height), header.frames)


def validate(data: bytes, policy: ImagePolicy) -> DecodedImage:
    """Decode a picture once, all of its file, and bring it to the normal form if it has another.

    Raises:
        MediaError: as `probe`; `image_undecodable` for bytes that don't decode to the end,
            `image_empty` for a picture that is transparent all over.
    """
    with reading(data):
        return _decoded(data, policy, policy.max_side, may_keep=True)


def describe(decoded: DecodedImage, policy: ImagePolicy) -> Facts:  # noqa: ARG001
    """Facts of the source: format, bytes, upright size in pixels, frames, perceptual hash.

    The hash is that of the normal form (upright, without alpha), whatever its size.
    """
    with reading(b""):
        phash = decoded.phash
    facts = _facts(decoded.format, decoded.source_bytes, decoded.size, decoded.frames)
    return {**facts, "phash": phash}


def normalise(decoded: DecodedImage, policy: ImagePolicy) -> Product:
    """The picture in normal form; without data if the source bytes have it.

    Raises:
        MediaError: `image_too_large` for a product of more than the policy's bytes.
    """
    facts = describe(decoded, policy)
    if not decoded.changes:
        return Product(facts)
    if decoded.trimmed is not None:
        data, name, size = decoded.trimmed, "jpeg", decoded.size
    else:
        name = "jpeg" if decoded.format == "jpeg" and "jpeg" in policy.keep else "png"
        with reading(b""):
            data, size = _encoded(decoded.picture, name, policy.jpeg_quality), decoded.picture.size
    if len(data) > policy.max_bytes:
        raise MediaError(
            "image_too_large",
            f"{len(data):,} bytes when published as {name}, the limit is {policy.max_bytes:,}",
        )
    facts = {**_facts(name, len(data), size, 1), "phash": facts["phash"]}
    return Product(facts, data, decoded.changes)


def render_for_judge(data: bytes, policy: ImagePolicy, view: JudgeView) -> list[Picture]:
    """The picture as one upright RGB JPEG, its longer side at most `view.image_side` pixels.

    Raises:
        MediaError: as `validate`.
    """
    with reading(data):
        decoded = _decoded(data, policy, view.image_side, may_keep=False)
        picture = flattened(decoded.picture, policy.background).convert("RGB")
        return [Picture(_encoded(picture, "jpeg", view.jpeg_quality))]


def _facts(name: str, size: int, sides: tuple[int, int], frames: int) -> Facts:
    width, height = sides
    return {"format": name, "bytes": size, "width": width, "height": height, "frames": frames}


def _decoded(data: bytes, policy: ImagePolicy, side: int | None, *, may_keep: bool) -> DecodedImage:
    """Decode to at most `side` pixels; without `may_keep` the picture itself is always made."""
    header = open_picture(data, policy)
    with header.picture:
        decode = _decoded_jpeg if header.format == "jpeg" else _decoded_other
        return decode(data, header, policy, side, may_keep)


def _decoded_jpeg(
    data: bytes, header: Header, policy: ImagePolicy, side: int | None, may_keep: bool
) -> DecodedImage:
    """The header tells what changes, so a JPEG is decoded no larger than is needed."""
    check_scans(data)
    turn, mode = orientation_of(header.picture), header.picture.mode
    changes = _common_changes(header, mode, policy, side, turn, header.picture)
    if header.damaged_notes:
        changes.add("container")
    around = may_keep and changes <= _AROUND
    if around:
        scale = _scale_for(min(header.size) / _LIKENESS)
    else:  # twice what is wanted, so that the scaling is not to be seen
        scale = _scale_for(max(header.size) / (2 * side)) if side else 1
    picture, area, cleaned = decode_jpeg(data, header.picture, scale, grey=around)
    if cleaned is not None:
        changes.add("container")
    trimmed = (cleaned or rewritten(data)) if around and changes else None
    if around:
        return _result(data, header, policy, turn, changes, picture, trimmed, area)
    return _result(
        data, header, policy, turn, changes, _finished(picture, header, policy, side, turn, area)
    )


def _decoded_other(
    data: bytes, header: Header, policy: ImagePolicy, side: int | None, may_keep: bool
) -> DecodedImage:
    """The whole picture is decoded; what its header says comes partly behind it (PNG)."""
    if header.format == "png":
        check_png(data)
        plain = plain_png(data, header.picture)
        if plain is not None:  # decoded by now, with all that Pillow finds around the pixels
            header = replace(header, picture=plain)
    turned_by_pillow = header.format == "tiff" and orientation_of(header.picture) != 1
    picture = _first_visible(data, header, policy)
    turn = orientation_of(header.picture)
    changes = _common_changes(header, picture.mode, policy, side, turn, header.picture)
    if turned_by_pillow:
        changes.add("orientation")
    if header.damaged_notes:
        changes.add("container")
    if header.samples.bits != 8 and picture.mode != "P":
        changes.add("depth")
    if picture.has_transparency_data and (policy.alpha == "flatten" or picture.mode not in _ALPHA):
        changes.add("alpha")
    if changes or not may_keep:
        picture = _finished(picture, header, policy, side, turn)
    return _result(data, header, policy, turn, changes, picture)


def _common_changes(
    header: Header, mode: str, policy: ImagePolicy, side: int | None, turn: int, picture: Any
) -> set[str]:
    profile = profile_of(header.icc, mode)
    wanted = {
        "frame": header.frames > 1,
        "profile": profile == "broken",
        "colour": profile == "other" or mode not in (*_PLAIN, *_ALPHA),
        "size": side is not None and max(header.size) > side,
        "orientation": turn != 1,
        "metadata": turned_by_xmp(picture),
        "format": header.format not in policy.keep,
    }
    return {name for name, needed in wanted.items() if needed}


def _result(
    data: bytes,
    header: Header,
    policy: ImagePolicy,
    turn: int,
    changes: set[str],
    picture: Any,
    trimmed: bytes | None = None,
    area: tuple[float, float] | None = None,
) -> DecodedImage:
    width, height = header.size
    size = (height, width) if turn in SIDEWAYS else (width, height)
    ordered = tuple(name for name in CHANGES if name in changes)
    return DecodedImage(
        len(data),
        header.format,
        size,
        header.frames,
        ordered,
        picture,
        policy.background,
        trimmed,
        area,
    )


def _first_visible(data: bytes, header: Header, policy: ImagePolicy) -> Any:
    """The first frame that shows anything, its samples 8-bit.

    Raises:
        MediaError: `image_empty` where the policy rejects pictures that show nothing.
    """
    opened = header.picture
    window = None
    if hasattr(opened, "tile"):  # not decoded yet
        window = check_tiles(opened)
        opened.load()
        if header.format == "png":
            check_png_rows(data, opened)
    first = to_eight_bits(opened, header.samples)
    if window is not None:
        first = clear_beyond(first, window)
    if is_visible(first):
        return first
    if header.format == "bmp":
        return first.convert("RGB")  # bits that many writers leave at 0, and no alpha at all
    affordable = _LOOKED_AT_PIXELS * policy.max_pixels // (opened.width * opened.height)
    for number in range(1, min(header.frames, _LOOKED_AT, affordable)):
        opened.seek(number)
        check_size(opened.size, policy)
        opened.load()
        frame = to_eight_bits(opened, header.samples)
        if is_visible(frame):
            return frame
    if policy.transparent == "reject":
        raise MediaError("image_empty", "every pixel is fully transparent")
    return first


def _finished(
    picture: Any,
    header: Header,
    policy: ImagePolicy,
    side: int | None,
    turn: int,
    area: tuple[float, float] | None = None,
) -> Any:
    """A decoded picture in the normal form: sRGB, laid on the background, small, upright."""
    picture = to_srgb(picture, header.icc)
    if policy.alpha == "flatten":
        picture = flattened(picture, policy.background)
    picture = scaled(picture, _fitted(header.size, side), area)
    return upright(picture, turn)


def _fitted(size: tuple[int, int], side: int | None) -> tuple[int, int]:
    """A size scaled down so that its longer side is at most `side`; no side becomes 0."""
    longest = max(size)
    if side is None or longest <= side:
        return size
    width, height = (max(1, (2 * part * side + longest) // (2 * longest)) for part in size)
    return width, height


def _scale_for(times: float) -> int:
    """The largest of a JPEG's scales that makes it at most so many times smaller."""
    return next((scale for scale in (8, 4, 2) if scale <= times), 1)


def _encoded(picture: Any, name: str, quality: int) -> bytes:
    """A picture's file, without any metadata."""
    picture.info = {}
    sink = io.BytesIO()
    if name == "jpeg":
        picture.save(sink, "JPEG", quality=quality, subsampling=0)
    else:
        picture.save(sink, "PNG", compress_level=_PNG_LEVEL)
    return sink.getvalue()
