"""Pictures for the benchmark: two folders of one name each, every file different."""

from __future__ import annotations

import random
from pathlib import Path

from PIL import Image, ImageDraw

SIDES = ("tuned", "other")
_SIZE = (1920, 1080)


def write_pictures(folder: Path, number: int, kind: str, seed: int = 7) -> None:
    """Write `number` 1080p pictures (``jpeg`` or ``png``), half of them in each folder.

    They are soft noise at several scales with shapes over it: as hard to compress as photographs.
    """
    rng = random.Random(seed)
    grounds = [_ground(scale) for scale in (4, 8, 16, 32)]
    for side in SIDES:
        (folder / side).mkdir(parents=True, exist_ok=True)
    for index in range(number):
        picture = _picture(grounds, rng)
        name = folder / SIDES[index % 2] / f"{index // 2:06d}.{'jpg' if kind == 'jpeg' else 'png'}"
        if kind == "jpeg":
            picture.save(name, "JPEG", quality=88)
        else:
            picture.save(name, "PNG", compress_level=3)


def _ground(scale: int) -> Image.Image:
    width, height = _SIZE[0] // scale, _SIZE[1] // scale
    bands = [Image.effect_noise((width, height), 70) for _ in range(3)]
    return Image.merge("RGB", bands).resize(_SIZE, Image.Resampling.BICUBIC)


def _picture(grounds: list[Image.Image], rng: random.Random) -> Image.Image:
    first, second = rng.sample(grounds, 2)
    picture = Image.blend(first, second, rng.random())
    draw = ImageDraw.Draw(picture)
    for _ in range(12):
        x, y = rng.randrange(_SIZE[0]), rng.randrange(_SIZE[1])
        size = rng.randrange(40, 400)
        colour = tuple(rng.randrange(256) for _ in range(3))
        draw.ellipse((x, y, x + size, y + size // 2), fill=colour)
    return picture
