"""Clips: one decode of every frame shows that they are what they seem."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any, Final

from transforms.media.errors import MediaError, found_instead
from transforms.media.settings import VideoPolicy

#: FFmpeg's names of containers, and ours.
_FORMATS: Final = {
    "mov,mp4,m4a,3gp,3g2,mj2": "mp4",
    "matroska,webm": "webm",
    "avi": "avi",
    "gif": "gif",
    "mpegts": "ts",
    "flv": "flv",
    "mpeg": "mpg",
}

_GIF_TRAILER: Final = b";"


def inspect_video(data: bytes, policy: VideoPolicy) -> dict[str, Any]:
    """Facts about a clip (fields of `schemas.media.INFO_STRUCT`; pixels, seconds, frames a second).

    Raises:
        MediaError: `video_too_large` for bytes, pixels, seconds or frames beyond the policy,
            `video_undecodable` for bytes that don't decode to the end, `video_format` for a
            container outside the policy.
    """
    import av

    if len(data) > policy.max_bytes:
        raise MediaError(
            "video_too_large", f"{len(data):,} bytes, the limit is {policy.max_bytes:,}"
        )
    try:
        with av.open(io.BytesIO(data), metadata_errors="ignore") as clip:
            return _facts(clip, data, policy)
    except MediaError:
        raise
    except (av.FFmpegError, ValueError, OverflowError) as error:
        raise MediaError("video_undecodable", _complaint(data, error)) from None


def _facts(clip: Any, data: bytes, policy: VideoPolicy) -> dict[str, Any]:
    name = _FORMATS.get(clip.format.name, clip.format.name)
    if name not in policy.formats:
        raise MediaError("video_format", f"{name} is not among {policy.formats}")
    if not clip.streams.video:
        raise MediaError("video_undecodable", f"{name} without pictures")
    stream = clip.streams.video[0]
    stream.thread_type = "NONE"
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > policy.max_pixels:
        raise MediaError(
            "video_too_large", f"{width} x {height} pixels, the limit is {policy.max_pixels:,}"
        )
    frames, last = 0, 0.0
    for frame in clip.decode(stream):
        frames += 1
        last = max(last, float(frame.time or 0))
        if frames > policy.max_frames or last > policy.max_seconds:
            raise MediaError(
                "video_too_large",
                f"more than {policy.max_frames:,} frames or {policy.max_seconds:,} seconds",
            )
    if frames == 0:
        raise MediaError("video_undecodable", "no frame decodes")
    if frames < stream.frames:
        raise MediaError(
            "video_undecodable", f"cut short: {frames} of {stream.frames} frames decode"
        )
    if name == "gif" and not data.rstrip(b"\0").endswith(_GIF_TRAILER):
        raise MediaError("video_undecodable", "cut short: the trailer of the GIF is missing")
    rate = _rate(stream)
    return {
        "format": name,
        "bytes": len(data),
        "width": width,
        "height": height,
        "frames": frames,
        "rate_hz": rate,
        "duration_s": _duration(stream, last, rate),
    }


def _rate(stream: Any) -> float | None:
    rate: Fraction | None = stream.average_rate or stream.guessed_rate
    return float(rate) if rate else None


def _duration(stream: Any, last: float, rate: float | None) -> float | None:
    """The stream's own word where it is plausible, else the time at which its last frame ends."""
    shown = last + (1 / rate if rate else 0)
    if stream.duration and stream.time_base:
        stated = float(stream.duration * stream.time_base)
        if abs(stated - shown) <= 0.5:
            return stated
    return shown or None


def _complaint(data: bytes, error: Exception) -> str:
    found = found_instead(data)
    if found is not None:
        return f"not a clip but {found}"
    return f"{type(error).__name__}: {getattr(error, 'strerror', None) or error}"
