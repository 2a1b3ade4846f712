"""Made pictures that behave as photographs and generated pictures do, and copies of them."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter


def noise(rng: np.random.Generator, size: tuple[int, int], slope: float = 1.6) -> np.ndarray:
    """Coloured noise as the spectra of photographs have it (1 / f), (height, width, 3), 0 to 1."""
    width, height = size
    fx, fy = np.fft.rfftfreq(width)[None, :], np.fft.fftfreq(height)[:, None]
    fall = 1 / np.maximum(np.hypot(fx, fy), 1 / max(size)) ** slope
    grey = np.fft.irfft2(np.fft.rfft2(rng.normal(size=(height, width))) * fall, (height, width))
    tint = np.fft.irfft2(np.fft.rfft2(rng.normal(size=(3, height, width))) * fall, (height, width))
    mixed = grey[..., None] + 0.4 * np.moveaxis(tint, 0, -1)
    low, high = np.quantile(mixed, (0.01, 0.99))
    return np.asarray(np.clip((mixed - low) / (high - low), 0, 1))


def picture(seed: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """A picture of its own: ground, and a few bodies on it."""
    rng = np.random.default_rng(seed)
    made = Image.fromarray((noise(rng, size) * 255).astype(np.uint8))
    for _ in range(rng.integers(2, 7)):
        _body(made, rng, rng.uniform(0.1, 0.9, 2), rng.uniform(0.05, 0.3, 2))
    return made


def sibling(prompt: int, seed: int, size: tuple[int, int] = (256, 256)) -> Image.Image:
    """One of many pictures that a model makes of one prompt: its subject in the middle, its ground
    light above and dark below, all else and all details anew."""
    common, rng = np.random.default_rng(10_000 + prompt), np.random.default_rng((prompt, seed))
    ground = noise(rng, size)
    horizon = common.uniform(0.4, 0.7) + rng.normal(0, 0.06)
    slope = 1 / (1 + np.exp((np.arange(size[1]) / size[1] - horizon) * 14))
    made = Image.fromarray(
        (np.clip(0.55 * ground + 0.45 * slope[:, None, None], 0, 1) * 255).astype(np.uint8)
    )
    for _ in range(common.integers(2, 5)):
        place = common.uniform(0.3, 0.7, 2) + rng.normal(0, 0.05, 2)
        _body(made, rng, place, common.uniform(0.12, 0.3, 2) * rng.uniform(0.75, 1.3, 2))
    return made


def _body(made: Image.Image, rng: np.random.Generator, place: np.ndarray, size: np.ndarray) -> None:
    mask = Image.new("L", made.size)
    x, y = place * made.size
    w, h = size * made.size
    draw = ImageDraw.Draw(mask)
    corners = [x - w, y - h, x + w, y + h]
    draw.ellipse(corners, 255) if rng.random() < 0.6 else draw.rectangle(corners, 255)
    mask = mask.rotate(rng.uniform(0, 180), center=(x, y)).filter(ImageFilter.GaussianBlur(2))
    skin = noise(rng, made.size) * 0.5 + rng.uniform(0, 0.7, 3)
    made.paste(Image.fromarray((np.clip(skin, 0, 1) * 255).astype(np.uint8)), mask=mask)


def file(made: Image.Image, form: str = "PNG", **options: int) -> bytes:
    sink = io.BytesIO()
    made.save(sink, form, **options)
    return sink.getvalue()


def scaled(made: Image.Image, factor: float) -> Image.Image:
    return made.resize((round(made.width * factor), round(made.height * factor)))


def cropped(made: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    width, height = made.size
    box = (width * left, height * top, width * (1 - right), height * (1 - bottom))
    return made.crop(tuple(round(edge) for edge in box))


def gamma(made: Image.Image, power: float) -> Image.Image:
    return made.point([round(255 * (v / 255) ** power) for v in range(256)] * 3)


def copies(made: Image.Image) -> dict[str, bytes]:
    """Files that a person would call the same picture."""
    return {
        "half": file(scaled(made, 0.5)),
        "three quarters": file(scaled(made, 0.75)),
        "half as large again": file(scaled(made, 1.5)),
        "jpeg 90": file(made, "JPEG", quality=90),
        "jpeg 40": file(made, "JPEG", quality=40),
        "half, jpeg 50": file(scaled(made, 0.5), "JPEG", quality=50),
        "webp 60": file(made, "WEBP", quality=60),
        "brighter": file(ImageEnhance.Brightness(made).enhance(1.1), "JPEG", quality=80),
        "darker": file(ImageEnhance.Brightness(made).enhance(0.9), "JPEG", quality=80),
        "gamma 0.85": file(gamma(made, 0.85), "JPEG", quality=80),
        "gamma 1.2": file(gamma(made, 1.2), "JPEG", quality=80),
    }
