"""True pictures made by code: a gradient, shapes and noise, each seed its own; and broken ones."""

from __future__ import annotations

import io
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw


def picture(
    rng: np.random.Generator, size: int = 96, form: Literal["JPEG", "PNG"] = "JPEG"
) -> bytes:
    """A decodable RGB picture as file bytes; its longer side is `size` pixels.

    The noise makes the bytes distinct for distinct random numbers; gradient and shapes keep
    pictures far apart for perceptual hashes too.
    """
    ratio = (1.0, 0.75, 0.625)[rng.integers(3)]
    width, height = size, round(size * ratio)
    if rng.random() < 0.3:
        width, height = height, width
    corners = rng.integers(0, 232, (4, 3)).astype(np.float32)
    x = np.linspace(0, 1, width, dtype=np.float32)[None, :, None]
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    top = corners[0] + (corners[1] - corners[0]) * x
    bottom = corners[2] + (corners[3] - corners[2]) * x
    pixels = top + (bottom - top) * y
    pixels += rng.integers(0, 24, (height, width, 1), dtype=np.uint8)
    image = Image.fromarray(pixels.astype(np.uint8))
    _draw_shapes(ImageDraw.Draw(image), rng, width, height)
    file = io.BytesIO()
    # Fast settings: a PNG of noise gains little from a higher level.
    image.save(file, form, **({"quality": 85} if form == "JPEG" else {"compress_level": 1}))
    return file.getvalue()


def _draw_shapes(
    draw: ImageDraw.ImageDraw, rng: np.random.Generator, width: int, height: int
) -> None:
    spots = rng.random((5, 3)).tolist()
    colours = rng.integers(0, 256, (5, 3)).tolist()
    for nth, ((across, down, extent), colour) in enumerate(zip(spots, colours, strict=True)):
        left, top = across * width * 0.8, down * height * 0.8
        reach = (0.15 + 0.35 * extent) * min(width, height)
        box = (left, top, left + reach, top + reach)
        fill = tuple(colour)
        if nth % 3 == 0:
            draw.ellipse(box, fill=fill)
        elif nth % 3 == 1:
            draw.rectangle(box, fill=fill)
        else:
            draw.polygon(((left, top + reach), (left + reach / 2, top), box[2:]), fill=fill)


def truncated(data: bytes) -> bytes:
    """The first half of a file: its header reads, its pixels do not."""
    return data[: len(data) // 2]


def noise(rng: np.random.Generator, size: int) -> bytes:
    """`size` random bytes that no picture format begins with."""
    # Some formats are told by two or three loose bytes, which chance would give now and then.
    return b"\xa7\xff" + rng.bytes(size - 2)


def web_page(number: int) -> bytes:
    """What a download leaves in place of a picture when the server answers with an error page."""
    return (
        "<!DOCTYPE html>\n<html><head><title>403 Forbidden</title></head>"
        f"<body><h1>Forbidden</h1><p>Request {number:08d} was refused.</p></body></html>\n"
    ).encode()
