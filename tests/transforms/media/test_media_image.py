"""Pictures: kept where they have the normal form, brought to it where not, refused when broken."""

from __future__ import annotations

import dataclasses
import io
import subprocess
import sys

import pytest
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from tests.transforms.media.image_samples import (
    POLICY,
    difference,
    encoded,
    opened,
    photo,
    product_of,
    published,
)
from transforms.beamkit.errors import BuildError
from transforms.media import image
from transforms.media.errors import MediaError
from transforms.media.judge_views import JudgeView
from transforms.media.settings import ImagePolicy
from transforms.media.store import MediaStore

PHOTO = photo((40, 30))


@pytest.mark.parametrize("name", POLICY.formats)
def test_every_format_is_described(name: str) -> None:
    data = encoded(PHOTO, name)
    expected = {"format": name, "bytes": len(data), "width": 40, "height": 30, "frames": 1}
    assert image.probe(data, POLICY) == expected
    described = image.describe(image.validate(data, POLICY), POLICY)
    assert {**described, "phash": None} == {**expected, "phash": None}
    assert len(bytes.fromhex(described["phash"])) == 8


@pytest.mark.parametrize(
    ("name", "mode"),
    [("jpeg", "RGB"), ("jpeg", "L"), ("png", "RGB"), ("png", "L"), ("webp", "RGB")],
)
def test_a_picture_in_normal_form_keeps_its_bytes(name: str, mode: str) -> None:
    data = encoded(PHOTO.convert(mode), name)
    product = product_of(data)
    assert (product.data, product.changes, product.facts["bytes"]) == (None, (), len(data))


@pytest.mark.parametrize("name", ["gif", "bmp", "tiff", "avif"])
def test_other_formats_become_png_with_the_same_pixels(name: str) -> None:
    data = encoded(PHOTO, name)
    product = product_of(data)
    assert product.data is not None
    assert product.facts["format"] == "png"
    assert product.facts["bytes"] == len(product.data)
    assert product.changes[-1] == "format"
    assert difference(opened(product.data), opened(data).convert("RGB")) == 0


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "tiff", "avif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_once(name: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "a maker"
    lossless = {"webp": {"lossless": True}, "jpeg": {"quality": 95}}.get(name, {})
    data = encoded(PHOTO, name, exif=exif.tobytes(), **lossless)
    product = product_of(data)
    assert ("orientation" in product.changes) == (orientation != 1)
    upright = (30, 40) if orientation > 4 else (40, 30)
    assert (product.facts["width"], product.facts["height"]) == upright
    facts = image.describe(image.validate(data, POLICY), POLICY)
    assert (facts["width"], facts["height"]) == upright
    turns = [None, None, 0, 3, 1, 5, 4, 6, 2]
    turn = turns[orientation]
    expected = PHOTO if turn is None else PHOTO.transpose(Image.Transpose(turn))
    assert difference(published(data), expected) < (5 if name in ("jpeg", "avif") else 0.001)


XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description tiff:Orientation="6"/>'
    b"</rdf:RDF></x:xmpmeta>"
)


def with_xmp(name: str, exif: Image.Exif) -> bytes:
    if name == "png":
        notes = PngInfo()
        notes.add_itxt("XML:com.adobe.xmp", XMP.decode())
        return encoded(PHOTO, name, exif=exif.tobytes(), pnginfo=notes)
    if name == "tiff":
        return encoded(PHOTO, name, tiffinfo={700: XMP, **exif})
    return encoded(PHOTO, name, exif=exif.tobytes(), xmp=XMP)


def expected_size(orientation: int | None) -> tuple[int, int]:
    return PHOTO.size if orientation != 8 else (PHOTO.height, PHOTO.width)


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "tiff", "avif"])
@pytest.mark.parametrize("orientation", [None, 1, 8])
def test_an_orientation_of_xmp_alone_turns_nothing(name: str, orientation: int | None) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x011A] = "a maker", 72.0  # Pillow reads EXIF for the resolution at once
    if orientation is not None:
        exif[0x0112] = orientation
    data = with_xmp(name, exif)
    assert b"tiff:Orientation" in data
    product = product_of(data)
    assert ("orientation" in product.changes) == (orientation == 8)
    if orientation != 8 and name in ("jpeg", "png", "webp"):
        # Who reads it with Pillow would turn it: XMP goes, and of a JPEG nothing else changes.
        assert product.changes == (("metadata",) if orientation is None else ())
        assert (product.data is None) == (orientation == 1)
    whole = Image.open(io.BytesIO(product.data or data))
    whole.load()
    assert ImageOps.exif_transpose(whole).size == expected_size(orientation)
    expected = PHOTO.transpose(Image.Transpose.ROTATE_90) if orientation == 8 else PHOTO
    assert (product.facts["width"], product.facts["height"]) == expected.size
    lossy = name in ("jpeg", "webp", "avif")
    assert difference(published(data), expected) < (8 if lossy else 0.001)


@pytest.mark.parametrize("name", ["jpeg", "png", "webp"])
@pytest.mark.parametrize("orientation", [0, 9, 65_535])
def test_an_orientation_that_means_nothing_changes_nothing(name: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation  # cameras write 0 for "not known"
    assert product_of(encoded(PHOTO, name, exif=exif.tobytes())).data is None


def test_exif_that_cannot_be_read_is_as_none() -> None:
    broken = b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\x01\x12\0\x03" + b"\xff" * 40
    for name in ("jpeg", "png", "webp"):
        assert product_of(encoded(PHOTO, name, exif=broken)).changes == ()


def test_metadata_of_what_is_kept_stay_and_of_products_go() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a maker"
    data = encoded(PHOTO, "jpeg", exif=exif.tobytes(), comment=b"said by a camera")
    product = product_of(data)
    assert product.data is not None
    for words in (b"a maker", b"said by a camera", b"Exif"):
        assert words in data
        assert words not in product.data


def test_a_larger_picture_is_scaled_down_and_a_smaller_one_never_up() -> None:
    policy = ImagePolicy(max_side=100)
    for name, size, expected in [
        ("jpeg", (1000, 333), (100, 33)),
        ("png", (333, 1000), (33, 100)),
        ("jpeg", (100, 99), (100, 99)),
        ("png", (101, 2), (100, 2)),
        ("png", (3000, 1), (100, 1)),
        ("webp", (64, 64), (64, 64)),
    ]:
        picture = photo(size)
        product = product_of(encoded(picture, name), policy)
        assert (product.facts["width"], product.facts["height"]) == expected
        assert product.changes == (("size",) if expected != size else ())
        if expected != size:
            small = picture.resize(expected, Image.Resampling.BICUBIC)
            assert difference(published(encoded(picture, name), policy), small) < 3
            assert product.facts["format"] == name


def test_a_turned_jpeg_that_is_too_large_is_scaled_by_its_longer_side() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(photo((800, 400)), "jpeg", exif=exif.tobytes())
    product = product_of(data, ImagePolicy(max_side=80))
    assert product.changes == ("size", "orientation")
    assert (product.facts["width"], product.facts["height"]) == (40, 80)


def test_formats_that_may_not_be_kept_become_png() -> None:
    policy = ImagePolicy(keep=("png",))
    for name in ("jpeg", "webp"):
        product = product_of(encoded(PHOTO, name), policy)
        assert (product.changes, product.facts["format"]) == (("format",), "png")


@pytest.mark.parametrize("name", ["gif", "webp", "png", "tiff", "avif"])
def test_of_several_frames_the_first_that_shows_anything_is_taken(name: str) -> None:
    frames = [photo((40, 30), seed) for seed in range(3)]
    data = encoded(frames[0], name, save_all=True, append_images=frames[1:])
    product = product_of(data)
    assert "frame" in product.changes
    source = image.describe(image.validate(data, POLICY), POLICY)
    assert (source["frames"], product.facts["frames"]) == (3, 1)
    assert difference(published(data), frames[0]) < 4

    nothing = Image.new("RGBA", (40, 30), (255, 0, 0, 0))
    data = encoded(nothing, name, save_all=True, append_images=[frames[0].convert("RGBA")])
    assert difference(published(data), frames[0]) < 6

    with pytest.raises(MediaError, match="2 frames or pages") as error:
        image.probe(data, ImagePolicy(animated="reject"))
    assert error.value.reason == "image_animated"


def test_the_default_picture_of_an_apng_is_its_first_frame() -> None:
    frames = [photo((40, 30), seed) for seed in range(3)]
    data = encoded(frames[0], "png", save_all=True, append_images=frames[1:], default_image=True)
    assert difference(published(data), frames[0]) == 0


def test_a_picture_that_shows_nothing_is_refused_unless_the_policy_keeps_it() -> None:
    nothing = Image.new("RGBA", (40, 30), (255, 0, 0, 0))
    for data in (
        encoded(nothing, "png"),
        encoded(nothing, "png", save_all=True, append_images=[nothing], duration=[1, 2]),
        encoded(Image.new("L", (40, 30), 7), "png", transparency=7),
    ):
        with pytest.raises(MediaError) as error:
            image.validate(data, POLICY)
        assert error.value.reason == "image_empty"
        kept = published(data, ImagePolicy(transparent="keep"))
        assert kept.convert("L").getextrema() == (255, 255)
    assert published(encoded(nothing, "bmp")).getpixel((0, 0)) == (255, 0, 0)


@pytest.mark.parametrize(
    ("data", "policy", "reason", "says"),
    [
        (encoded(PHOTO, "jpeg")[:-50], POLICY, "image_undecodable", "Premature end"),
        (encoded(PHOTO, "png")[:-40], POLICY, "image_undecodable", "the chunk IDAT claims"),
        (b"<html><body>no</body></html>", POLICY, "image_undecodable", "html page"),
        (b"version https://git-lfs.github.com/spec/v1\n", POLICY, "image_undecodable", "git-lfs"),
        (b"", POLICY, "image_undecodable", "empty"),
        (b"\xa7\xff\x00" * 99, POLICY, "image_undecodable", "not a known picture"),
        (b"\x89PNG\r\n\x1a\n" + bytes(60), POLICY, "image_undecodable", "png, but its header"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(60), POLICY, "image_format", "jpeg xl is not among"),
        (b"\0\0\0\x18ftypheic" + bytes(60), POLICY, "image_format", "heic is not among"),
        (b"\0\0\0\x18ftypisom" + bytes(60), POLICY, "image_format", "mp4 is not among"),
        (b"P6\n64 48\n255\n" + bytes(60), POLICY, "image_format", "netpbm is not among"),
        (b'<?xml version="1.0"?>\n<svg/>', POLICY, "image_format", "svg is not among"),
        (b'<?xml version="1.0"?>\n<Error/>', POLICY, "image_undecodable", "not a picture but xml"),
        (encoded(PHOTO, "png"), ImagePolicy(max_pixels=1_199), "image_too_large", "40 x 30 pixels"),
        (encoded(PHOTO, "png"), ImagePolicy(max_bytes=99), "image_too_large", "the limit is 99"),
        (
            encoded(PHOTO, "gif"),
            ImagePolicy(formats=("jpeg",)),
            "image_format",
            "gif is not among",
        ),
    ],
)
def test_what_is_no_good_picture_is_refused(
    data: bytes, policy: ImagePolicy, reason: str, says: str
) -> None:
    with pytest.raises(MediaError, match=says) as error:
        image.validate(data, policy)
    assert error.value.reason == reason


def test_a_product_that_is_too_large_is_refused() -> None:
    noise = Image.effect_noise((200, 200), 90).convert("RGB")
    data = encoded(noise, "avif", quality=30)
    policy = ImagePolicy(max_bytes=len(data) + 1000)
    with pytest.raises(MediaError, match="when published as png") as error:
        image.normalise(image.validate(data, policy), policy)
    assert error.value.reason == "image_too_large"


def test_the_same_bytes_and_policy_give_the_same_product() -> None:
    for data in (encoded(PHOTO.convert("CMYK"), "jpeg"), encoded(PHOTO, "gif")):
        assert product_of(data) == product_of(data)


@pytest.mark.parametrize("name", ["jpeg", "png", "webp"])
def test_a_judge_sees_an_upright_rgb_jpeg_that_is_never_scaled_up(name: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    wide = photo((900, 300))
    view = JudgeView(image_side=150)
    (shown,) = image.render_for_judge(encoded(wide, name, exif=exif.tobytes()), POLICY, view)
    picture = opened(shown.data)
    assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (50, 150))
    upright = wide.resize((150, 50), Image.Resampling.BICUBIC).transpose(Image.Transpose.ROTATE_270)
    assert difference(picture, upright) < 4

    (shown,) = image.render_for_judge(encoded(PHOTO.convert("L"), "png"), POLICY, view)
    assert (opened(shown.data).size, opened(shown.data).mode) == ((40, 30), "RGB")


def test_a_judge_sees_kept_alpha_on_the_background() -> None:
    policy = ImagePolicy(alpha="keep", background="#00ff00")
    clear = Image.new("RGBA", (40, 30), (255, 0, 0, 0))
    clear.putpixel((0, 0), (0, 0, 0, 255))
    (shown,) = image.render_for_judge(encoded(clear, "png"), policy, JudgeView())
    red, green, blue = opened(shown.data).getpixel((30, 20))  # type: ignore[misc]
    assert (red < 5, green > 250, blue < 5) == (True, True, True)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("formats", ("jpeg", "jxl"), "'jxl' is none of"),
        ("formats", ("jpeg", "gif"), "png is missing"),
        ("keep", ("png", "gif"), "'gif' is none of"),
        ("keep", ("jpeg",), "png is missing"),
        ("max_side", 0, "less than 1"),
        ("max_pixels", 0, "less than 1"),
        ("jpeg_quality", 101, "not from 1 to 100"),
        ("background", "white", "no colour"),
        ("alpha", "drop", "'drop' is none of"),
        ("animated", "last", "'last' is none of"),
        ("transparent", "drop", "'drop' is none of"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(field: str, value: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        dataclasses.replace(POLICY, **{field: value})


def test_a_warm_up_imports_what_the_first_picture_needs() -> None:
    code = (
        "import sys; from transforms.media import image; before = 'simplejpeg' in sys.modules; "
        "image.warm_up(); print(before, 'simplejpeg' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_the_store_gives_back_what_was_put_and_notices_damage(tmp_path: object) -> None:
    store = MediaStore(str(tmp_path))
    digest = store.put(b"picture")
    assert store.put(b"picture") == digest
    assert store.get(digest) == b"picture"
    with pytest.raises(BuildError, match="missing from the store"):
        store.get("0" * 64)
    with open(store.path(digest), "wb") as file:
        file.write(b"Picture")
    with pytest.raises(BuildError, match="is damaged"):
        store.get(digest)
