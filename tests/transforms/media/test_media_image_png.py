"""Plain PNG pictures: decoded as Pillow does, and left to it where anything is out of order."""

from __future__ import annotations

import struct
import sys
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image, PngImagePlugin

from tests.transforms.media.image_samples import POLICY, encoded, opened, photo, product_of
from transforms.media import image
from transforms.media.errors import MediaError
from transforms.media.image import modality
from transforms.media.image.open import open_picture
from transforms.media.image.png import plain_png
from transforms.media.settings import ImagePolicy

KINDS = {"L": (0, 1), "RGB": (2, 3), "LA": (4, 2), "RGBA": (6, 4)}
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, body: bytes) -> bytes:
    checksum = zlib.crc32(kind + body).to_bytes(4, "big")
    return len(body).to_bytes(4, "big") + kind + body + checksum


def made(
    mode: str,
    size: tuple[int, int],
    raw: bytes,
    *,
    before: bytes = b"",
    behind: bytes = b"",
    pieces: int = 1,
    packed: bytes | None = None,
) -> bytes:
    """A PNG of rows with their filters, the packed bytes in so many chunks."""
    head = struct.pack(">IIBBBBB", *size, 8, KINDS[mode][0], 0, 0, 0)
    packed = zlib.compress(raw) if packed is None else packed
    step = -(-len(packed) // pieces)
    parts = [packed[at : at + step] for at in range(0, len(packed), step)]
    body = b"".join(chunk(b"IDAT", part) for part in parts)
    return SIGNATURE + chunk(b"IHDR", head) + before + body + behind + chunk(b"IEND", b"")


def noise(mode: str, size: tuple[int, int], seed: int) -> bytes:
    """Rows of any bytes, behind any of the five filters."""
    random = np.random.default_rng(seed)
    rows = random.integers(256, size=(size[1], 1 + size[0] * KINDS[mode][1]), dtype=np.uint8)
    rows[:, 0] = random.integers(5, size=size[1])
    return rows.tobytes()


def plain(data: bytes) -> Any:
    return plain_png(data, open_picture(data, POLICY).picture)


def by_pillow(data: bytes) -> Any:
    picture = opened(data)
    picture.load()
    return picture


def assert_as_pillow(data: bytes) -> None:
    ours, its = plain(data), by_pillow(data)
    assert ours is not None
    assert (ours.mode, ours.size, ours.info) == (its.mode, its.size, its.info)
    assert np.array_equal(np.asarray(ours), np.asarray(its))


@pytest.mark.parametrize("mode", KINDS)
@pytest.mark.parametrize("size", [(1, 1), (2, 5), (7, 3), (33, 20), (64, 64), (257, 31)])
def test_every_filter_is_undone_as_pillow_does(mode: str, size: tuple[int, int]) -> None:
    for seed in range(3):
        assert_as_pillow(made(mode, size, noise(mode, size, seed), pieces=1 + seed * 3))


@pytest.mark.parametrize("mode", KINDS)
def test_a_photo_is_decoded_as_pillow_does(mode: str) -> None:
    assert_as_pillow(encoded(photo((401, 203)).convert(mode), "png"))


def test_what_lies_around_the_pixels_is_known_as_to_pillow() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    text = PngImagePlugin.PngInfo()
    text.add_text("prompt", "a fox " * 50, zip=True)
    rich = encoded(photo(), "png", exif=exif, pnginfo=text, dpi=(72, 72), transparency=(1, 2, 3))
    assert {"exif", "prompt", "dpi", "transparency"} <= by_pillow(rich).info.keys()
    assert_as_pillow(rich)
    size = (9, 4)
    behind = chunk(b"eXIf", exif.tobytes()[6:]) + chunk(b"tEXt", b"late\0word")
    late = made("RGB", size, noise("RGB", size, 1), behind=behind)
    assert plain(late).info["late"] == "word"
    assert_as_pillow(late)
    assert product_of(late).changes == ("orientation",)
    assert_as_pillow(rich + b"anything behind the end")


def odd() -> dict[str, bytes]:
    """Pictures that are not plain, or not in perfect order."""
    size = (8, 6)
    raw = noise("RGB", size, 5)
    packed = zlib.compress(raw)
    half = len(packed) // 2
    text = chunk(b"tEXt", b"a\0b")
    split = made("RGB", size, raw, packed=packed[:half])
    split = split[:-12] + text + chunk(b"IDAT", packed[half:]) + split[-12:]
    rgb = made("RGB", size, raw)
    header = rgb[8:33]
    other = chunk(b"IHDR", struct.pack(">IIBBBBB", 6, 4, 8, 2, 0, 0, 0))
    wide = Image.fromarray(np.zeros((4, 4), np.uint16))
    clear = photo().convert("RGBA")
    return {
        "palette": encoded(photo().quantize(16), "png"),
        "16 bits": encoded(wide, "png"),
        "1 bit": encoded(photo().convert("1"), "png"),
        "animation": encoded(clear, "png", save_all=True, append_images=[clear.rotate(9)]),
        "two runs of chunks": split,
        "a chunk before the header": SIGNATURE + text + rgb[8:],
        "the header twice": SIGNATURE + header + header + rgb[33:],
        "another header behind the header": SIGNATURE + header + other + rgb[33:],
        "another header before the header": SIGNATURE + other + header + rgb[33:],
        "an unknown filter": made("RGB", size, b"\5" + raw[1:]),
        "a row too few": made("RGB", size, raw[:-25]),
        "a byte too few": made("RGB", size, raw[:-1]),
        "a byte too many": made("RGB", size, raw + b"\0"),
        "bytes behind the stream": made("RGB", size, raw, packed=packed + b"\0\0"),
        "a wrong checksum of the stream": made("RGB", size, raw, packed=packed[:-1] + b"\x01"),
        "no checksum of the stream": made("RGB", size, raw, packed=packed[:-4]),
        "a cut stream": made("RGB", size, raw, packed=packed[:half]),
        "no stream": made("RGB", size, raw, packed=b"\0" * 20),
        "a broken chunk": made("RGB", size, raw, before=chunk(b"iCCP", b"x\0\0broken")),
    }


#: Refused before they get there.
NEVER_OPENED = {"a broken chunk", "a chunk before the header"}


@pytest.mark.parametrize("name", sorted(set(odd()) - NEVER_OPENED))
def test_what_is_out_of_order_is_left_to_pillow(name: str) -> None:
    assert plain(odd()[name]) is None


def outcome(data: bytes, policy: ImagePolicy) -> object:
    try:
        product = product_of(data, policy)
    except MediaError as error:
        return error.reason, error.message
    return product.facts, product.changes, product.data


def left_to_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modality, "plain_png", lambda *_: None)


@pytest.mark.parametrize("name", sorted(odd()))
def test_nothing_is_taken_or_refused_that_pillow_would_not(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = [outcome(odd()[name], policy) for policy in (POLICY, ImagePolicy(max_side=5))]
    left_to_pillow(monkeypatch)
    assert ours == [outcome(odd()[name], policy) for policy in (POLICY, ImagePolicy(max_side=5))]


def repaired(data: bytes) -> bytes:
    """A PNG whose chunks all have their right checksums: damage gets to the decoder."""
    parts, position = [data[:8]], 8
    while position + 12 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        end = position + 8 + length
        if end + 4 > len(data):
            break
        parts.append(chunk(data[position + 4 : position + 8], data[position + 8 : end]))
        position = end + 4
    return b"".join((*parts, data[position:]))


def test_damaged_pictures_fare_as_with_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(11)
    seeds = [encoded(photo((40, 30)).convert(mode), "png") for mode in KINDS]
    seeds += [made("RGB", (16, 9), noise("RGB", (16, 9), 2), pieces=3)]
    mutants = []
    for number in range(400):
        data = bytearray(seeds[number % len(seeds)])
        for spot in random.integers(8, len(data), size=random.integers(1, 4)):
            data[spot] ^= 1 << int(random.integers(8))
        mutants.append(repaired(bytes(data)) if number % 4 else bytes(data))
    ours = [outcome(data, POLICY) for data in mutants]
    taken = sum(isinstance(one, tuple) and isinstance(one[0], dict) for one in ours)
    assert 5 < taken < len(mutants) - 200
    left_to_pillow(monkeypatch)
    assert ours == [outcome(data, POLICY) for data in mutants]


def test_a_picture_of_very_many_pixels_is_left_to_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(photo(), "png")
    assert plain(data) is not None
    monkeypatch.setattr("transforms.media.image.png._MOST", 1_000)
    assert plain(data) is None
    image.validate(data, POLICY)


def test_without_its_libraries_a_picture_is_left_to_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(photo(), "png")
    monkeypatch.setitem(sys.modules, "av", None)
    assert plain(data) is None
    image.validate(data, POLICY)
