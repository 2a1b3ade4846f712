"""Clips that can't be used: each is refused with its reason, before it does harm."""

from __future__ import annotations

import signal
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.transforms.media.video_cases import (
    FAST,
    TONE,
    X264,
    conforming,
    made,
    pictures,
    rewrapped,
    silent,
)
from transforms.media.errors import MediaError, PassingError
from transforms.media.settings import VideoPolicy
from transforms.media.video import describe, ffmpeg, normalise, probe, validate

POLICY = VideoPolicy()


def refusal(data: bytes, policy: VideoPolicy = POLICY) -> MediaError:
    with pytest.raises(MediaError) as error:
        normalise(validate(data, policy), policy)
    return error.value


def encrypted() -> bytes:
    return rewrapped(
        conforming(),
        *("-encryption_scheme", "cenc-aes-ctr"),
        *("-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb"),
        *("-encryption_kid", "a7e61c373e219033c21091fa607bf3b8"),
    )


def covered_sound() -> bytes:
    return made(
        *("-f", "lavfi", "-i", "color=red:s=16x16:d=1:r=1", *TONE, "-map", "1", "-map", "0"),
        *("-c:a", "aac", "-c:v", "mjpeg", "-disposition:v:0", "attached_pic"),
    )


def huge_gif() -> bytes:
    """A canvas of 20,000 x 20,000 pixels in 35 bytes, with a frame that fills it."""
    screen = b"GIF89a" + struct.pack("<HH", 20_000, 20_000) + b"\x80\0\0" + b"\0\0\0\xff\xff\xff"
    frame = b"\x2c" + struct.pack("<HHHH", 0, 0, 20_000, 20_000) + b"\0\x02\x02\x44\x01\x00"
    return screen + frame + b";"


CASES: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "nothing": (lambda: b"", "video_empty", "no bytes"),
    "web page": (lambda: b"<!doctype html><html>", "video_undecodable", "but html page"),
    "pointer": (
        lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
        "video_undecodable",
        "git-lfs pointer",
    ),
    "playlist": (
        lambda: b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
        "video_undecodable",
        "but text",
    ),
    "list of files": (
        lambda: b"ffconcat version 1.0\nfile /etc/passwd\n",
        "video_undecodable",
        "but text",
    ),
    "picture": (lambda: pictures("-frames:v", "1", end="png"), "video_format", "but png"),
    "zeros": (lambda: bytes(4_000), "video_undecodable", "no known container"),
    "head alone": (lambda: conforming()[:32], "video_undecodable", ""),
    "sound alone": (lambda: made(*TONE, "-c:a", "aac"), "video_audio_only", "mp4 without"),
    "sound with a cover": (covered_sound, "video_audio_only", "mp4 without"),
    "encrypted": (encrypted, "video_encrypted", "encrypted"),
    "huge frame": (
        lambda: pictures(*X264, "-frames:v", "1", source="color=red:s=4096x3000"),
        "video_too_large",
        "4096 x 3000 pixels, the limit is 9,000,000",
    ),
    "huge once square": (
        lambda: pictures(*X264, "-vf", "setsar=4", source="color=red:s=1600x1500:d=0.1"),
        "video_too_large",
        "6400 x 1500 pixels",
    ),
    "huge gif": (huge_gif, "video_too_large", "20000 x 20000 pixels"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_no_clip_is_refused(name: str) -> None:
    clip, reason, message = CASES[name]
    error = refusal(clip())
    assert error.reason == reason
    assert message in error.message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_bytes": 1_000}, "bytes, the limit is 1,000"),
        ({"max_pixels": 64 * 47}, "64 x 48 pixels, the limit is 3,008"),
        ({"max_frames": 19}, "more than 19 frames"),
        ({"max_seconds": 1.5}, "longer than 1.5 seconds"),
    ],
)
def test_limits(changes: dict[str, Any], message: str) -> None:
    error = refusal(silent(), replace(POLICY, **changes))
    assert error.reason == "video_too_large"
    assert message in error.message


def test_a_larger_frame_that_comes_later_is_refused() -> None:
    small = pictures(*X264, end="ts")
    large = pictures(*X264, source="testsrc2=s=128x96:r=10:d=1", end="ts")
    error = refusal(small + large, replace(POLICY, max_pixels=64 * 48))
    assert error.reason in ("video_too_large", "video_undecodable")


def test_a_container_outside_the_policy_is_refused() -> None:
    error = refusal(pictures(*X264, end="mkv"), replace(POLICY, formats=("mp4", "gif")))
    assert (error.reason, error.message) == ("video_format", "mkv is not among mp4, gif")


def test_an_encoder_that_takes_too_long_is_ended() -> None:
    data = pictures("-c:v", "mpeg4", end="avi")
    error = refusal(data, replace(POLICY, max_encode_seconds=0.001))
    assert (error.reason, error.message) == (
        "video_too_slow",
        "encoding takes more than 0.001 seconds",
    )
    assert isinstance(error, PassingError)  # by the clock: another time it may be quicker


@pytest.mark.parametrize(
    ("status", "used", "reason", "passing"),
    [
        (-signal.SIGKILL, 0.0, "video_crashed", True),
        (-signal.SIGTERM, 0.0, "video_crashed", True),
        (-signal.SIGKILL, 3.0, "video_too_slow", False),  # by the limit of its processor time
        (255, 3.0, "video_too_slow", False),
        (-signal.SIGSEGV, 0.0, "video_undecodable", False),
        (1, 0.0, "video_undecodable", False),
    ],
)
def test_how_the_encoder_ended_tells_whose_fault_it_is(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    status: int,
    used: float,
    reason: str,
    passing: bool,
) -> None:
    times = iter([10.0, 10.0 + used])
    monkeypatch.setattr(ffmpeg, "_children_seconds", lambda: next(times))
    end = f"exit {status}" if status > 0 else f"kill -{-status} $$"
    with pytest.raises(MediaError) as error:
        ffmpeg.run(["/bin/sh", "-c", end], tmp_path, VideoPolicy(max_encode_seconds=1.0))
    assert (error.value.reason, isinstance(error.value, PassingError)) == (reason, passing)


#: Containers that state what there should be: no cut passes.
TELLING = {
    "mp4": lambda: pictures(*X264, *FAST),
    "mp4, index last": lambda: pictures(*X264),
    "fragmented": lambda: pictures(*X264, "-g", "5", "-movflags", "frag_keyframe+empty_moov"),
    "mov with sound": lambda: rewrapped(conforming(), end="mov"),
    "mkv": lambda: pictures(*X264, end="mkv"),
    "webm": lambda: pictures("-c:v", "libvpx", end="webm"),
    "avi": lambda: pictures("-c:v", "mpeg4", end="avi"),
    "flv": lambda: pictures("-c:v", "flv", end="flv"),
    "gif": lambda: pictures(end="gif"),
    "ogg": lambda: pictures("-c:v", "libtheora", end="ogv"),
}


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("name", TELLING)
def test_a_cut_clip_is_refused(name: str, share: float) -> None:
    data = TELLING[name]()
    error = refusal(data[: int(len(data) * share)])
    assert error.reason == "video_undecodable"


@pytest.mark.parametrize(
    "behind", [b"\0\0", b"\n", b";\xff", b"<!-- served by a cache -->", b"\1" * 999]
)
def test_what_lies_behind_the_trailer_of_a_gif_is_no_matter(behind: bytes) -> None:
    data = pictures(end="gif")
    assert data.endswith(b";")
    frames = validate(data, POLICY).frames
    assert validate(data + behind, POLICY).frames == frames
    assert refusal(data[:-1]).message.startswith("cut short")
    assert refusal(data[:-1] + behind.replace(b";", b"")).message.startswith("cut short")


def test_damage_that_decoders_conceal_is_refused_unless_the_policy_lets_it_pass() -> None:
    data = bytearray(conforming())
    start = data.index(b"mdat")
    for at in range(start + 1_500, start + 1_520):
        data[at] ^= 0xFF
    assert refusal(bytes(data)).reason == "video_undecodable"
    tolerant = replace(POLICY, damage="conceal", audio="drop")
    assert validate(bytes(data), tolerant).frames == 20


def test_sound_that_does_not_decode_is_refused_unless_it_is_dropped() -> None:
    data = bytearray(made("-i", "before", "-c:v", "copy", "-c:a", "libvorbis", end="mkv",
                          before=conforming()))  # fmt: skip
    at = data.index(b"\x05vorbis")
    data[at : at + 7] = bytes(7)
    with pytest.raises(MediaError, match="sound") as error:
        validate(bytes(data), POLICY)
    assert error.value.reason == "video_undecodable"
    assert validate(bytes(data), replace(POLICY, audio="drop")).frames == 20


def test_a_probe_refuses_what_a_header_shows() -> None:
    with pytest.raises(MediaError, match="limit"):
        probe(silent(), replace(POLICY, max_pixels=100))
    assert probe(conforming(), POLICY) == {
        "format": "mp4",
        "bytes": len(conforming()),
        "width": 64,
        "height": 48,
        "duration_s": 2.0,
        "rate_hz": 10.0,
        "frames": 20,
        "channels": 1,
    }


def test_the_content_decides_whatever_a_name_would_say() -> None:
    for data, name in (
        (pictures(*X264, end="mkv"), "mkv"),
        (pictures("-c:v", "libvpx", end="webm"), "webm"),
    ):
        assert describe(validate(data, POLICY), POLICY)["format"] == name


@pytest.mark.parametrize(
    "wrong",
    [
        {"crf": 52},
        {"threads": 0},
        {"max_side": 8},
        {"max_bytes": 0},
        {"max_missing": 1.0},
        {"max_encode_seconds": 0},
        {"preset": "best"},
        {"background": "white"},
        {"hdr": "keep"},
        {"damage": "mend"},
        {"formats": ("webm",)},
        {"formats": ("mp4", "hls")},
        {"keep": ()},
        {"keep_codecs": ("vp9",)},
    ],
)
def test_a_policy_that_no_encoder_would_take_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        VideoPolicy(**wrong)
