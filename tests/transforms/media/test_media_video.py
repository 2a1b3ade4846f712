"""Clips as the index of media sees them: their facts, and why one is refused."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from pipelines.sample_corpora.clips import clip, frames
from transforms.media.errors import MediaError
from transforms.media.modality import Facts
from transforms.media.settings import VideoPolicy
from transforms.media.video import describe, validate

CLIP = clip(np.random.default_rng(1), number=12, size=64, rate=6)


def gif() -> bytes:
    pictures = [Image.open(io.BytesIO(data)) for data in frames(np.random.default_rng(2), 4)]
    file = io.BytesIO()
    pictures[0].save(file, "GIF", save_all=True, append_images=pictures[1:], duration=100)
    return file.getvalue()


def facts_of(data: bytes) -> Facts:
    return describe(validate(data, VideoPolicy()), VideoPolicy())


def test_facts_of_a_clip() -> None:
    facts = facts_of(CLIP)
    assert len(facts.pop("phash")) == 48
    assert facts == {
        "format": "mp4",
        "bytes": len(CLIP),
        "width": 64,
        "height": 48,
        "frames": 12,
        "rate_hz": 6.0,
        "duration_s": 2.0,
    }


def test_a_moving_gif_is_a_clip() -> None:
    facts = facts_of(gif())
    assert (facts["format"], facts["frames"], facts["rate_hz"]) == ("gif", 4, 10.0)


@pytest.mark.parametrize(
    ("data", "policy", "reason"),
    [
        (CLIP[: len(CLIP) // 2], VideoPolicy(), "video_undecodable"),
        (CLIP[500:], VideoPolicy(), "video_undecodable"),
        (gif()[:-200], VideoPolicy(), "video_undecodable"),
        (b"", VideoPolicy(), "video_empty"),
        (b"<!doctype html><html>", VideoPolicy(), "video_undecodable"),
        (bytes(4_000), VideoPolicy(), "video_undecodable"),
        (gif(), VideoPolicy(formats=("mp4",)), "video_format"),
        (CLIP, VideoPolicy(max_bytes=1_000), "video_too_large"),
        (CLIP, VideoPolicy(max_pixels=64 * 47), "video_too_large"),
        (CLIP, VideoPolicy(max_frames=11), "video_too_large"),
        (CLIP, VideoPolicy(max_seconds=1.5), "video_too_large"),
    ],
)
def test_a_clip_that_cannot_be_used_is_refused(
    data: bytes, policy: VideoPolicy, reason: str
) -> None:
    with pytest.raises(MediaError) as error:
        validate(data, policy)
    assert error.value.reason == reason


def test_what_stands_in_a_clips_place_is_named() -> None:
    with pytest.raises(MediaError, match="not a clip but html page"):
        validate(b"<!doctype html><html>", VideoPolicy())


def test_a_clip_whose_middle_is_lost_is_refused() -> None:
    broken = bytearray(CLIP)
    middle = slice(len(CLIP) // 4, len(CLIP) // 2)
    broken[middle] = bytes(middle.stop - middle.start)
    with pytest.raises(MediaError) as error:
        validate(bytes(broken), VideoPolicy())
    assert error.value.reason == "video_undecodable"
