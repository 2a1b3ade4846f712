"""Odd, broken and ordinary pictures by other people, each with what is expected of it.

The files lie beside the checkout on machines that have them (`../shared/realdata`); elsewhere
these tests are skipped.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.transforms.media.image_samples import POLICY, product_of, published
from transforms.media import image
from transforms.media.errors import MediaError
from transforms.media.judge_views import JudgeView

REAL = Path(__file__).parents[4] / "shared" / "realdata"

pytestmark = pytest.mark.skipif(
    not REAL.is_dir(), reason=f"the real files are not there: no folder {REAL}"
)

#: Reasons that tell more than that a file doesn't decode, and kept bytes among `decode`.
REASONS = {
    "decompression_bomb.gif": "image_too_large",
    "zero_width.gif": "image_empty",
    "fixture.jxl": "image_format",
}
CHANGES: dict[str, tuple[str, ...]] = {
    "pil_sample_cmyk.jpg": ("colour",),
    "hopper_orientation_3.jpg": ("orientation",),
    "hopper_orientation_8.webp": ("orientation",),
    "16_bit_noise.tif": ("depth", "format"),
    "tiff_16bit_RGB_target.png": (),
    "1_trns.png": ("depth", "alpha"),
    "transparent.png": ("alpha",),
    "iss634.webp": ("frame", "alpha"),
    "junk_jpeg_header.jpg": ("container",),
    "exif_gps_typeerror.jpg": (),
    "icc_profile_none.png": ("alpha",),
    "rot1mir0.avif": ("orientation", "format"),
    "multipage.tiff": ("frame", "colour", "format"),
    "text_mono.gif": ("colour", "format"),
}


def hard_files() -> list[tuple[str, str]]:
    if not REAL.is_dir():
        return []
    lines = (REAL / "EXPECTED.jsonl").read_text().splitlines()
    entries = [json.loads(line) for line in lines]
    return [(entry["file"], entry["expected"]) for entry in entries if entry["modality"] == "image"]


@pytest.mark.parametrize(("file", "expected"), hard_files())
def test_hard_files(file: str, expected: str) -> None:
    data, name = (REAL / file).read_bytes(), Path(file).name
    if expected == "reject":
        with pytest.raises(MediaError) as error:
            image.validate(data, POLICY)
        assert error.value.reason == REASONS.get(name, "image_undecodable")
        return
    product = product_of(data)
    if name in CHANGES:
        assert product.changes == CHANGES[name]
    assert len(image.render_for_judge(data, POLICY, JudgeView())) == 1


@pytest.mark.parametrize("name", ["524_316.jpg", "bricks.jpg", "chelsea.png", "clock.png"])
def test_ordinary_files_keep_their_bytes(name: str) -> None:
    assert product_of((REAL / "media" / "image" / name).read_bytes()).changes == ()


def test_two_orientations_of_one_picture_have_one_hash() -> None:
    hashes = [
        int(product_of((REAL / "hard" / "image" / name).read_bytes()).facts["phash"], 16)
        for name in ("hopper_orientation_3.jpg", "hopper_orientation_8.webp")
    ]
    assert (hashes[0] ^ hashes[1]).bit_count() <= 4


def test_the_turned_avif_is_wider_than_high() -> None:
    shown = published((REAL / "hard" / "image" / "rot1mir0.avif").read_bytes())
    assert shown.size == (640, 427)
