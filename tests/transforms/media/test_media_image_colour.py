"""Colours of pictures: every mode, depth and profile against values that were computed apart."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

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
from transforms.media.image.colour import (
    Samples,
    flattened,
    is_visible,
    profile_of,
    to_eight_bits,
    to_srgb,
)
from transforms.media.settings import ImagePolicy

PHOTO = photo((48, 32))
GREY = PHOTO.convert("L")
RAMP = np.arange(256, dtype=np.uint8).reshape(8, 32)
REAL = Path(__file__).parents[4] / "shared" / "realdata" / "hard" / "image"


def png(depth: int, kind: int, row: bytes, width: int, *more: bytes, **chunks: bytes) -> bytes:
    """A PNG of rows, written by hand: depths and keys that Pillow doesn't write."""

    def chunk(name: bytes, data: bytes) -> bytes:
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = b"".join(b"\0" + part for part in (row, *more))
    head = struct.pack(">IIBBBBB", width, 1 + len(more), depth, kind, 0, 0, 0)
    parts = [chunk(b"IHDR", head)]
    parts += [chunk(name.encode(), data) for name, data in chunks.items()]
    parts += [chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def values(picture: Image.Image) -> list[Any]:
    """The pixels in rows: numbers for grey, lists for colours."""
    array = np.asarray(picture)
    return list(array.reshape(-1, *array.shape[2:]).tolist())


def test_cmyk_of_adobe_is_inverted_back() -> None:
    inks = PHOTO.convert("CMYK")
    for name, allowed in (("jpeg", 4.0), ("tiff", 0.0)):
        product = product_of(encoded(inks, name, quality=98))
        assert "colour" in product.changes
        shown = published(encoded(inks, name, quality=98))
        assert shown.mode == "RGB"
        assert difference(shown, PHOTO) <= allowed


def test_modes_of_tiff() -> None:
    lab = ImageCms.profileToProfile(
        PHOTO, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert lab is not None
    for mode, picture, allowed, changes in [
        ("LAB", lab, 1.5, ("colour", "format")),
        ("YCbCr", PHOTO.convert("YCbCr"), 1.5, ("format",)),
        ("P", PHOTO.quantize(256), 8.0, ("colour", "format")),
        ("RGBX", PHOTO.convert("RGBX"), 0.0, ("format",)),
    ]:
        data = encoded(picture, "tiff")
        assert product_of(data).changes == changes, mode
        assert difference(published(data), PHOTO) <= allowed, mode


def test_ycbcr_tiff_in_every_compression() -> None:
    for compression in ("raw", "tiff_lzw", "jpeg", "tiff_adobe_deflate"):
        data = encoded(PHOTO.convert("YCbCr"), "tiff", compression=compression)
        assert difference(published(data), PHOTO) < 4, compression


def test_sixteen_bits_are_scaled_and_not_clipped() -> None:
    wide = RAMP.astype(np.uint16) * 257
    for name in ("png", "tiff"):
        data = encoded(Image.fromarray(wide), name)
        product = product_of(data)
        assert product.changes[0] == "depth"
        assert np.array_equal(np.asarray(published(data)), RAMP)
    almost = np.array([[0, 127, 128, 129, 65406, 65407, 65535]], np.uint16)
    assert values(published(encoded(Image.fromarray(almost), "png"))) == [0, 0, 0, 1, 254, 255, 255]


def test_sixteen_bit_colour_takes_the_upper_byte() -> None:
    row = struct.pack(">6H", 0xFFFF, 0x8000, 0x00FF, 0x1234, 0xABCD, 0x0100)
    data = png(16, 2, row, 2)
    assert product_of(data).changes == ("depth",)
    assert values(published(data)) == [[0xFF, 0x80, 0], [0x12, 0xAB, 1]]


def test_a_span_that_a_tiff_states_is_its_scale() -> None:
    narrow = np.array([[100, 200, 300]], np.uint16)
    picture = Image.fromarray(narrow)
    assert values(published(encoded(picture, "tiff", tiffinfo={340: 100, 341: 355}))) == [
        *(0, 100, 200)
    ]
    assert values(published(encoded(picture, "tiff", tiffinfo={340: 150, 341: 300}))) == [0, 1, 1]


@pytest.mark.parametrize(
    ("numbers", "kind", "expected"),
    [
        ([0, 100, 255], np.int32, [0, 100, 255]),
        ([0, 32_896, 65_535], np.int32, [0, 128, 255]),
        ([-1000, 0, 1000], np.int32, [0, 128, 255]),
        ([0, 1 << 30, 1 << 31], np.uint32, [0, 128, 255]),
        ([5, 5, 5], np.int32, [5, 5, 5]),
        ([-5, -5, -5], np.int32, [0, 0, 0]),
        ([0.0, 0.25, 1.0], np.float32, [0, 64, 255]),
        ([0.0, 64.0, 254.6], np.float32, [0, 64, 255]),
        ([-1.0, 0.0, 1.0], np.float32, [0, 128, 255]),
        ([np.nan, np.inf, 1.0], np.float32, [0, 0, 255]),
        ([0.0, 1e30, 2e30], np.float32, [0, 128, 255]),
    ],
)
def test_thirty_two_bits_and_floats(numbers: list[float], kind: Any, expected: list[int]) -> None:
    array = np.array([numbers], kind)
    unsigned = kind is np.uint32
    picture = Image.fromarray(array.view(np.int32) if unsigned else array)
    assert values(to_eight_bits(picture, Samples(32, unsigned))) == expected


def test_white_may_be_zero() -> None:
    picture = Image.fromarray(np.array([[0, 1000, 65535]], np.uint16))
    assert values(published(encoded(picture, "tiff", tiffinfo={262: 0}))) == [255, 251, 0]


def test_one_two_and_four_bits() -> None:
    assert values(published(png(1, 0, b"\xa0", 3))) == [255, 0, 255]
    assert values(published(png(2, 0, b"\x1b", 4))) == [0, 85, 170, 255]
    assert values(published(png(4, 0, b"\x0f\x70", 3))) == [0, 255, 119]
    assert product_of(png(4, 0, b"\x0f\x70", 3)).changes == ("depth",)
    assert product_of(encoded(GREY.convert("1"), "bmp")).changes == ("depth", "format")


@pytest.mark.parametrize(
    ("data", "clear", "changes"),
    [
        (png(1, 0, b"\xa0", 3, tRNS=b"\0\1"), [1, 0, 1], ("depth", "alpha")),
        (png(2, 0, b"\x18", 3, tRNS=b"\0\2"), [0, 0, 1], ("depth", "alpha")),
        (png(4, 0, b"\x0f\x70", 3, tRNS=b"\0\7"), [0, 0, 1], ("depth", "alpha")),
        (png(8, 0, bytes([9, 10, 9]), 3, tRNS=b"\0\x09"), [1, 0, 1], ("alpha",)),
        (png(16, 0, struct.pack(">3H", 257, 258, 0), 3, tRNS=b"\1\1"), [1, 0, 0], None),
        (png(8, 2, bytes([1, 2, 3] * 2 + [1, 2, 4]), 3, tRNS=b"\0\1\0\2\0\3"), [1, 1, 0], None),
        (png(16, 2, struct.pack(">9H", *([772] * 6), 7, 8, 9), 3, tRNS=b"\3\4" * 3), [1, 1, 0], 0),
        (png(8, 3, b"\0\1\1", 3, PLTE=bytes(6), tRNS=b"\xff\0"), [0, 1, 1], ("colour", "alpha")),
        (png(2, 3, b"\x18", 3, PLTE=bytes(9), tRNS=b"\xff\0"), [0, 1, 0], ("colour", "alpha")),
    ],
)
def test_transparent_colours_of_png(data: bytes, clear: list[int], changes: Any) -> None:
    if changes:
        assert product_of(data).changes == changes
    kept = published(data, ImagePolicy(alpha="keep"))
    assert [int(alpha == 0) for alpha in values(kept.getchannel("A"))] == clear
    shown = published(data, ImagePolicy(background="#ff0000")).convert("RGB")
    assert [int(pixel == [255, 0, 0]) for pixel in values(shown)] == clear


def test_alpha_is_laid_on_the_background() -> None:
    half = Image.new("RGBA", (4, 4), (0, 0, 0, 128))
    assert values(published(encoded(half, "png")))[0] == [127, 127, 127]
    shown = published(encoded(half, "png"), ImagePolicy(background="#0000ff"))
    assert values(shown)[0] == [0, 0, 127]
    grey = half.convert("LA")
    assert flattened(grey, "#ffffff").mode == "L"
    assert flattened(grey, "#fffffe").mode == "RGB"
    assert flattened(PHOTO, "#ffffff") is PHOTO


def test_alpha_may_be_kept() -> None:
    policy = ImagePolicy(alpha="keep")
    clear = PHOTO.copy()
    clear.putalpha(GREY)
    for name in ("png", "webp"):
        assert product_of(encoded(clear, name, lossless=True), policy).changes == ()
    assert product_of(encoded(clear.convert("LA"), "png"), policy).changes == ()
    product = product_of(encoded(clear, "tiff"), policy)
    assert (product.changes, product.facts["format"]) == (("format",), "png")
    assert product.data is not None
    assert difference(opened(product.data), clear) == 0


def test_samples_multiplied_by_their_alpha_are_divided_again() -> None:
    half = PHOTO.copy()
    half.putalpha(128)
    assert difference(to_srgb(half.convert("RGBa"), None), half) < 1


def test_what_shows() -> None:
    assert is_visible(PHOTO)
    assert is_visible(Image.new("RGBA", (2, 2), (0, 0, 0, 1)))
    assert not is_visible(Image.new("RGBA", (2, 2), (9, 9, 9, 0)))
    assert not is_visible(Image.new("LA", (2, 2), (9, 0)))


# --- colour profiles -----------------------------------------------------------------------


def profile(primaries: list[tuple[float, float]], gamma: float) -> bytes:
    """An ICC profile of three primaries (xy, D65) and a gamma, by the book (ICC.1:2010)."""
    white = np.array([0.9505, 1.0, 1.0890])
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in primaries]).T
    matrix = columns * np.linalg.solve(columns, white)
    bradford = np.array(
        [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
    )
    d50 = np.array([0.9642, 1.0, 0.8249])
    adapt = np.linalg.inv(bradford) @ np.diag((bradford @ d50) / (bradford @ white)) @ bradford
    red, green, blue = (adapt @ matrix).T

    def xyz(value: np.ndarray[Any, Any]) -> bytes:
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(part * 65536) for part in value))

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 2) + b"t\0" + bytes(78),
        b"wtpt": xyz(d50),
        b"rXYZ": xyz(red),
        b"gXYZ": xyz(green),
        b"bXYZ": xyz(blue),
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
    }
    body, table, offset = b"", struct.pack(">I", len(tags)), 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        data = value + bytes(-len(value) % 4)
        table += name + struct.pack(">II", offset + len(body), len(data))
        body += data
    size = 128 + len(table) + len(body)
    head = struct.pack(">I", size) + b"lcms\x02\x40\0\0mntrRGB XYZ " + bytes(12) + b"acsp"
    head += bytes(28) + struct.pack(">3i", 63190, 65536, 54061) + bytes(48)
    return head + table + body


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
ADOBE = profile([(0.64, 0.33), (0.21, 0.71), (0.15, 0.06)], 2.199)
NEARLY_SRGB = profile([(0.64, 0.33), (0.30, 0.60), (0.15, 0.06)], 2.2)


def test_an_srgb_profile_conforms() -> None:
    assert profile_of(SRGB, "RGB") == "srgb"
    for name in ("jpeg", "png", "webp"):
        assert product_of(encoded(PHOTO, name, icc_profile=SRGB)).changes == ()
    assert product_of(encoded(GREY, "jpeg", icc_profile=SRGB)).changes == ()


def test_a_wide_gamut_is_brought_to_srgb() -> None:
    """The values of Adobe RGB (1998): (100, 180, 60) there is out of sRGB's red; greys stay."""
    assert profile_of(ADOBE, "RGB") == "other"
    picture = Image.new("RGB", (16, 16), (150, 180, 100))
    data = encoded(picture, "png", icc_profile=ADOBE)
    assert product_of(data).changes == ("colour",)
    # by hand: linear Adobe RGB -> XYZ -> linear sRGB -> sRGB
    linear = (np.array([150, 180, 100]) / 255) ** 2.199
    to_xyz = np.array(
        [[0.5767, 0.1856, 0.1882], [0.2973, 0.6274, 0.0753], [0.0270, 0.0707, 0.9911]]
    )
    to_rgb = np.array(
        [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]
    )
    light = to_rgb @ to_xyz @ linear
    expected = 255 * (1.055 * light ** (1 / 2.4) - 0.055)
    assert np.abs(np.array(values(published(data))[0]) - expected).max() < 2
    for name in ("jpeg", "webp", "tiff"):
        shown = published(encoded(picture, name, icc_profile=ADOBE, quality=95))
        assert np.abs(np.array(values(shown)[0]) - expected).max() < 5
    grey = Image.new("RGB", (16, 16), (128, 128, 128))
    assert difference(published(encoded(grey, "png", icc_profile=ADOBE)), grey) < 2


def test_a_gamma_of_another_curve_is_no_srgb() -> None:
    assert profile_of(NEARLY_SRGB, "RGB") == "other"  # its shadows are up to 6 levels off


def test_profiles_work_with_alpha_grey_and_palette() -> None:
    picture = PHOTO.copy()
    picture.putalpha(GREY)
    policy = ImagePolicy(alpha="keep")
    shown = published(encoded(picture, "png", icc_profile=ADOBE), policy)
    assert shown.mode == "RGBA"
    assert np.array_equal(np.asarray(shown.getchannel("A")), np.asarray(GREY))
    straight = published(encoded(PHOTO, "png", icc_profile=ADOBE))
    assert difference(shown.convert("RGB"), straight) == 0
    grey = published(encoded(GREY, "png", icc_profile=ADOBE))
    assert grey.mode == "L"
    assert 0 < difference(grey, GREY) < 4
    few = PHOTO.quantize(16)
    shown = published(encoded(few, "png", icc_profile=ADOBE))
    assert difference(shown, to_srgb(few.convert("RGB"), ADOBE)) == 0


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("broken", [b"no profile", SRGB[:200], ADOBE[:131] + b"\xff" * 90])
def test_a_broken_profile_is_left_out_and_the_pixels_stay(mode: str, broken: bytes) -> None:
    picture = PHOTO.convert(mode)
    assert profile_of(broken, mode) == "broken"
    for name in ("jpeg", "png"):
        data = encoded(picture, name, icc_profile=broken)
        product = product_of(data)
        assert (product.changes, product.facts["format"]) == (("profile",), name)
        assert difference(published(data), opened(data)) == 0


def test_a_profile_of_another_kind_of_colours_is_as_broken() -> None:
    assert profile_of(SRGB, "CMYK") == "broken"
    data = encoded(PHOTO.convert("CMYK"), "jpeg", quality=98, icc_profile=SRGB)
    assert product_of(data).changes == ("profile", "colour")
    assert difference(published(data), PHOTO) < 4
    assert profile_of(bytes(8_000_001), "RGB") == "broken"
    assert profile_of(None, "RGB") == profile_of(b"", "L") == "none"
    assert profile_of(SRGB, "LAB") == "none"


@pytest.mark.skipif(not REAL.is_dir(), reason=f"the real files are not there: no folder {REAL}")
def test_a_real_cmyk_jpeg_is_red_at_the_top_and_black_at_the_bottom() -> None:
    """What Pillow's own test of this file says of its inks."""
    shown = published((REAL / "pil_sample_cmyk.jpg").read_bytes())
    red, green, blue = shown.getpixel((0, 0))  # type: ignore[misc]
    assert red > 200
    assert max(green, blue) < 60
    assert max(shown.getpixel((99, 99))) < 30  # type: ignore[type-var]


@pytest.mark.skipif(not REAL.is_dir(), reason=f"the real files are not there: no folder {REAL}")
def test_a_real_sixteen_bit_picture_against_its_reference() -> None:
    """The reference was made of 16-bit colour; the same numbers with 16 bits give it again."""
    reference = opened((REAL / "tiff_16bit_RGB_target.png").read_bytes())
    wide = np.asarray(reference).astype(">u2") * 257
    data = png(16, 2, wide[0].tobytes(), reference.width, *(row.tobytes() for row in wide[1:]))
    assert product_of(data).changes == ("depth",)
    assert difference(published(data), reference) <= 1


def test_the_hash_does_not_depend_on_the_form() -> None:
    forms = [
        encoded(PHOTO, "png"),
        encoded(PHOTO, "bmp"),
        encoded(PHOTO.convert("RGBA"), "png"),
        encoded(PHOTO, "tiff", compression="tiff_lzw"),
    ]
    hashes = {image.describe(image.validate(data, POLICY), POLICY)["phash"] for data in forms}
    assert len(hashes) == 1
