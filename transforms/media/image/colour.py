"""Colours of a picture: whatever was decoded becomes 8-bit sRGB, grey or RGB, perhaps with alpha.

Colour spaces go through Little CMS (`PIL.ImageCms`), relative colorimetric with black point
compensation, as image editors and browsers show them. Depths are scaled, never clipped. Not
looked at: gAMA, cHRM and cICP of PNG, nclx of AVIF (Pillow gives no access to the latter).
"""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

import numpy as np

#: What a colour profile is: none, sRGB in effect, another that can be used, one that can't.
Profile = Literal["none", "srgb", "other", "broken"]

#: A profile that moves no colour by more than this is sRGB in effect (makers round differently).
_SAME: Final = 3

#: Larger profiles are not looked at: those of printers have 2 MB.
_MAX_PROFILE_BYTES: Final = 8_000_000

#: Full scales that samples of 32 bits are measured against, in this order.
_INTEGER_SCALES: Final = (255, 65_535)
_FLOAT_SCALES: Final = (1.0, 255.0, 65_535.0)

_GREYS: Final = ("L", "LA")
_ALPHA: Final = ("LA", "RGBA")
#: Modes whose samples were multiplied by their alpha, and those that divide them again.
_MULTIPLIED: Final = {"La": "LA", "RGBa": "RGBA"}


class Samples(NamedTuple):
    """How the file stores a sample: bits (8 for most), and whether it has no sign.

    `span` are the lowest and highest value that a TIFF says it has; `inverted` is one whose 0 is
    white (Pillow sees to that for 8 bits only).
    """

    bits: int = 8
    unsigned: bool = False
    span: tuple[float, float] | None = None
    inverted: bool = False


def to_eight_bits(picture: Any, samples: Samples) -> Any:
    """Samples of 1, 16, 32 bits and floats as grey of 8 bits; other modes as they are.

    The scale is the span that the file states, if all values are inside. Otherwise 16 bits are
    divided by their full scale; 32 bits and floats have no agreed one: the smallest of 1 (floats),
    255 and 65,535 that holds all values, else their own range is stretched. What is not finite
    counts as 0.
    """
    mode = picture.mode
    if mode == "1":
        return _with_key(picture.convert("L"), picture.info.get("transparency"))
    if mode.startswith("I;16"):
        return _with_mask(picture, _scaled(_values(picture), ((1 << samples.bits) - 1,), samples))
    if mode == "I":
        values = _values(picture)
        values = values.view(np.uint32) if samples.unsigned else values
        return _scaled(values, _INTEGER_SCALES, samples)
    if mode == "F":
        values = _values(picture)
        return _scaled(np.where(np.isfinite(values), values, 0), _FLOAT_SCALES, samples)
    key = picture.info.get("transparency")
    if mode in ("L", "RGB") and key is not None and samples.bits != 8:
        picture.info["transparency"] = _eight_bit_key(key, samples.bits)
    return picture


def _values(picture: Any) -> Any:
    return np.asarray(picture)


def _scaled(values: Any, scales: tuple[float, ...], samples: Samples) -> Any:
    """Grey of 8 bits: values by the first of these that holds them all, a span or a full scale."""
    from PIL import Image

    low, high = float(values.min()), float(values.max())
    spans = [(0.0, float(full)) for full in scales]
    if samples.span is not None:
        spans.insert(0, samples.span)
    spans.append((low, high if high > low else low + 1))
    start, end = next(span for span in spans if span[0] <= low and high <= span[1])
    if samples.inverted:
        start, end = end, start
    if values.dtype.kind == "u" and values.dtype.itemsize == 2:  # a table is faster, and smaller
        table = _to_bytes(np.arange(1 << 16), start, end)
        return Image.fromarray(table[values])
    return Image.fromarray(_to_bytes(values, start, end))


def _to_bytes(values: Any, start: float, end: float) -> Any:
    scaled = (values.astype(np.float64) - start) * (255 / (end - start))
    return np.rint(scaled).clip(0, 255).astype(np.uint8)


def _with_mask(picture: Any, grey: Any) -> Any:
    """16-bit grey with one transparent value (PNG): compared before it was scaled."""
    from PIL import Image

    key = picture.info.get("transparency")
    if isinstance(key, int):
        grey.putalpha(Image.fromarray(np.where(_values(picture) == key, 0, 255).astype(np.uint8)))
    return grey


def _with_key(grey: Any, key: Any) -> Any:
    if isinstance(key, int):
        grey.info["transparency"] = key
    return grey


def _eight_bit_key(key: Any, bits: int) -> Any:
    """A transparent colour in the samples that Pillow made: it widens 2 and 4 bits, cuts 16."""
    if isinstance(key, tuple):
        return tuple(_eight_bit_key(value, bits) for value in key)
    if not isinstance(key, int):
        return key
    return key >> (bits - 8) if bits > 8 else key * 255 // ((1 << bits) - 1)


def profile_of(icc: bytes | None, mode: str) -> Profile:
    """What a colour profile means for a picture of `mode` (``L``, ``RGB``, ``CMYK`` ...)."""
    if not icc or mode == "LAB":  # which needs none: its colours are absolute
        return "none"
    if len(icc) > _MAX_PROFILE_BYTES:
        return "broken"
    return _judged(icc, {"CMYK": "CMYK", "L": "L", "LA": "L"}.get(mode, "RGB"))


@lru_cache(maxsize=32)
def _judged(icc: bytes, base: str) -> Profile:
    """Judge a profile by what it does to sample colours; remembered, for photos share a few."""
    from PIL import ImageCms

    try:
        colours = _sample_colours(base)
        moved = _convert(colours, icc, quick=True)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return "broken"
    if base == "CMYK":
        return "other"
    difference = np.asarray(moved, np.int16) - np.asarray(colours.convert("RGB"), np.int16)
    return "srgb" if int(np.abs(difference).max()) <= _SAME else "other"


def _sample_colours(base: str) -> Any:
    """All greys, or a cube of 6 x 6 x 6 colours, or a few inks."""
    from PIL import Image

    if base == "L":
        return Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    steps = np.arange(0, 256, 51, dtype=np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(1, -1, 3)
    if base == "CMYK":
        return Image.fromarray(np.pad(cube, ((0, 0), (0, 0), (0, 1))), "CMYK")
    return Image.fromarray(cube)


def _convert(picture: Any, icc: bytes, *, quick: bool = False) -> Any:
    """An L, RGB or CMYK picture through a profile to sRGB; always RGB.

    Raises:
        ImageCms.PyCMSError: the profile can't be used, or is of another kind of colours.
    """
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    space = profile.profile.xcolor_space.strip()
    if picture.mode == "L" and space == "RGB":
        picture = picture.convert("RGB")
    return _transformed(picture, profile, picture.mode, quick=quick)


def _transformed(picture: Any, profile: Any, mode: str, *, quick: bool = False) -> Any:
    from PIL import ImageCms

    flags = ImageCms.Flags.BLACKPOINTCOMPENSATION
    if quick:  # building an optimised transform takes longer than a few hundred colours
        flags |= ImageCms.Flags.NOOPTIMIZE
    transform = ImageCms.buildTransform(
        profile,
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags,
    )
    return ImageCms.applyTransform(picture, transform)


def to_srgb(picture: Any, icc: bytes | None) -> Any:
    """A picture of 8-bit samples as L, LA, RGB or RGBA of sRGB; a broken profile is ignored."""
    profile = profile_of(icc, picture.mode)
    picture, profile = _to_plain_mode(picture, icc, profile)
    if profile != "other" or icc is None:
        return picture
    alpha = picture.getchannel("A") if picture.mode in _ALPHA else None
    if picture.mode in _GREYS:
        ramp = _convert(_sample_colours("L"), icc).convert("L")
        converted = picture.getchannel("L").point(ramp.tobytes())
    else:
        converted = _convert(picture.convert("RGB") if alpha else picture, icc)
    if alpha is not None:
        converted.putalpha(alpha)
    return converted


def _to_plain_mode(picture: Any, icc: bytes | None, profile: Profile) -> tuple[Any, Profile]:
    """The picture as L, LA, RGB or RGBA, and what its profile still has to do."""
    mode = picture.mode
    if mode == "CMYK":
        if profile == "other" and icc is not None:
            return _convert(picture, icc), "none"
        return picture.convert("RGB"), "none"
    if mode == "LAB":
        from PIL import ImageCms

        return _transformed(picture, ImageCms.createProfile("LAB"), "LAB"), "none"
    if mode in _MULTIPLIED:
        return picture.convert(_MULTIPLIED[mode]), profile
    if mode in _ALPHA:
        return picture, profile
    if picture.has_transparency_data:
        return picture.convert("LA" if mode == "L" else "RGBA"), profile
    return (picture if mode in ("L", "RGB") else picture.convert("RGB")), profile


def is_visible(picture: Any) -> bool:
    """Whether any pixel shows: false for a picture whose alpha is 0 all over."""
    if not picture.has_transparency_data:
        return True
    if picture.mode in ("LA", "RGBA"):
        alpha = picture.getchannel("A")
    else:
        alpha = picture.convert("RGBA").getchannel("A")
    return bool(alpha.getextrema()[1])


def clear_beyond(picture: Any, window: tuple[int, int, int, int]) -> Any:
    """A picture of which only what lies in a window (left, upper, right, lower) shows."""
    from PIL import Image

    clear = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    clear.paste(picture.crop(window).convert("RGBA"), window[:2])
    return clear


def flattened(picture: Any, background: str) -> Any:
    """A picture with alpha laid on a background (``#ffffff``), in sRGB values; others as they are.

    Grey stays grey on a grey background.
    """
    if picture.mode not in _ALPHA:
        return picture
    from PIL import Image, ImageColor

    colour = ImageColor.getrgb(background)[:3]
    alpha = picture.getchannel("A")
    if picture.mode == "LA" and len(set(colour)) == 1:
        ground = Image.new("L", picture.size, colour[0])
        ground.paste(picture.getchannel("L"), mask=alpha)
    else:
        ground = Image.new("RGB", picture.size, colour)
        ground.paste(picture.convert("RGB"), mask=alpha)
    return ground
