"""What stays of a clip that is made anew: times, sound, what is seen of it, and its bytes."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.transforms.media.test_media_video_normal import CASES, POLICY, normalised
from tests.transforms.media.video_cases import (
    PICTURES,
    TONE,
    X264,
    conforming,
    gif,
    made,
    pictures,
    rewrapped,
    silent,
    two_clips,
    variable_rate,
)
from transforms.media.errors import MediaError
from transforms.media.video import validate
from transforms.media.video.frames import even_frames


def test_frames_of_a_variable_rate_keep_their_times() -> None:
    data = made("-i", "before", "-c:v", "libvpx", end="webm", before=variable_rate())
    product = normalised(data)
    assert product.data is not None
    times = [frame.time_s for frame in even_frames(product.data, 100)]
    expected = [0.1 * number for number in range(20) if number not in (4, 5, 6)]
    assert times == pytest.approx(expected, abs=0.002)
    assert product.facts["rate_hz"] == pytest.approx(17 / 2, rel=0.01)
    assert product.facts["duration_s"] == pytest.approx(2, abs=0.01)
    assert validate(data, POLICY).notes == ("variable_rate",)


def test_a_gif_keeps_its_delays_and_shows_the_background() -> None:
    product = normalised(gif(), replace(POLICY, background="#00ff00"))
    assert product.data is not None
    frames = even_frames(product.data, 3)
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.1, 0.4])
    assert product.facts["duration_s"] == pytest.approx(0.6)
    for step, frame in enumerate(frames):
        square = np.asarray(frame.picture.getpixel((9 + 6 * step, 9)))
        ground = np.asarray(frame.picture.getpixel((30, 18)))
        assert abs(square - (255, 0, 0)).max() < 40
        assert abs(ground - (0, 255, 0)).max() < 40


def test_a_recording_of_a_broadcast_lasts_as_long_as_what_shows_of_it() -> None:
    whole = pictures(*X264, "-g", "8", end="ts")
    third = len(whole) // 3 // 188 * 188
    product = normalised(whole[third:])
    frames = product.facts["frames"]
    assert 4 <= frames <= 12  # from a key frame on: there is one at 8, and at 16
    assert product.facts["duration_s"] == pytest.approx(frames / 10, abs=0.001)
    assert product.facts["rate_hz"] == 10


@pytest.mark.parametrize("codec", ["libvpx", "libvpx-vp9"])
def test_what_is_transparent_in_a_webm_shows_the_background(codec: str) -> None:
    source = "color=red@0.5:s=64x48:r=10:d=0.5,format=yuva420p"
    options = ("-c:v", codec, "-pix_fmt", "yuva420p", "-auto-alt-ref", "0")
    data = pictures(*options, source=source, end="webm")
    policy = replace(POLICY, background="#0000ff")
    product = normalised(data, policy)
    assert product.changes == ("codec", "pixel_format", "container")
    assert product.facts["frames"] == 5
    assert product.data is not None
    for clip in (data, product.data):
        (frame,) = even_frames(clip, 1, None, policy)
        seen = np.asarray(frame.picture.getpixel((30, 20)))
        assert abs(seen - (127, 0, 127)).max() < 12


def test_an_odd_side_grows_by_a_repeated_edge() -> None:
    source = pictures("-c:v", "ffv1", source="color=red:s=33x21:r=5:d=1,format=gbrp", end="mkv")
    product = normalised(source)
    assert product.data is not None
    picture = np.asarray(even_frames(product.data, 1)[0].picture, dtype=int)
    assert picture.shape == (22, 34, 3)
    assert np.abs(picture - (255, 0, 0)).max() < 8


def test_the_default_stream_is_chosen_whatever_its_size() -> None:
    clip = validate(two_clips(), POLICY)
    assert (clip.size, clip.video_index, clip.others) == ((64, 48), 0, 1)
    second = rewrapped(
        two_clips(), "-map", "0", "-disposition:v:0", "0", "-disposition:v:1", "default", end="mkv"
    )
    assert validate(second, POLICY).size == (128, 96)


def test_sound_is_kept_made_aac_or_left_out() -> None:
    kept = normalised(conforming())
    assert (kept.changes, kept.facts["channels"]) == ((), 1)
    dropped = normalised(conforming(), replace(POLICY, audio="drop"))
    assert dropped.changes == ("sound",)
    assert "channels" not in dropped.facts
    assert dropped.data is not None
    assert b"mp4a" not in dropped.data
    opus = normalised(CASES["opus"][0]())
    assert opus.data is not None
    clip = validate(opus.data, POLICY)
    assert (clip.audio_codec, clip.channels) == ("aac", 1)


def test_sound_that_begins_late_stays_with_its_pictures() -> None:
    late = made(
        *PICTURES, "-itsoffset", "0.5", *TONE, *X264, "-c:a", "libvorbis", "-t", "2", end="mkv"
    )
    product = normalised(late)
    assert product.data is not None
    assert tone_begins(product.data) == pytest.approx(0.5, abs=0.05)
    assert tone_begins(late) == pytest.approx(0.5, abs=0.05)


def test_a_longest_side_scales_down_only() -> None:
    small = normalised(silent(), replace(POLICY, max_side=32))
    assert (small.changes, small.facts["width"], small.facts["height"]) == (("size",), 32, 24)
    assert normalised(silent(), replace(POLICY, max_side=64)).data is None


def test_a_codec_may_be_kept_by_policy() -> None:
    data = CASES["hevc of 8 bits"][0]()
    assert normalised(data, replace(POLICY, keep_codecs=("h264", "hevc"))).changes == ()


def test_high_dynamic_range_can_be_refused() -> None:
    with pytest.raises(MediaError) as error:
        normalised(CASES["hdr"][0](), replace(POLICY, hdr="reject"))
    assert error.value.reason == "video_hdr"


def test_samples_that_an_edit_list_hides_stay_hidden() -> None:
    whole = pictures(*X264, "-g", "20", "-bf", "0")
    cut = made("-ss", "0.55", "-i", "before", "-c", "copy", end="mp4", before=whole)
    clip = validate(cut, POLICY)
    assert clip.frames < clip.declared == 20
    product = normalised(cut)
    assert "edit_list" in product.changes
    assert (product.facts["frames"], product.data is not None) == (clip.frames, True)


def test_frames_that_change_size_are_fitted_into_the_first() -> None:
    small = pictures(*X264, end="ts")
    large = pictures(*X264, source="testsrc2=s=128x64:r=10:d=1", end="ts")
    clip = validate(small + large, POLICY)
    assert (clip.size, clip.frames, clip.notes) == ((64, 48), 30, ("size_changes",))
    product = normalised(small + large)
    assert (product.facts["width"], product.facts["height"]) == (64, 48)
    assert (product.facts["frames"], product.facts["duration_s"]) == (30, pytest.approx(3))


def test_the_hash_lives_through_another_codec_and_tells_clips_apart() -> None:
    first = validate(silent(), POLICY).phash
    again = normalised(silent(), replace(POLICY, max_side=48)).facts["phash"]
    other = validate(pictures(*X264, source="mandelbrot=s=64x48:r=10,trim=end=2"), POLICY).phash
    assert len(first) == 48
    assert distance(first, again) <= 18
    assert distance(first, other) > 40


_AGAIN = """
import hashlib, sys
from transforms.media.settings import VideoPolicy
from transforms.media.video import normalise, validate
data = sys.stdin.buffer.read()
made = normalise(validate(data, VideoPolicy()), VideoPolicy()).data
print(hashlib.sha256(made).hexdigest())
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no way to choose processors")
def test_the_number_of_processors_changes_no_byte() -> None:
    source = ("testsrc2=s=160x120:r=10:d=2", "-c:v", "mpeg4", "-c:a", "libvorbis")
    data = made("-f", "lavfi", "-i", source[0], *TONE, *source[1:], end="mkv")

    def digest(processors: set[int] | None) -> bytes:
        return subprocess.run(
            [sys.executable, "-c", _AGAIN],
            input=data,
            stdout=subprocess.PIPE,
            check=True,
            cwd=Path(__file__).parents[3],
            preexec_fn=(lambda: os.sched_setaffinity(0, processors)) if processors else None,
        ).stdout

    one = min(os.sched_getaffinity(0))
    assert digest({one}) == digest(None)


def tone_begins(data: bytes) -> float:
    """Seconds until the sound of a clip is loud."""
    raw = made("-i", "before", "-vn", "-ac", "1", "-ar", "8000", "-c:a", "pcm_s16le",
               "-af", "aresample=async=1:first_pts=0", "-f", "s16le", end="raw",
               before=data)  # fmt: skip
    samples = np.abs(np.frombuffer(raw, np.int16))
    return float(np.argmax(samples > 500)) / 8000


def distance(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()
