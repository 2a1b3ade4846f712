"""Opening a clip: the container by its content, the stream by rule, nothing else ever read.

Which stream: of the video streams that are no attached picture, the first that is marked as the
default, else the first of all; the same among the streams of sound. FFmpeg's own choice (most
pixels) would show another clip than players do.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from transforms.media.errors import MediaError
from transforms.media.settings import VideoPolicy
from transforms.media.video.boxes import Boxes, boxes_of
from transforms.media.video.container import DEMUXERS, canvas_of_gif, container_of
from transforms.media.video.matroska import is_encrypted

#: Streams of one file, against files that declare thousands.
_MAX_STREAMS: Final = 64

#: Decoders for pictures with alpha in WebM, by codec: FFmpeg's own show them without it.
ALPHA_DECODERS: Final = {"vp8": "libvpx", "vp9": "libvpx-vp9"}

#: The sides of a pixel may differ by this factor at most; beyond it the number is a mistake.
_MAX_ASPECT: Final = 8


@dataclass(frozen=True)
class Source:
    """An open clip. `boxes` are those of an MP4 file; `others` counts streams that are not used.

    `decoder` is that of the pictures where it is not the stream's own.
    """

    container: Any
    name: str
    boxes: Boxes | None
    video: Any
    audio: Any | None
    others: int
    decoder: Any | None = None

    def frames_in(self, packet: Any) -> list[Any]:
        """The frames that a packet of pictures completes; an empty packet is the last."""
        if self.decoder is None:
            return list(packet.decode())
        return list(self.decoder.decode(packet if packet.size else None))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as coded, in pixels, as far as they are known before decoding."""
        return self.video.codec_context.width, self.video.codec_context.height


@contextmanager
def opened(data: bytes, policy: VideoPolicy) -> Iterator[Source]:
    """Open a clip, and close it at the end; whatever a library raises meanwhile has a reason.

    Raises:
        MediaError: `video_empty`, `video_too_large` (bytes, or pixels as the header says),
            `video_format` (not among those of the policy), `video_audio_only`,
            `video_encrypted`, `video_undecodable`, `video_memory`.
    """
    import av

    if len(data) > policy.max_bytes:
        raise MediaError(
            "video_too_large", f"{len(data):,} bytes, the limit is {policy.max_bytes:,}"
        )
    name = container_of(data)
    if name not in policy.formats:
        raise MediaError("video_format", f"{name} is not among {', '.join(policy.formats)}")
    if name == "gif":  # its canvas is allocated before FFmpeg tells how large it is
        check_pixels(canvas_of_gif(data), policy)
    boxes = boxes_of(data) if name == "mp4" else None
    if boxes is not None and boxes.is_encrypted:
        raise MediaError("video_encrypted", "its tracks are encrypted (CENC or the like)")
    options = {
        "max_streams": str(_MAX_STREAMS),
        "protocol_whitelist": "none",
        "max_pixels": str(policy.max_pixels),
    }
    try:
        with av.open(
            io.BytesIO(data), format=DEMUXERS[name], options=options, metadata_errors="ignore"
        ) as container:
            yield _source(container, name, boxes, policy)
    except MediaError:
        raise
    except MemoryError as error:  # a process that is short of it, or a size that no clip has
        raise out_of_memory() from error
    except (av.FFmpegError, OSError, ValueError, ArithmeticError, RuntimeError) as error:
        if DEMUXERS[name] == "matroska" and is_encrypted(data):
            raise MediaError("video_encrypted", "its tracks are encrypted") from None
        raise MediaError("video_undecodable", complaint(error)) from None
    except Exception as error:  # nothing that the library is known to raise
        raise MediaError("video_fault", f"a fault of the program: {complaint(error)}") from error


def out_of_memory() -> MediaError:
    """The refusal of a clip that asks for too much memory."""
    return MediaError("video_memory", "decoding takes more memory than is allowed")


def complaint(error: Exception) -> str:
    """An error of FFmpeg in words, without its numbers."""
    return f"{type(error).__name__}: {getattr(error, 'strerror', None) or error}"


def pixel_aspect(stream: Any) -> Fraction:
    """Width of a pixel by its height; 1 where nothing plausible is said."""
    said = stream.sample_aspect_ratio
    if not said or not Fraction(1, _MAX_ASPECT) <= said <= _MAX_ASPECT:
        return Fraction(1)
    return Fraction(said)


def displayed(size: tuple[int, int], aspect: Fraction) -> tuple[int, int]:
    """The size in square pixels: a side grows, none shrinks.

    A size that differs by one pixel at most is that of the frame: such ratios come from rounding.
    """
    width, height = size
    if aspect > 1:
        wide = round(width * aspect)
        return (wide, height) if wide - width > 1 else size
    high = round(height / aspect)
    return (width, high) if high - height > 1 else size


def check_pixels(size: tuple[int, int], policy: VideoPolicy) -> None:
    """Refuse frames of too many pixels.

    Raises:
        MediaError: `video_too_large`.
    """
    width, height = size
    if width * height > policy.max_pixels:
        raise MediaError(
            "video_too_large", f"{width} x {height} pixels, the limit is {policy.max_pixels:,}"
        )


def _source(container: Any, name: str, boxes: Boxes | None, policy: VideoPolicy) -> Source:
    from av.stream import Disposition

    still = Disposition.attached_pic | Disposition.timed_thumbnails
    shown = [stream for stream in container.streams.video if not stream.disposition & still]
    if not shown:
        if container.streams.video or container.streams.audio:
            raise MediaError("video_audio_only", f"{name} without moving pictures")
        raise MediaError("video_undecodable", f"{name} without pictures")
    video = _chosen(shown)
    if video.codec_context is None or video.codec_context.name is None:
        raise MediaError("video_undecodable", f"{name} with pictures in an unknown codec")
    video.thread_type = "NONE"
    video.codec_context.thread_count = 1
    # The decoder itself refuses a larger frame that comes later, before it takes the memory.
    video.codec_context.options = {
        "max_pixels": str(policy.max_pixels),
        **({"err_detect": "explode"} if policy.damage == "reject" else {}),
    }
    sounds = [stream for stream in container.streams.audio if stream.codec_context is not None]
    audio = _chosen(sounds) if sounds else None
    used = 1 if audio is None else 2
    others = len(container.streams) - used
    source = Source(container, name, boxes, video, audio, others, _alpha_decoder(video))
    check_pixels(source.size, policy)
    check_pixels(displayed(source.size, pixel_aspect(video)), policy)
    return source


def _alpha_decoder(video: Any) -> Any | None:
    """A decoder that knows alpha, for a stream of WebM that says it has it."""
    from av import CodecContext

    name = ALPHA_DECODERS.get(video.codec_context.codec.canonical_name)
    if name is None or video.metadata.get("alpha_mode") != "1":
        return None
    decoder: Any = CodecContext.create(name, "r")
    decoder.thread_count = 1
    decoder.options = video.codec_context.options
    return decoder


def _chosen(streams: list[Any]) -> Any:
    from av.stream import Disposition

    marked = (stream for stream in streams if stream.disposition & Disposition.default)
    return next(marked, streams[0])
