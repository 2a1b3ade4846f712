"""Bombs of pictures: small files that claim, or unpack to, more than a limit."""

from __future__ import annotations

import struct
import time
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from tests.transforms.media.image_samples import POLICY, encoded, opened, photo, product_of
from transforms.media import image
from transforms.media.errors import MediaError
from transforms.media.image.structure import check_png, check_png_rows, gif_frames, tiff_pages
from transforms.media.settings import ImagePolicy

PHOTO = photo((64, 48))
PNG = encoded(PHOTO, "png")


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_with(*chunks: bytes, before: bytes = b"IDAT") -> bytes:
    place = PNG.index(before) - 4
    return PNG[:place] + b"".join(chunks) + PNG[place:]


def tiff(entries: list[tuple[int, int, int, int]], tail: bytes = b"") -> bytes:
    body = b"".join(struct.pack("<HHLL", *entry) for entry in sorted(entries))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + body + bytes(4) + tail


def huge(name: str) -> bytes:
    """A file of a few bytes or kilobytes whose canvas is 16,000 x 16,000 or so."""
    side = 16_000
    if name == "png":
        return b"\x89PNG\r\n\x1a\n" + b"".join(
            (
                chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)),
                chunk(b"IDAT", zlib.compress(bytes(1000))),
                chunk(b"IEND", b""),
            )
        )
    if name == "gif":
        frame = b"," + struct.pack("<HHHHB", 0, 0, 9, 9, 0)
        return b"GIF89a" + struct.pack("<HHBBB", side, side, 0, 0, 0) + frame + b"\2\1\0\0;"
    if name == "gif frame":
        frame = b"," + struct.pack("<HHHHB", 0, 0, side, side, 0)
        return b"GIF89a" + struct.pack("<HHBBB", 9, 9, 0, 0, 0) + frame + b"\2\1\0\0;"
    if name == "bmp":
        return b"BM" + struct.pack("<IIIIiiHHIIiiII", 54, 0, 54, 40, side, side, 1, 24, *[0] * 6)
    if name == "tiff":
        shape = [(256, 3, 1, side), (257, 3, 1, side), (258, 3, 1, 8), (259, 3, 1, 1)]
        return tiff([*shape, (262, 3, 1, 1), (273, 4, 1, 8), (277, 3, 1, 1), (279, 4, 1, 9)])
    if name == "jpeg":
        data = encoded(PHOTO, "jpeg")
        place = data.index(b"\xff\xc0")
        return data[: place + 5] + struct.pack(">HH", side, side) + data[place + 9 :]
    if name == "webp":
        size = (side - 1).to_bytes(3, "little") * 2
        return b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + size
    if name == "webp lossless":
        bits = (side - 1) | (side - 1) << 14
        return b"RIFF\x16\0\0\0WEBPVP8L\x05\0\0\0\x2f" + bits.to_bytes(4, "little") + bytes(9)
    data = encoded(PHOTO, "webp")
    return data[:26] + struct.pack("<HH", side, side) + data[30:]


@pytest.mark.parametrize(
    "name",
    ["png", "gif", "gif frame", "bmp", "tiff", "jpeg", "webp", "webp lossless", "webp lossy"],
)
def test_a_canvas_beyond_the_limit_is_refused_by_its_header(name: str) -> None:
    for look in (image.probe, image.validate):
        started = time.perf_counter()
        with pytest.raises(MediaError, match="pixels") as error:
            look(huge(name), POLICY)
        assert error.value.reason == "image_too_large"
        assert time.perf_counter() - started < 5


def test_text_that_unpacks_to_much_is_refused() -> None:
    text = zlib.compress(bytes(50_000_000))
    for packed in (
        chunk(b"zTXt", b"Comment\0\0" + text),
        chunk(b"iTXt", b"Comment\0\1\0\0\0" + text),
        chunk(b"iCCP", b"profile\0\0" + text),
    ):
        with pytest.raises(MediaError, match="its text or profile") as error:
            image.validate(png_with(packed), POLICY)
        assert error.value.reason == "image_too_large"


def test_a_long_text_of_a_generator_is_no_bomb() -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("workflow", "a node of a graph " * 20_000)
    assert product_of(encoded(PHOTO, "png", pnginfo=text)).changes == ()


def test_the_checksums_of_a_png_are_those_of_its_picture() -> None:
    check_png(PNG)
    place = PNG.index(b"IDAT") + 40
    flipped = PNG[:place] + bytes([PNG[place] ^ 1]) + PNG[place + 1 :]
    for data, says in [
        (flipped, "the checksum of IDAT is wrong"),
        (PNG[:-4] + bytes(4), "the checksum of IEND is wrong"),
        (PNG[:-12], "no IEND"),
        (PNG[:-1], "no IEND"),
        (PNG[:200], "the chunk IDAT claims"),
        (PNG[:8], "no IEND"),
    ]:
        with pytest.raises(MediaError, match=says):
            check_png(data)
        with pytest.raises(MediaError):
            image.validate(data, POLICY)
    check_png(PNG + b"anything behind the end")
    assert product_of(PNG + b"anything behind the end").changes == ()


@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt", b"tIME", b"pHYs"])
def test_a_note_of_a_png_with_a_wrong_checksum_is_left_out(kind: bytes) -> None:
    good, note = chunk(b"tEXt", b"Title\0a"), chunk(kind, b"a\0\0what it is")
    wrong = note[:-1] + bytes([note[-1] ^ 1])
    data = png_with(good, wrong, good)
    product = product_of(data)
    assert product.changes == ("container",)
    assert product.data is not None
    assert kind not in product.data
    assert opened(product.data).tobytes() == opened(PNG).tobytes()
    assert image.probe(data, POLICY)["width"] == 64
    behind = png_with(wrong, before=b"IEND")
    assert product_of(behind).facts["phash"] == product.facts["phash"]


@pytest.mark.parametrize("kind", [b"PLTE", b"iCCP", b"tRNS", b"gAMA", b"eXIf"])
def test_a_png_is_refused_if_what_tells_how_it_looks_has_a_wrong_checksum(kind: bytes) -> None:
    wrong = [chunk(name, bytes(6))[:-1] + b"?" for name in (kind, b"tEXt")]
    with pytest.raises(MediaError) as error:
        image.validate(png_with(*wrong), POLICY)
    assert error.value.reason == "image_undecodable"


def test_a_png_whose_pixels_end_early_is_refused() -> None:
    rows = zlib.compress(b"".join(b"\0" + bytes(64 * 3) for _ in range(40)))  # of 48
    start, end = PNG.index(b"IDAT") - 4, PNG.index(b"IEND") - 4
    data = PNG[:start] + chunk(b"IDAT", rows) + PNG[end:]
    with pytest.raises(MediaError, match="7,720 of 9,264 bytes of pixels"):
        image.validate(data, POLICY)


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "1", "I;16"])
def test_a_png_that_is_black_below_is_whole(mode: str) -> None:
    black = Image.new("RGB", (65, 49))
    black.paste(PHOTO.crop((0, 0, 40, 20)))
    picture = black.quantize(8) if mode == "P" else black.convert("L" if mode == "I;16" else mode)
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(picture).astype(np.uint16) * 257)
    data = encoded(picture, "png")
    image.validate(data, POLICY)
    check_png_rows(data, opened(data))


def test_an_interlaced_png_is_counted_by_its_passes() -> None:
    """Adam7 of 5 x 3 pixels, by hand: passes of 1, 1, 0, 1, 3, 4 and 5 pixels."""
    rows = [(1, 1), (1, 1), (1, 1), (3, 1), (2, 2), (5, 1)]
    passes = b"".join((b"\0" + b"\x99" * columns) * count for columns, count in rows)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 5, 3, 8, 0, 0, 0, 1))

    def png(pixels: bytes) -> bytes:
        body = chunk(b"IDAT", zlib.compress(pixels))
        return b"\x89PNG\r\n\x1a\n" + head + body + chunk(b"IEND", b"")

    assert product_of(png(passes)).facts["width"] == 5
    for missing in (1, 5, 6):
        with pytest.raises(MediaError):
            image.validate(png(passes[:-missing]), POLICY)


def test_a_tiff_without_all_of_its_strips_is_refused() -> None:
    data = bytearray(encoded(photo((64, 400)).convert("L"), "tiff", tiffinfo={278: 10}))
    start = int.from_bytes(data[4:8], "little")
    for place in range(start + 2, len(data), 12):
        tag, kind, count, _ = struct.unpack_from("<HHLL", data, place)
        if tag == 257:
            struct.pack_into("<HHLL", data, place, tag, kind, count, 600)
            break
    with pytest.raises(MediaError, match="40 strips or tiles cover 25,600 pixels"):
        image.validate(bytes(data), POLICY)


def test_a_gif_is_walked_to_its_end() -> None:
    frames = [photo((64, 48), seed) for seed in range(3)]
    data = encoded(frames[0], "gif", save_all=True, append_images=frames[1:])
    assert gif_frames(data, POLICY) == 3
    assert gif_frames(data[:-1], POLICY) == 3
    assert gif_frames(data + bytes(7), POLICY) == 3
    with pytest.raises(MediaError, match="inside frame 3"):
        gif_frames(data[:-2], POLICY)
    with pytest.raises(MediaError, match="inside frame 1"):
        image.validate(data[:900], POLICY)
    place = data.index(b",\0\0\0\0")
    with pytest.raises(MediaError, match="48 x 0 pixels") as error:
        gif_frames(data[: place + 5] + b"\x30\0\0\0" + data[place + 9 :], POLICY)
    assert error.value.reason == "image_empty"


def test_the_pages_of_a_tiff_are_counted_and_its_tags_bounded() -> None:
    pages = [photo((64, 48), seed) for seed in range(3)]
    for options in ({}, {"big_tiff": True}):
        data = encoded(pages[0], "tiff", save_all=True, append_images=pages[1:], **options)
        assert tiff_pages(data, POLICY) == 3
    assert tiff_pages(b"MM\0*\0\0\0\x08\0\0\0\0\0\x08", POLICY) == 1  # its next one is itself
    many = tiff([(tag, 1, 1_000_000, 8) for tag in range(40_000, 40_200)], bytes(1_000_000))
    for data, says in [
        (many, "tags claim 200,"),
        (tiff([(322, 4, 1, 60_000), (323, 4, 1, 60_000)]), "a tile of 3,600,000,000 pixels"),
        (tiff([(322, 3, 1, 60_000), (323, 3, 1, 60_000)]), "a tile of 3,600,000,000 pixels"),
    ]:
        with pytest.raises(MediaError, match=says) as error:
            image.validate(data, POLICY)
        assert error.value.reason == "image_too_large"
    count = 10_002
    loop = b"".join(struct.pack("<HL", 0, 8 + 6 * (page + 1)) for page in range(count))
    with pytest.raises(MediaError, match="more than 10,000 pages"):
        tiff_pages(b"II*\0\x08\0\0\0" + loop, POLICY)


def test_pillows_own_limit_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(MediaError, match="decompression bomb") as error:
        image.validate(PNG, POLICY)
    assert error.value.reason == "image_too_large"


def test_memory_that_runs_out_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise MemoryError

    data = encoded(PHOTO, "bmp")
    monkeypatch.setattr(Image.Image, "load", full)
    with pytest.raises(MediaError, match="more memory") as error:
        image.validate(data, ImagePolicy())
    assert error.value.reason == "image_memory"
