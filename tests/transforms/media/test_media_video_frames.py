"""Frames of clips as pictures, for judges and exports, and clips of pictures."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from pipelines.sample_corpora.clips import frames as sample_frames
from tests.transforms.media.video_cases import FAST, X264, pictures, rewrapped, silent
from transforms.media.errors import MediaError
from transforms.media.judge_views import JudgeView
from transforms.media.settings import VideoPolicy
from transforms.media.video import normalise, render_for_judge, validate
from transforms.media.video.frames import clip_of_frames, even_frames, frames_as_files

POLICY = VideoPolicy()


def counted() -> bytes:
    """20 frames, ten a second; the grey of each is 12 times its number."""
    shade = "geq=lum='12*N':cb=128:cr=128"
    return pictures(*X264, "-crf", "1", "-vf", shade, *FAST, source="color=s=64x48:r=10:d=2")


def shades(pictures_: list[Image.Image]) -> list[int]:
    """Numbers of frames of `counted`, from their grey."""
    luma = [
        np.asarray(each.convert("L"), dtype=float).mean() * 219 / 255 + 16 for each in pictures_
    ]
    return [round(value / 12) for value in luma]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1, [0]),
        (2, [0, 19]),
        (3, [0, 9, 19]),
        (8, [0, 3, 5, 8, 11, 14, 16, 19]),
        (20, list(range(20))),
        (50, list(range(20))),
    ],
)
def test_even_frames_have_the_first_and_the_last(number: int, expected: list[int]) -> None:
    found = even_frames(counted(), number)
    assert [frame.time_s for frame in found] == pytest.approx([0.1 * n for n in expected])
    # Below 16, video has no darker grey: numbers 0 and 1 look alike.
    assert shades([f.picture for f in found]) == [max(1, n) for n in expected]


def test_of_a_variable_rate_frames_are_even_in_time() -> None:
    early = "select=lt(n\\,10)+eq(n\\,19)"
    data = pictures("-vf", early, "-fps_mode", "vfr", *X264, "-bf", "0", *FAST)
    times = [frame.time_s for frame in even_frames(data, 4)]
    assert times == pytest.approx([0, 0.6, 0.9, 1.9])


def test_frames_are_scaled_down_and_never_up() -> None:
    assert even_frames(silent(), 1, 32)[0].picture.size == (32, 24)
    assert even_frames(silent(), 1, 640)[0].picture.size == (64, 48)
    wide = pictures(*X264, "-vf", "setsar=2", *FAST)
    assert even_frames(wide, 1)[0].picture.size == (128, 48)


def test_a_judge_sees_captioned_jpegs() -> None:
    view = JudgeView(frames=4, frame_side=32)
    shown = render_for_judge(counted(), POLICY, view)
    assert [picture.caption for picture in shown] == [
        "frame at 0.0 s",
        "frame at 0.6 s",
        "frame at 1.3 s",
        "frame at 1.9 s",
    ]
    for picture in shown:
        with Image.open(io.BytesIO(picture.data)) as opened:
            assert (opened.format, opened.size) == ("JPEG", (32, 24))
    assert render_for_judge(counted(), POLICY, view) == shown


def test_a_source_is_shown_upright() -> None:
    turned = rewrapped(silent(), *FAST, first=("-display_rotation", "90"))
    assert even_frames(turned, 1)[0].picture.size == (48, 64)


def test_nothing_can_be_seen_of_a_broken_clip() -> None:
    with pytest.raises(MediaError):
        even_frames(silent()[:2_000], 3)
    with pytest.raises(MediaError, match="html page"):
        render_for_judge(b"<!doctype html><html>", POLICY, JudgeView())
    with pytest.raises(ValueError, match="0 frames"):
        even_frames(silent(), 0)


@pytest.mark.parametrize(("form", "head"), [("jpeg", b"\xff\xd8\xff"), ("png", b"\x89PNG")])
def test_all_frames_as_files(form: str, head: bytes) -> None:
    files = list(frames_as_files(counted(), POLICY, form))  # type: ignore[arg-type]
    assert len(files) == 20
    assert all(data.startswith(head) for data in files)
    seen = [Image.open(io.BytesIO(data)) for data in files]
    assert shades(seen) == [max(1, n) for n in range(20)]


def test_a_clip_of_pictures_conforms_and_shows_them() -> None:
    files = sample_frames(np.random.default_rng(3), 6)
    data = clip_of_frames(files, 8, POLICY)
    assert clip_of_frames(files, 8, POLICY) == data
    product = normalise(validate(data, POLICY), POLICY)
    assert (product.data, product.changes) == (None, ())
    assert (product.facts["frames"], product.facts["rate_hz"]) == (6, 8)
    assert (product.facts["width"], product.facts["height"]) == (64, 48)
    for number, frame in enumerate(even_frames(data, 6)):
        source = np.asarray(Image.open(io.BytesIO(files[number])), dtype=float)
        assert np.abs(np.asarray(frame.picture, dtype=float) - source).mean() < 6


def test_pictures_with_odd_sides_and_alpha_become_a_clip() -> None:
    file = io.BytesIO()
    Image.new("RGBA", (33, 21), (0, 0, 0, 0)).save(file, "PNG")
    data = clip_of_frames([file.getvalue()] * 3, 29.97, replace(POLICY, background="#ff0000"))
    facts = normalise(validate(data, POLICY), POLICY).facts
    assert (facts["width"], facts["height"], facts["frames"]) == (34, 22, 3)
    assert facts["rate_hz"] == pytest.approx(29.97)
    pixel = np.asarray(even_frames(data, 1)[0].picture.getpixel((33, 21)))
    assert np.abs(pixel - (255, 0, 0)).max() < 12


def test_pictures_that_make_no_clip_are_refused() -> None:
    files = sample_frames(np.random.default_rng(3), 3)
    other = sample_frames(np.random.default_rng(3), 1, size=32)
    cases = [
        ([], POLICY, "video_empty", "no frames"),
        (files + other, POLICY, "video_undecodable", "frame 3 is of 32 x 24 pixels, the first"),
        ([*files, b"<html>"], POLICY, "video_undecodable", "frame 3 is no picture"),
        (files, replace(POLICY, max_frames=2), "video_too_large", "3 frames"),
        (files, replace(POLICY, max_seconds=0.2), "video_too_large", "0.4 seconds"),
        (files, replace(POLICY, max_pixels=100), "video_too_large", "64 x 48 pixels"),
    ]
    for given, policy, reason, message in cases:
        with pytest.raises(MediaError, match=message) as error:
            clip_of_frames(given, 8, policy)
        assert error.value.reason == reason
    with pytest.raises(ValueError, match="fps is 0"):
        clip_of_frames(files, 0, POLICY)


def test_an_encoder_of_pictures_that_takes_too_long_is_ended() -> None:
    files = sample_frames(np.random.default_rng(3), 3)
    with pytest.raises(MediaError) as error:
        clip_of_frames(files, 8, replace(POLICY, max_encode_seconds=0.001))
    assert error.value.reason == "video_too_slow"
