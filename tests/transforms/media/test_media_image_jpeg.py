"""JPEG: every coded bit is read at any scale, missing data are noticed, the coded picture stays."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.transforms.media.image_samples import (
    POLICY,
    difference,
    encoded,
    opened,
    photo,
    product_of,
    published,
)
from transforms.media import image
from transforms.media.errors import MediaError
from transforms.media.image.jpeg import check_scans, decode_jpeg, rewritten
from transforms.media.settings import ImagePolicy

PHOTO = photo((320, 200))
JPEG = encoded(PHOTO, "jpeg", quality=90)
PROGRESSIVE = encoded(PHOTO, "jpeg", quality=90, progressive=True)
RESTARTS = encoded(PHOTO, "jpeg", quality=90, restart_marker_blocks=4)


def decoded(data: bytes, scale: int = 1, *, grey: bool = False) -> Image.Image:
    picture: Image.Image = decode_jpeg(data, Image.open(io.BytesIO(data)), scale, grey=grey).picture
    return picture


def refused(data: bytes, says: str = "[a-z]") -> None:
    with pytest.raises(MediaError, match=says) as error:
        image.validate(data, POLICY)
    assert error.value.reason == "image_undecodable"


@pytest.mark.parametrize("data", [JPEG, PROGRESSIVE, RESTARTS])
def test_the_decode_is_that_of_pillow(data: bytes) -> None:
    assert difference(decoded(data), opened(data)) == 0


@pytest.mark.parametrize("sampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_colour_modes_and_sampling(mode: str, sampling: str) -> None:
    data = encoded(PHOTO.convert(mode), "jpeg", quality=90, subsampling=sampling)
    assert difference(decoded(data), opened(data)) == 0
    stored_rgb = encoded(PHOTO, "jpeg", keep_rgb=True, quality=90)
    assert difference(decoded(stored_rgb), opened(stored_rgb)) == 0
    assert difference(decoded(stored_rgb, 8, grey=True), decoded(stored_rgb, 8).convert("L")) < 1


@pytest.mark.parametrize("size", [(320, 200), (317, 201), (7, 9), (1, 1)])
@pytest.mark.parametrize("scale", [2, 4, 8])
def test_a_scaled_decode_has_the_size_rounded_up(size: tuple[int, int], scale: int) -> None:
    data = encoded(PHOTO.resize(size), "jpeg")
    expected = (-(-size[0] // scale), -(-size[1] // scale))
    assert decoded(data, scale).size == expected
    assert decoded(data, scale, grey=True).size == expected


def test_a_scaled_decode_notices_what_a_full_one_does() -> None:
    """Of 200 files with damage somewhere, the same are refused at every scale."""
    random = np.random.default_rng(7)
    counts = {"refused": 0, "accepted": 0}
    for number in range(200):
        data = bytearray((JPEG, PROGRESSIVE, RESTARTS)[number % 3])
        start = int(random.integers(700, len(data) - 100))
        data[start : start + 40] = random.bytes(40)
        verdicts = set()
        for scale in (1, 2, 8):
            try:
                decoded(bytes(data), scale, grey=scale == 8)
                verdicts.add("accepted")
            except Exception:
                verdicts.add("refused")
        assert len(verdicts) == 1
        counts[verdicts.pop()] += 1
    assert counts["refused"] > 100


def test_a_jpeg_with_further_pictures_keeps_the_coded_first_one() -> None:
    data = encoded(PHOTO, "mpo", save_all=True, append_images=[photo((320, 200), 1)], quality=90)
    product = product_of(data)
    assert product.changes == ("frame",)
    assert product.data is not None
    assert len(product.data) < 0.6 * len(data)
    assert difference(opened(product.data), opened(data)) == 0
    assert (image.probe(data, POLICY)["frames"], product.facts["frames"]) == (2, 1)
    with pytest.raises(MediaError, match="2 frames"):
        image.probe(data, ImagePolicy(animated="reject"))


@pytest.mark.parametrize("data", [JPEG, PROGRESSIVE, RESTARTS])
def test_a_rewrite_leaves_the_coded_picture_alone(data: bytes) -> None:
    exif = Image.Exif()
    exif[0x010F] = "a maker"
    assert rewritten(data + b"PK trailing") == data
    full = data[:2] + b"\xff\xfe\x00\x06hall" + b"\xff\xe1\x00\x08Exif\0\0" + data[2:]
    assert rewritten(full) == data


def test_stray_bytes_between_segments_are_cut_away() -> None:
    """libjpeg warns of them first, and of nothing after that: the clean file is decoded."""
    start = JPEG.index(b"\xff\xdb")
    stray = JPEG[:start] + b"\1\2\3\4\5" + JPEG[start:]
    product = product_of(stray)
    assert (product.changes, product.data) == (("container",), JPEG)
    refused(stray[:-700] + b"\xff\xd9", "premature end")


def test_missing_data_are_noticed_where_pillow_fills_them_with_grey() -> None:
    cut = JPEG[: len(JPEG) // 2] + b"\xff\xd9"
    assert opened(cut).size == (320, 200)
    refused(cut, "premature end")
    refused(PROGRESSIVE[: len(PROGRESSIVE) // 2] + b"\xff\xd9")
    marks = [match.start() for match in re.finditer(rb"\xff[\xd0-\xd7]", RESTARTS)]
    refused(RESTARTS[: marks[3]] + RESTARTS[marks[9] :])
    for data in (JPEG, PROGRESSIVE, RESTARTS):
        for end in (len(data) - 2, len(data) - 200, len(data) // 2, 700, 400, 30, 3):
            refused(data[:end])


def test_a_few_stuffing_bytes_before_the_end_are_let_pass_and_many_are_not() -> None:
    assert product_of(JPEG[:-2] + bytes(8) + b"\xff\xd9").changes == ()
    refused(JPEG[:-2] + b"\x55" * 40 + b"\xff\xd9", "left over")


def test_bytes_behind_the_picture_are_let_pass() -> None:
    assert product_of(JPEG + b"\0" * 1000).changes == ()


def test_very_many_scans_are_refused() -> None:
    scans = JPEG[:-2] + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" * 501 + b"\xff\xd9"
    with pytest.raises(MediaError, match="502 scans") as error:
        image.validate(scans, POLICY)
    assert error.value.reason == "image_too_large"
    for few in (b"", b"\xff", b"\xff\xda" * 500, b"\xda\xff" * 501):
        check_scans(few)
    with pytest.raises(MediaError, match="501 scans"):
        check_scans(b"\xff\xda" * 501)


def test_what_only_pillow_reads_is_read_by_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    import simplejpeg

    def unable(*arguments: Any, **options: Any) -> None:
        raise ValueError("Could not determine subsampling level of JPEG image")

    monkeypatch.setattr(simplejpeg, "decode_jpeg", unable)
    assert product_of(JPEG).changes == ()
    for scale in (1, 2, 8):
        assert decoded(JPEG, scale).size == (-(-320 // scale), -(-200 // scale))
    assert decoded(JPEG, 8, grey=True).mode == "L"
    refused(JPEG[:-300], "truncated")
    flat = encoded(photo((1000, 3)), "jpeg")  # Pillow's scale is a smaller one there
    shown = published(flat, ImagePolicy(max_side=10))
    assert difference(shown, opened(flat).resize((10, 1), Image.Resampling.BICUBIC)) < 6


def test_a_scaled_down_jpeg_looks_like_one_that_was_decoded_in_full() -> None:
    large = encoded(photo((1280, 800)), "jpeg", quality=92)
    small = published(large, ImagePolicy(max_side=160))
    expected = opened(large).resize((160, 100), Image.Resampling.BICUBIC)
    assert difference(small, expected) < 1.5


def test_a_turned_jpeg_loses_next_to_nothing() -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    data = encoded(PHOTO, "jpeg", quality=90, exif=exif.tobytes())
    shown = published(data)
    expected = opened(data).transpose(Image.Transpose.ROTATE_180)
    error = np.asarray(shown, np.float64) - np.asarray(expected, np.float64)
    assert 10 * np.log10(255**2 / np.mean(error**2)) > 38
