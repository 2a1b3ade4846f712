"""Clips: the modality's functions. Rules are in the modules beside this one.

A clip's container, streams and length are looked at in `source` and `decode`, whether
it may keep its bytes in `plan`; what is made of it otherwise, in `transcode`.

One departure from the protocol: a clip that does not conform is decoded a second time, by ffmpeg,
when it is made anew. Its frames are too large to be held for that.
"""

from __future__ import annotations

import io

from transforms.media.errors import MediaError
from transforms.media.judge_views import JudgeView
from transforms.media.modality import Facts, Picture, Product
from transforms.media.settings import VideoPolicy
from transforms.media.video.decode import Clip, decode_clip
from transforms.media.video.frames import even_frames
from transforms.media.video.plan import Plan, plan_of, shown_size, with_new_pictures
from transforms.media.video.source import Source, displayed, opened, pixel_aspect
from transforms.media.video.transcode import transcode
from transforms.media.video.turn import UPRIGHT, turn_of

#: A copy may be that much longer or shorter than its source, in seconds: clocks are rounded.
_COPY_SLACK = 0.1


def warm_up() -> None:
    """Import the libraries that decode."""
    import av  # noqa: F401
    import ffmpeg  # noqa: F401
    import imageio_ffmpeg  # noqa: F401
    import PIL.Image  # noqa: F401


def probe(data: bytes, policy: VideoPolicy) -> Facts:
    """What the header says: format, bytes, size as displayed, seconds, frames a second, frames.

    Fields that it does not state are left out. A turn is known before decoding in MP4 only.

    Raises:
        MediaError: as `opened`.
    """
    with opened(data, policy) as source:
        width, height = _header_size(source)
        video = source.video
        facts = {
            "format": source.name,
            "bytes": len(data),
            "width": width,
            "height": height,
            "duration_s": _header_seconds(source),
            "rate_hz": float(video.average_rate) if video.average_rate else None,
            "frames": video.frames or None,
            "channels": source.audio.codec_context.channels if source.audio else None,
        }
    return {name: value for name, value in facts.items() if value is not None}


def validate(data: bytes, policy: VideoPolicy) -> Clip:
    """One decode of every picture, and of the sound where the policy keeps it.

    Raises:
        MediaError: as `decode_clip`.
    """
    return decode_clip(data, policy)


def describe(clip: Clip, policy: VideoPolicy) -> Facts:  # noqa: ARG001
    """Facts of the source clip; its size as displayed, its sound's channels where it has any."""
    width, height = shown_size(clip)
    facts: Facts = {
        "format": clip.name,
        "bytes": len(clip.data),
        "width": width,
        "height": height,
        "duration_s": round(clip.duration_s, 6),
        "frames": clip.frames,
        "phash": clip.phash,
    }
    if clip.rate_hz:
        facts["rate_hz"] = round(clip.rate_hz, 6)
    if clip.channels is not None:
        facts["channels"] = clip.channels
    return facts


def normalise(clip: Clip, policy: VideoPolicy) -> Product:
    """The published clip. What is made anew is decoded once more, as a check and for its facts.

    Raises:
        MediaError: as `plan_of` and `transcode`; `video_product` where what was made does not
            conform, or has lost frames.
    """
    plan = plan_of(clip, policy)
    if not plan.changes:
        return Product(describe(clip, policy))
    if plan.copies_pictures:
        try:
            return _made(clip, plan, policy)
        except MediaError:  # an odd stream that MP4 can't hold as it is
            plan = with_new_pictures(plan)
    return _made(clip, plan, policy)


def render_for_judge(data: bytes, policy: VideoPolicy, view: JudgeView) -> list[Picture]:
    """Frames of a clip for a judge that sees pictures: JPEG, evenly spaced in time, with captions.

    Raises:
        MediaError: as `even_frames`.
    """
    pictures = []
    for frame in even_frames(data, view.frames, view.frame_side, policy):
        file = io.BytesIO()
        frame.picture.save(file, "JPEG", quality=view.jpeg_quality)
        pictures.append(Picture(file.getvalue(), f"frame at {frame.time_s:.1f} s"))
    return pictures


def _made(clip: Clip, plan: Plan, policy: VideoPolicy) -> Product:
    data = transcode(clip, plan, policy)
    made = decode_clip(data, policy)
    _check_made(clip, made, plan, policy)
    return Product(describe(made, policy), data, plan.changes)


def _check_made(clip: Clip, made: Clip, plan: Plan, policy: VideoPolicy) -> None:
    left = plan_of(made, policy).changes
    if left:
        raise MediaError("video_product", f"what was made still needs {', '.join(left)}")
    if made.size != plan.even_size:
        raise MediaError("video_product", f"what was made is of {made.size}, not {plan.even_size}")
    lost = clip.frames - made.frames
    if lost > policy.max_missing * clip.frames or (lost and plan.copies_pictures):
        raise MediaError("video_product", f"{made.frames} of {clip.frames} frames were made")
    slack = max(_COPY_SLACK, policy.max_missing * clip.duration_s)
    if abs(made.duration_s - clip.duration_s) > slack:
        raise MediaError(
            "video_product",
            f"what was made lasts {made.duration_s:.2f} seconds, not {clip.duration_s:.2f}",
        )


def _header_size(source: Source) -> tuple[int, int]:
    matrices = source.boxes.matrices if source.boxes else {}
    turn = turn_of(matrices.get(source.video.id)) or UPRIGHT
    return turn.of_size(*displayed(source.size, pixel_aspect(source.video)))


def _header_seconds(source: Source) -> float | None:
    if source.video.duration:
        return float(source.video.duration * source.video.time_base)
    if source.container.duration:
        return float(source.container.duration / 1_000_000)
    return None
