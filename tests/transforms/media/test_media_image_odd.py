"""Pictures as some programs write them: frames beside the canvas, samples in planes, odd chunks."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import Image

from tests.transforms.media.image_samples import POLICY, encoded, photo, product_of, published
from transforms.media import image
from transforms.media.errors import MediaError
from transforms.media.settings import ImagePolicy

PHOTO = photo((40, 30))


def on_canvas(data: bytes, size: tuple[int, int], at: tuple[int, int]) -> bytes:
    """A GIF whose canvas is of another size than its first frame, which lies somewhere on it."""
    frame = data.index(b"," + struct.pack("<HH", 0, 0))
    whole = data[:6] + struct.pack("<HH", *size) + data[10:]
    return whole[: frame + 1] + struct.pack("<HH", *at) + whole[frame + 5 :]


@pytest.mark.parametrize("more", [0, 2])
@pytest.mark.parametrize("options", [{}, {"transparency": 3}])
def test_beyond_the_first_frame_of_a_gif_its_canvas_is_clear(
    more: int, options: dict[str, int]
) -> None:
    plain = PHOTO.quantize(16)
    series = {"save_all": True, "append_images": [plain.rotate(180)] * more} if more else {}
    small = encoded(plain, "gif", **options, **series)
    data = on_canvas(small, (60, 50), (12, 9))
    product = product_of(data)
    assert product.changes == (*(("frame",) if more else ()), "alpha", "format")
    shown = published(data)
    assert shown.size == (60, 50)
    expected = Image.new("RGB", (60, 50), "#ffffff")
    expected.paste(published(small).convert("RGB"), (12, 9))
    assert np.array_equal(np.asarray(shown.convert("RGB")), np.asarray(expected))
    kept = published(data, ImagePolicy(alpha="keep"))
    assert kept.getpixel((0, 0))[3] == 0
    assert kept.getpixel((51, 38))[3] == 255


def in_planes(samples: np.ndarray, order: str) -> bytes:
    """A TIFF of red, green and blue of 16 bits, each in a strip of its own."""
    height, width = samples.shape[:2]
    size, start = 2 * height * width, 8 + 2 + 9 * 12 + 4
    lists = start, start + 6, start + 18
    entries = [
        (256, 3, 1, width),
        (257, 3, 1, height),
        (258, 3, 3, lists[0]),
        (259, 3, 1, 1),
        (262, 3, 1, 2),
        (273, 4, 3, lists[1]),
        (277, 3, 1, 3),
        (279, 4, 3, lists[2]),
        (284, 3, 1, 2),
    ]
    body = struct.pack(order + "H", len(entries))
    for tag, kind, count, value in entries:
        form = "HHLHxx" if (kind, count) == (3, 1) else "HHLL"
        body += struct.pack(order + form, tag, kind, count, value)
    strips = [lists[2] + 12 + size * plane for plane in range(3)]
    body += bytes(4) + struct.pack(order + "3H3L3L", 16, 16, 16, *strips, size, size, size)
    planes = samples.transpose(2, 0, 1).astype(order + "u2").tobytes()
    return {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "L", 8) + body + planes


@pytest.mark.parametrize("order", "<>")
def test_planes_of_sixteen_bits_are_not_taken_for_more_of_eight(order: str) -> None:
    wanted = np.asarray(PHOTO)
    data = in_planes(wanted.astype(np.uint16) * 257, order)
    assert product_of(data).changes == ("depth", "format")
    assert np.array_equal(np.asarray(published(data)), wanted)


def test_a_png_that_begins_with_another_chunk_is_no_bomb() -> None:
    png = encoded(PHOTO, "png")
    for data, says in (
        (png[:8] + b"\0\0\0\4CgBI\x50\0\x20\2" + bytes(4) + png[8:], "begins with CgBI"),
        (png[:8] + png[33:], "begins with IDAT"),
    ):
        with pytest.raises(MediaError, match=says) as error:
            image.validate(data, POLICY)
        assert error.value.reason == "image_undecodable"


#: MPF: a directory that promises two pictures, and holds less than the entry of one.
INDEX = (
    b"MPF\0MM\0*\0\0\0\x08\0\3"
    + struct.pack(">HHI4s", 0xB000, 7, 4, b"0100")
    + struct.pack(">HHII", 0xB001, 4, 1, 2)
    + struct.pack(">HHII", 0xB002, 7, 4, 50)
    + bytes(8)
)


@pytest.mark.parametrize("turned", [False, True])
def test_a_damaged_index_of_further_pictures_goes_and_the_picture_stays(turned: bool) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6 if turned else 1
    plain = encoded(PHOTO, "jpeg", quality=95, exif=exif.tobytes())
    segment = b"\xff\xe2" + struct.pack(">H", 2 + len(INDEX)) + INDEX
    data = plain[:2] + segment + plain[2:]
    product = product_of(data)
    assert product.changes == ("container", *(("orientation",) if turned else ()))
    assert product.data is not None
    assert b"MPF" not in product.data
    assert np.array_equal(np.asarray(published(data)), np.asarray(published(plain)))
