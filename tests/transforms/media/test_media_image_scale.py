"""Pictures made smaller: FFmpeg gives what an exact filter would, Pillow does the rest."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from transforms.media.image import scale
from transforms.media.image.scale import scaled


def _photo(mode: str, size: tuple[int, int]) -> Image.Image:
    """Smooth shapes and edges, and a little noise."""
    width, height = size
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    rng = np.random.default_rng(5)
    channels = [
        120 + 90 * np.sin(7 * x + shift) * np.cos(5 * y) + 40 * ((x + y * shift) % 0.5 > 0.25)
        for shift in (0.5, 1.0, 2.0)
    ]
    pixels = np.clip(np.dstack(channels) + rng.normal(0, 4, (height, width, 3)), 0, 255)
    return Image.fromarray(pixels.astype(np.uint8)).convert(mode)


def _exact(picture: Image.Image, size: tuple[int, int]) -> np.ndarray:
    """Pillow's filter in floating point, channel by channel."""
    bands = [
        np.asarray(band.convert("F").resize(size, Image.Resampling.BICUBIC))
        for band in picture.split()
    ]
    return np.clip(np.dstack(bands), 0, 255)


@pytest.fixture
def by_ffmpeg(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Sizes of the pictures that FFmpeg was given."""
    given: list[tuple[int, int]] = []
    make = scale._by_ffmpeg

    def noted(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
        given.append(picture.size)
        return make(picture, size)

    monkeypatch.setattr(scale, "_by_ffmpeg", noted)
    return given


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize(
    ("old", "new", "given"),
    [
        ((960, 540), (448, 252), (960, 540)),
        ((1920, 1080), (448, 252), (960, 540)),  # means of 2 x 2 first
        ((1919, 1079), (448, 252), (1919, 1079)),  # which would not end with the picture
        ((301, 449), (300, 448), (301, 449)),
        ((333, 500), (77, 115), (333, 500)),
    ],
)
def test_ffmpeg_scales_as_the_exact_filter_does(
    mode: str,
    old: tuple[int, int],
    new: tuple[int, int],
    given: tuple[int, int],
    by_ffmpeg: list[tuple[int, int]],
) -> None:
    picture = _photo(mode, old)
    small = scaled(picture, new)
    assert (small.mode, small.size, by_ffmpeg) == (mode, new, [given])
    apart = np.asarray(small, float).reshape(new[1], new[0], -1) - _exact(picture, new)
    assert abs(apart.mean()) < 0.2
    assert np.abs(apart).mean() < 0.6
    assert np.abs(apart).max() < 12


def test_channels_stay_apart(by_ffmpeg: list[tuple[int, int]]) -> None:
    red = Image.new("RGB", (200, 100), (255, 0, 10))
    assert scaled(red, (50, 25)).getextrema() == ((255, 255), (0, 0), (10, 10))
    assert by_ffmpeg == [(100, 50)]


@pytest.mark.parametrize(
    ("mode", "old", "new", "area"),
    [
        ("RGBA", (200, 100), (50, 25), None),
        ("RGB", (200, 100), (50, 25), (199.5, 100.0)),  # of the last pixels half counts
        ("RGB", (4000, 16), (448, 2), None),
        ("RGB", (1000, 1000), (50, 50), None),
    ],
)
def test_pillow_scales_the_rest(
    mode: str,
    old: tuple[int, int],
    new: tuple[int, int],
    area: tuple[float, float] | None,
    by_ffmpeg: list[tuple[int, int]],
) -> None:
    picture = _photo(mode, old)
    box = (0.0, 0.0, *area) if area else None
    wanted = picture.resize(new, Image.Resampling.BICUBIC, box=box, reducing_gap=2.0)
    assert scaled(picture, new, area).tobytes() == wanted.tobytes()
    assert by_ffmpeg == []


def test_a_picture_of_the_size_is_left_alone() -> None:
    picture = _photo("RGB", (30, 20))
    assert scaled(picture, (30, 20)) is picture


def test_an_area_of_the_whole_picture_is_none(by_ffmpeg: list[tuple[int, int]]) -> None:
    picture = _photo("RGB", (100, 80))
    whole = scaled(picture, (50, 40), (100.0, 80.0))
    assert whole.tobytes() == scaled(picture, (50, 40)).tobytes()
    assert len(by_ffmpeg) == 2


def test_the_same_picture_gives_the_same_bytes_after_others() -> None:
    picture, other = _photo("RGB", (123, 77)), _photo("L", (640, 480))
    first = scaled(picture, (60, 38)).tobytes()
    scaled(other, (100, 75))
    assert scaled(picture, (60, 38)).tobytes() == first
