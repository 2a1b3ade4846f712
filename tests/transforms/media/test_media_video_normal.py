"""What becomes of clips: kept, wrapped anew or made anew; a product is a product for good."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.transforms.media.video_cases import (
    FAST,
    PICTURES,
    TONE,
    X264,
    conforming,
    gif,
    made,
    pictures,
    silent,
    turned,
    two_clips,
    variable_rate,
    with_cover,
)
from transforms.media.modality import Product
from transforms.media.settings import VideoPolicy
from transforms.media.video import describe, normalise, probe, validate
from transforms.media.video.frames import even_frames

POLICY = VideoPolicy()


def normalised(data: bytes, policy: VideoPolicy = POLICY) -> Product:
    return normalise(validate(data, policy), policy)


@pytest.mark.parametrize("clip", [conforming, silent, variable_rate])
def test_a_clip_that_conforms_keeps_its_bytes(clip: Callable[[], bytes]) -> None:
    product = normalised(clip())
    assert (product.data, product.changes) == (None, ())
    assert product.facts == describe(validate(clip(), POLICY), POLICY)


#: name -> clip, changes, size, frames
CASES: dict[str, tuple[Callable[[], bytes], tuple[str, ...], tuple[int, int], int]] = {
    "index at the end": (lambda: pictures(*X264), ("faststart",), (64, 48), 20),
    "fragmented": (
        lambda: pictures(*X264, "-movflags", "frag_keyframe+empty_moov"),
        ("container",),
        (64, 48),
        20,
    ),
    "quicktime": (lambda: pictures(*X264, *FAST, end="mov"), ("container",), (64, 48), 20),
    "h264 in mkv": (lambda: pictures(*X264, end="mkv"), ("container",), (64, 48), 20),
    "h264 in ts": (lambda: pictures(*X264, end="ts"), ("container",), (64, 48), 20),
    "h264 in flv": (lambda: pictures(*X264, end="flv"), ("container",), (64, 48), 20),
    "h264 in avi": (lambda: pictures(*X264, end="avi"), ("codec", "container"), (64, 48), 20),
    "mpeg4 in avi": (
        lambda: pictures("-c:v", "mpeg4", "-bf", "2", end="avi"),
        ("codec", "container"),
        (64, 48),
        20,
    ),
    "mjpeg in avi": (
        lambda: pictures("-c:v", "mjpeg", "-pix_fmt", "yuvj420p", end="avi"),
        ("codec", "container"),
        (64, 48),
        20,
    ),
    "hevc": (
        lambda: pictures(
            *("-c:v", "libx265", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p10le"), *FAST
        ),
        ("codec", "pixel_format"),
        (64, 48),
        20,
    ),
    "hevc of 8 bits": (
        lambda: pictures(
            *("-c:v", "libx265", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p"), *FAST
        ),
        ("codec",),
        (64, 48),
        20,
    ),
    "vp9 in webm": (
        lambda: pictures("-c:v", "libvpx-vp9", "-cpu-used", "8", "-pix_fmt", "yuv420p", end="webm"),
        ("codec", "container"),
        (64, 48),
        20,
    ),
    "av1 in mp4": (
        lambda: pictures("-c:v", "libsvtav1", "-preset", "12", "-pix_fmt", "yuv420p", *FAST),
        ("codec",),
        (64, 48),
        20,
    ),
    "theora in ogg": (
        lambda: pictures("-c:v", "libtheora", "-pix_fmt", "yuv420p", end="ogv"),
        ("codec", "container"),
        (64, 48),
        20,
    ),
    "mpeg2 in ps": (
        lambda: pictures("-c:v", "mpeg2video", "-r", "25", end="mpg"),
        ("codec", "container"),
        (64, 48),
        50,
    ),
    "wmv": (lambda: pictures("-c:v", "wmv2", end="asf"), ("codec", "container"), (64, 48), 20),
    "10 bits": (
        lambda: pictures("-c:v", "libx264", "-pix_fmt", "yuv420p10le", *FAST),
        ("pixel_format",),
        (64, 48),
        20,
    ),
    "4:4:4 with odd sides": (
        lambda: pictures(
            *("-c:v", "libx264", "-pix_fmt", "yuv444p"), *FAST, source="testsrc=s=63x47:r=10:d=1"
        ),
        ("pixel_format", "size"),
        (64, 48),
        10,
    ),
    "wide pixels": (
        lambda: pictures(*X264, "-vf", "setsar=16/11", *FAST),
        ("aspect", "size"),
        (94, 48),
        20,
    ),
    "high pixels": (lambda: pictures(*X264, "-vf", "setsar=1/2", *FAST), ("aspect",), (64, 96), 20),
    "nearly square pixels": (
        lambda: pictures(*X264, "-vf", "setsar=100/99", *FAST),
        (),
        (64, 48),
        20,
    ),
    "turned by 90": (lambda: turned(-90), ("orientation",), (48, 64), 20),
    "turned by 180": (lambda: turned(180), ("orientation",), (64, 48), 20),
    "turned by 45": (lambda: turned(45), ("orientation",), (64, 48), 20),
    "two streams of pictures": (two_clips, ("faststart", "streams"), (64, 48), 20),
    "cover": (with_cover, ("streams",), (64, 48), 20),
    "one frame": (lambda: pictures(*X264, "-frames:v", "1"), ("faststart",), (64, 48), 1),
    "one odd pixel": (
        lambda: pictures("-c:v", "ffv1", source="color=red:s=1x1:r=5:d=1", end="mkv"),
        ("codec", "size", "container"),
        (2, 2),
        5,
    ),
    "opus": (
        lambda: made(*PICTURES, *TONE, *X264, "-c:a", "libopus", *FAST),
        ("sound",),
        (64, 48),
        20,
    ),
    "vorbis in mkv": (
        lambda: made(*PICTURES, *TONE, *X264, "-c:a", "libvorbis", end="mkv"),
        ("container", "sound"),
        (64, 48),
        20,
    ),
    "gif": (gif, ("codec", "pixel_format", "size", "container"), (34, 22), 3),
    "interlaced mpeg2": (
        lambda: pictures("-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-r", "25", end="mpg"),
        ("codec", "interlaced", "container"),
        (64, 48),
        50,
    ),
    "hdr": (
        lambda: pictures(
            *("-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-x265-params"),
            "log-level=none:transfer=smpte2084:colorprim=bt2020:colormatrix=bt2020nc",
            *FAST,
        ),
        ("codec", "pixel_format", "hdr"),
        (64, 48),
        20,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_done_to_a_clip(name: str) -> None:
    clip, changes, size, frames = CASES[name]
    product = normalised(clip())
    assert product.changes == changes
    facts = product.facts
    assert (facts["width"], facts["height"], facts["frames"]) == (*size, frames)
    if not changes:
        assert product.data is None
        return
    assert product.data is not None
    assert facts["bytes"] == len(product.data)
    assert normalised(product.data) == Product(facts)
    header = probe(product.data, POLICY)
    for field in ("format", "width", "height", "frames"):
        assert header[field] == facts[field]
    is_encoded = {"codec", "pixel_format", "orientation", "aspect", "size"} & set(changes)
    for mark in (b"Lavf", *((b"Lavc", b"x264") if is_encoded else ())):
        assert mark not in product.data


@pytest.mark.parametrize("name", ["index at the end", "h264 in mkv", "h264 in ts", "h264 in flv"])
def test_a_new_wrapping_alters_no_picture(name: str) -> None:
    data = CASES[name][0]()
    product = normalised(data)
    assert product.data is not None
    assert shown(product.data) == shown(data)


@pytest.mark.parametrize(
    ("angle", "flags", "turn"),
    [
        (-90, (), Image.Transpose.ROTATE_270),
        (90, (), Image.Transpose.ROTATE_90),
        (180, (), Image.Transpose.ROTATE_180),
        (0, ("-display_hflip",), Image.Transpose.FLIP_LEFT_RIGHT),
        (0, ("-display_vflip",), Image.Transpose.FLIP_TOP_BOTTOM),
        (90, ("-display_hflip",), None),
        (-90, ("-display_hflip",), None),
    ],
)
def test_a_turn_is_applied_as_players_do(
    angle: int, flags: tuple[str, ...], turn: Image.Transpose | None
) -> None:
    data = turned(angle, *flags)
    seen = even_frames(data, 1)[0].picture
    product = normalised(data)
    assert product.data is not None
    published = even_frames(product.data, 1)[0].picture
    by_ffmpeg = made("-i", "before", "-frames:v", "1", end="png", before=data)  # turns by itself
    with Image.open(io.BytesIO(by_ffmpeg)) as expected:
        assert difference(seen, expected) < 4
        assert difference(published, expected) < 6
    if turn is not None:
        upright = even_frames(silent(), 1)[0].picture
        assert difference(seen, upright.transpose(turn)) == 0
    assert probe(data, POLICY)["width"] == product.facts["width"]


def test_the_index_of_a_product_is_before_its_content() -> None:
    product = normalised(pictures(*X264))
    assert product.data is not None
    assert product.data.index(b"moov") < product.data.index(b"mdat")
    (size,) = struct.unpack_from(">I", product.data)
    assert product.data[4:8] == b"ftyp"
    assert product.data[8:12] == b"isom"
    assert size < 64


def shown(data: bytes) -> str:
    """The digests of all decoded frames."""
    listed = made("-i", "before", "-map", "0:v:0", "-fps_mode", "passthrough", "-f", "framemd5",
                  end="txt", before=data)  # fmt: skip
    lines = listed.decode().splitlines()
    return "\n".join(line.rsplit(",", 1)[1] for line in lines if not line.startswith("#"))


def difference(one: Any, other: Any) -> float:
    """Mean difference in grey: ways of scaling colour differ more."""
    first, second = (np.asarray(each.convert("L"), dtype=int) for each in (one, other))
    assert first.shape == second.shape
    return float(np.abs(first - second).mean())
