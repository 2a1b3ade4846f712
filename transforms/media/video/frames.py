"""Frames of a clip as pictures, and a clip of pictures."""

from __future__ import annotations

import io
import subprocess
import tempfile
import threading
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from transforms.media.errors import MediaError
from transforms.media.image.turn import orientation_of, upright
from transforms.media.settings import PATIENCE, VideoPolicy
from transforms.media.video.decode import frames_of
from transforms.media.video.ffmpeg import command_of, failure, mp4_output, too_slow
from transforms.media.video.picture import picture_of, turn_in
from transforms.media.video.source import (
    check_pixels,
    displayed,
    opened,
    out_of_memory,
    pixel_aspect,
)
from transforms.media.video.transcode import BT709, SCALER, planar_filters, x264_options
from transforms.media.video.turn import UPRIGHT

if TYPE_CHECKING:
    from PIL.Image import Image

#: Formats of the pictures that a clip is made of, as Pillow names them.
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "BMP")

#: Two times in seconds that are nearer to each other are the same: clocks are rounded.
_TICK: Final = 1e-6


@dataclass(frozen=True)
class Frame:
    """A frame: seconds since the first one, and what it shows in RGB."""

    time_s: float
    picture: Image


def even_frames(
    data: bytes, number: int, side: int | None = None, policy: VideoPolicy | None = None
) -> list[Frame]:
    """Frames evenly spaced in time, the first and the last among them; fewer if there are fewer.

    `side` is the longer one at most, in pixels. They are upright and in square pixels. Of one frame
    alone, the first is meant.

    Raises:
        MediaError: `data` is no clip that can be decoded to its end.
        ValueError: `number` is below 1.
    """
    if number < 1:
        raise ValueError(f"{number} frames were asked for")
    policy = policy or VideoPolicy()
    times = _times(data, policy)
    return [
        Frame(round(time - times[0], 6), picture)
        for time, picture in _shown(data, policy, _nearest(times, number), side)
    ]


def frames_as_files(
    data: bytes,
    policy: VideoPolicy,
    form: Literal["jpeg", "png"] = "jpeg",
    *,
    side: int | None = None,
    quality: int = 95,
) -> Iterator[bytes]:
    """All frames of a clip as files of pictures, one after the other: for exports as frames.

    Raises:
        MediaError: as `even_frames`.
    """
    for _, picture in _shown(data, policy, None, side):
        file = io.BytesIO()
        picture.save(file, form.upper(), **({"quality": quality} if form == "jpeg" else {}))
        yield file.getvalue()


def clip_of_frames(frames: Sequence[bytes], fps: float, policy: VideoPolicy) -> bytes:
    """A clip in the normal form of pictures that follow each other at `fps` frames a second.

    The same pictures, rate and policy give the same bytes.

    Raises:
        MediaError: `video_empty` for no pictures, `video_undecodable` for one that is none or has
            another size than the first, `video_too_large`, `video_too_slow`.
        ValueError: `fps` is not above 0.
    """
    if not fps > 0:
        raise ValueError(f"fps is {fps}: it must be above 0")
    if not frames:
        raise MediaError("video_empty", "no frames to make a clip of")
    if len(frames) > policy.max_frames or len(frames) / fps > policy.max_seconds:
        raise MediaError(
            "video_too_large",
            f"{len(frames):,} frames or {len(frames) / fps:,.1f} seconds, the limits are "
            f"{policy.max_frames:,} and {policy.max_seconds:,}",
        )
    size = _opened_picture(frames[0], 0, policy).size
    with tempfile.TemporaryDirectory(prefix="clip-") as name:
        made = Path(name) / "made.mp4"
        _feed(_encoder(size, fps, made, policy), frames, size, Path(name), policy)
        return made.read_bytes()


def _times(data: bytes, policy: VideoPolicy) -> list[float]:
    """Times of all frames in order: from the packets, or by a decode where they don't say."""
    with opened(data, policy) as source:
        packets = [packet for packet in source.container.demux(source.video) if packet.size]
        stamped = [packet.pts for packet in packets if not packet.is_discard]
        if source.name == "mp4" and stamped and None not in stamped:
            return sorted(float(pts * source.video.time_base) for pts in stamped)
    with opened(data, policy) as source:
        times = sorted(time for time, _ in frames_of(source))
    if not times:
        raise MediaError("video_undecodable", "no frame decodes")
    return times


def _nearest(times: list[float], number: int) -> list[float]:
    """Of sorted times those nearest to evenly spaced ones, each once."""
    if number == 1:
        return times[:1]
    if len(times) <= number:
        return list(dict.fromkeys(times))
    step = (times[-1] - times[0]) / (number - 1)
    wanted: dict[float, None] = {}
    for place in range(number):
        target, at = times[0] + place * step, bisect_left(times, times[0] + place * step)
        around = times[max(0, at - 1) : at + 1]
        wanted[min(around, key=lambda time: (abs(time - target), time))] = None
    return sorted(wanted)


def _shown(
    data: bytes, policy: VideoPolicy, wanted: list[float] | None, side: int | None
) -> Iterator[tuple[float, Image]]:
    """Frames as they are seen: the first at or after each of the wanted times, or all."""
    remaining = None if wanted is None else deque(wanted)
    with opened(data, policy) as source:
        aspect = pixel_aspect(source.video)
        last = None
        for number, (time, frame) in enumerate(frames_of(source)):
            if number >= policy.max_frames:
                raise MediaError("video_too_large", f"more than {policy.max_frames:,} frames")
            last = (time, frame)
            if remaining is not None:
                if not remaining or time < remaining[0] - _TICK:
                    continue
                while remaining and remaining[0] <= time + _TICK:
                    remaining.popleft()
            last = None
            yield time, _seen(frame, aspect, side, policy)
        if remaining and last is not None:
            yield last[0], _seen(last[1], aspect, side, policy)


def _seen(frame: Any, aspect: Fraction, side: int | None, policy: VideoPolicy) -> Image:
    from PIL.Image import Resampling

    turn = turn_in(frame) or UPRIGHT
    picture = picture_of(frame, turn, policy.background)
    width, height = turn.of_size(*displayed((frame.width, frame.height), aspect))
    if side is not None and max(width, height) > side:
        scale = side / max(width, height)
        width, height = max(1, round(width * scale)), max(1, round(height * scale))
    if picture.size == (width, height):
        return picture
    return picture.resize((width, height), Resampling.LANCZOS)


def _encoder(size: tuple[int, int], fps: float, made: Path, policy: VideoPolicy) -> list[str]:
    import ffmpeg

    rate = Fraction(fps).limit_denominator(1001)
    raw = ffmpeg.input(
        "pipe:0",
        f="rawvideo",
        pix_fmt="rgb24",
        s=f"{size[0]}x{size[1]}",
        framerate=f"{rate.numerator}/{rate.denominator}",
        protocol_whitelist="pipe",
    )
    scale = f"scale=flags={SCALER}:out_range=tv:out_color_matrix=bt709"
    filters = [scale, *planar_filters(size), BT709, "setsar=1"]
    options = x264_options(policy) | {"vf": ",".join(filters)}
    return command_of(mp4_output([raw], made, options), policy)


def _feed(
    command: list[str],
    frames: Sequence[bytes],
    size: tuple[int, int],
    folder: Path,
    policy: VideoPolicy,
) -> None:
    """Run the encoder on pictures, one in memory at a time, and end it when its time is over."""
    with (folder / "said").open("w+b") as said:
        process = subprocess.Popen(  # noqa: S603 (a fixed program, arguments without a shell)
            command,
            cwd=folder,
            env={},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        ended = threading.Timer(PATIENCE * policy.max_encode_seconds, process.kill)
        ended.start()
        try:
            assert process.stdin is not None
            with suppress(BrokenPipeError), process.stdin as pipe:
                for number, data in enumerate(frames):
                    pipe.write(_pixels(data, number, size, policy))
            process.wait()
        finally:
            is_late = not ended.is_alive()
            ended.cancel()
            ended.join()
            process.kill()
            process.wait()
        if is_late:
            raise too_slow(policy)
        if process.returncode:
            said.seek(0)
            raise failure(process.returncode, said.read())


def _pixels(data: bytes, number: int, size: tuple[int, int], policy: VideoPolicy) -> bytes:
    picture = _opened_picture(data, number, policy)
    if picture.size != size:
        raise MediaError(
            "video_undecodable",
            f"frame {number} is of {picture.width} x {picture.height} pixels, the first one of "
            f"{size[0]} x {size[1]}",
        )
    return picture.tobytes()


def _opened_picture(data: bytes, number: int, policy: VideoPolicy) -> Image:
    """A picture in RGB, upright, on the policy's background."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as opened_picture:
            check_pixels(opened_picture.size, policy)
            opened_picture.load()
            picture = upright(opened_picture, orientation_of(opened_picture))
            if picture.has_transparency_data:
                ground = Image.new("RGBA", picture.size, policy.background)
                return Image.alpha_composite(ground, picture.convert("RGBA")).convert("RGB")
            return picture.convert("RGB")
    except MediaError:
        raise
    except MemoryError as error:
        raise out_of_memory() from error
    except Exception as error:
        raise MediaError(
            "video_undecodable", f"frame {number} is no picture: {type(error).__name__}"
        ) from None
