"""The one decode of a clip: every picture, and its sound, to the last packet.

What counts as cut or damaged (`video_undecodable`):

- FFmpeg complains about a packet of pictures, or about the container. By default that includes
  damage which decoders conceal (`damage: conceal` lets it pass, as players do);
- the content goes on beyond the end of the file (MP4, AVI: by their index; Matroska, AVI, FLV,
  Ogg: by their structure), or a GIF has no trailer;
- the sample table of an MP4 promises more frames than are shown, beyond `max_missing` of them;
  those that its edit list leaves out are no loss, and two fields of H.264 are one frame;
- the last picture ends earlier than the stated length says, by more than `max_missing` of it, half
  a second, and one and a half frames. The length of the pictures counts where it is stated, else
  that of the file, which sound may fill as well. MPEG and Ogg state none;
- more than `max_missing` of the packets of sound don't decode (players pass over a few in silence).

A rate is never held against a clip: screen recordings state 30 frames a second and store a frame
only when something moves. Such a clip is whole if its last picture ends when it should.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

from transforms.media.errors import MediaError
from transforms.media.settings import VideoPolicy
from transforms.media.video.boxes import Boxes
from transforms.media.video.container import is_cut
from transforms.media.video.fields import FieldReader
from transforms.media.video.hash import Thumbnails
from transforms.media.video.picture import has_alpha, thumbnail, turn_in
from transforms.media.video.source import Source, check_pixels, opened, pixel_aspect
from transforms.media.video.turn import UPRIGHT, Turn

#: Containers that state a length, which can be held against what is there.
_STATES_LENGTH: Final = ("mp4", "webm", "mkv", "avi", "flv", "wmv")

#: Containers whose length is FFmpeg's own guess, by their packets, whether or not they decode.
_ESTIMATED: Final = ("ts", "mpg")

_SLACK_SECONDS: Final = 0.5

#: A time that is further back than this begins a new part.
_BACK_SECONDS: Final = 0.5
_SLACK_FRAMES: Final = 1.5

#: Transfer functions of high dynamic range: PQ (SMPTE ST 2084) and HLG (ARIB STD-B67).
_HDR: Final = (16, 18)

#: A frame shown longer or shorter than the usual one by this share makes the rate a variable one.
_RATE_SLACK: Final = 0.02

#: A stated rate is believed if it is that near to the frames by the seconds.
_RATE_NEAR: Final = 0.01


@dataclass
class Clip:
    """What a decode found. Seconds, pixels, frames a second; indices are those of the streams.

    `size` is as coded, `declared` the frames that the container counts (0: it doesn't). `notes` are
    what a person may want to know and no field says:
    ``interlaced``, ``hdr``, ``variable_rate``, ``odd_angle`` (a turn that is not applied),
    ``size_changes``.
    """

    data: bytes = field(repr=False)
    name: str
    boxes: Boxes | None
    codec: str
    pixel_format: str
    size: tuple[int, int]
    aspect: Fraction
    turn: Turn
    has_alpha: bool
    frames: int
    declared: int
    duration_s: float
    rate_hz: float | None
    video_index: int
    audio_index: int | None
    audio_codec: str | None
    channels: int | None
    others: int
    colours: tuple[int, int, int]
    phash: str
    notes: tuple[str, ...]


@dataclass
class _Seen:
    """What is gathered while a clip is decoded. Seconds: `times` of the frames, the last one's
    time, and `end` when it goes."""

    clock: _Clock
    is_transport: bool
    decode: Callable[[Any], list[Any]]
    reader: FieldReader | None = None
    times: list[float] = field(default_factory=list)
    last: float = -math.inf
    end: float = -math.inf
    sound_end: float | None = None
    hidden: int = 0
    fields: int = 0
    packets: int = 0
    damaged: int = 0
    first_key: int | None = None
    sound_packets: int = 0
    sound_damaged: int = 0
    channels: int | None = None
    first: Any = None
    formats: set[str] = field(default_factory=set)
    sizes: set[tuple[int, int]] = field(default_factory=set)
    is_interlaced: bool = False
    thumbnails: Thumbnails = field(default_factory=Thumbnails)


def decode_clip(data: bytes, policy: VideoPolicy) -> Clip:
    """Decode a whole clip.

    Raises:
        MediaError: as `opened`; `video_undecodable` as the module says; `video_too_large` for
            frames, seconds or pixels beyond the policy, met on the way.
    """
    with opened(data, policy) as source:
        if is_cut(data, source.name):
            raise MediaError(
                "video_undecodable",
                f"cut short: the {source.name} goes on beyond the end of the file",
            )
        _check_index(source, data)
        seen = _decoded(source, policy)
        _check_whole(source, seen, policy)
        return _clip(source, seen, data)


def frames_of(source: Source) -> Iterator[tuple[float, Any]]:
    """The frames of an open clip and their times in seconds, in order of display."""
    clock = _Clock(source)
    for packet in source.container.demux(source.video):
        for frame in source.frames_in(packet):
            yield clock.time(frame), frame


class _Clock:
    """Times of frames, which come in order of display.

    A frame without a time follows the last one by a step of the stated rate (25 a second where none
    is). So does the first of a part whose times begin anew, as in transport streams laid end to
    end; the part keeps that shift.
    """

    def __init__(self, source: Source) -> None:
        self.step = 1 / float(source.video.average_rate or source.video.guessed_rate or 25)
        self._last: float | None = None
        self._shift = 0.0

    def time(self, frame: Any) -> float:
        """The time of the next frame, in seconds."""
        following = 0.0 if self._last is None else self._last + self.step
        time = following if frame.time is None else float(frame.time) + self._shift
        if self._last is not None and time < self._last - _BACK_SECONDS:
            self._shift += following - time
            time = following
        self._last = time
        return time


def _check_index(source: Source, data: bytes) -> None:
    if source.name not in ("mp4", "avi"):
        return
    for stream in filter(None, (source.video, source.audio)):
        for entry in stream.index_entries:
            if entry.pos >= 0 and entry.pos + entry.size > len(data):
                raise MediaError(
                    "video_undecodable",
                    f"cut short: {len(data):,} bytes, its index reaches beyond "
                    f"{entry.pos + entry.size:,}",
                )


def _decoded(source: Source, policy: VideoPolicy) -> _Seen:
    streams = [source.video]
    if source.audio is not None and policy.audio == "keep":
        source.audio.thread_type = "NONE"
        streams.append(source.audio)
    is_transport = source.name == "ts"
    seen = _Seen(_Clock(source), is_transport, source.frames_in, _field_reader(source))
    for packet in source.container.demux(streams):
        if packet.stream.index == source.video.index:
            _see_pictures(packet, seen, policy)
        else:
            _see_sound(packet, seen)
    return seen


def _field_reader(source: Source) -> FieldReader | None:
    """Who counts single fields among the samples of an MP4; None where there can't be any."""
    codec = source.video.codec_context
    if source.name != "mp4" or codec.name != "h264":
        return None
    reader = FieldReader(codec.extradata or b"")
    return reader if reader.may_have_fields else None


def _see_pictures(packet: Any, seen: _Seen, policy: VideoPolicy) -> None:
    if packet.size:
        seen.packets += 1
        seen.hidden += packet.is_discard
        if seen.reader is not None and not packet.is_discard:
            seen.fields += seen.reader.is_field(bytes(packet))
        # In a transport stream the mark means that packets may be missing: so it is where two were
        # laid end to end. The decoder tells.
        seen.damaged += packet.is_corrupt and not seen.is_transport
    for frame in _frames(packet, seen):
        time = seen.clock.time(frame)
        if seen.first is None:
            seen.first = frame
        size = (frame.width, frame.height)
        if size not in seen.sizes:
            check_pixels(size, policy)
            seen.sizes.add(size)
        seen.formats.add(frame.format.name)
        seen.is_interlaced |= bool(frame.interlaced_frame)
        seen.damaged += frame.is_corrupt
        if seen.thumbnails.wants(len(seen.times)):
            turn = turn_in(frame) or UPRIGHT
            seen.thumbnails.add(thumbnail(frame, turn, policy.background))
        seen.times.append(time)
        if time >= seen.last:
            lasts = float(frame.duration * frame.time_base) if frame.duration else 0.0
            seen.last, seen.end = time, time + (lasts or seen.clock.step)
        if len(seen.times) > policy.max_frames:
            raise MediaError("video_too_large", f"more than {policy.max_frames:,} frames")
        if seen.end - seen.times[0] > policy.max_seconds:
            raise MediaError("video_too_large", f"longer than {policy.max_seconds:,} seconds")


def _frames(packet: Any, seen: _Seen) -> list[Any]:
    """Frames of a packet. One to be shown before the first key frame may fail: it needs frames that
    were cut off before the clip begins, and players don't show it.
    """
    import av

    if packet.is_keyframe and seen.first_key is None:
        seen.first_key = packet.pts
    try:
        frames = seen.decode(packet)
    except av.FFmpegError:
        is_leading = packet.pts is not None and (
            seen.first_key is None or packet.pts < seen.first_key
        )
        if not is_leading:
            raise
        seen.hidden += 1
        return []
    return frames


def _see_sound(packet: Any, seen: _Seen) -> None:
    import av

    seen.sound_packets += bool(packet.size)
    try:
        for frame in packet.decode():
            seen.channels = frame.layout.nb_channels
            if frame.time is not None:
                end = float(frame.time) + frame.samples / frame.sample_rate
                seen.sound_end = max(seen.sound_end or 0.0, end)
    except (av.FFmpegError, ValueError):
        seen.sound_damaged += 1


def _check_whole(source: Source, seen: _Seen, policy: VideoPolicy) -> None:
    if seen.first is None:
        raise MediaError("video_undecodable", "no frame decodes")
    frames, share = len(seen.times), policy.max_missing
    if policy.damage == "reject" and seen.damaged > share * seen.packets:
        raise MediaError(
            "video_undecodable", f"{seen.damaged} of {seen.packets} packets of pictures are damaged"
        )
    if seen.sound_damaged > share * seen.sound_packets:
        raise MediaError(
            "video_undecodable",
            f"{seen.sound_damaged} of {seen.sound_packets} packets of sound don't decode",
        )
    if source.name == "mp4":
        declared = len(source.video.index_entries) or source.video.frames
        expected = declared - seen.hidden - seen.fields // 2
        if expected - frames > share * declared:
            raise MediaError(
                "video_undecodable", f"cut short: {frames} of {expected} frames decode"
            )
    if source.name in _STATES_LENGTH:
        _check_length(source, seen, share)


def _check_length(source: Source, seen: _Seen, share: float) -> None:
    video = source.video
    rate = float(video.average_rate or 0)
    if video.duration:
        stated = float(video.duration * video.time_base)
        start, end = seen.times[0], seen.end
        if video.start_time is not None:
            start = min(start, float(video.start_time * video.time_base))
    elif source.container.duration:
        stated = source.container.duration / 1_000_000
        start = min(seen.times[0], (source.container.start_time or 0) / 1_000_000)
        end = max(seen.end, seen.sound_end or 0.0)
    else:
        return
    slack = max(_SLACK_SECONDS, share * stated, _SLACK_FRAMES / rate if rate else 0.0)
    if end - start < stated - slack:
        raise MediaError(
            "video_undecodable",
            f"cut short: {stated:.2f} seconds are stated, what decodes ends at {end - start:.2f}",
        )


def _clip(source: Source, seen: _Seen, data: bytes) -> Clip:
    first, video = seen.first, source.video
    frames = len(seen.times)
    start = min(seen.times)
    duration = _seconds(source, seen, start)
    turn = turn_in(first)
    colours = (int(first.colorspace), int(first.color_primaries), int(first.color_trc))
    found = {
        "interlaced": seen.is_interlaced,
        "hdr": colours[2] in _HDR,
        "variable_rate": _varies(seen.times, float(video.time_base)),
        "odd_angle": turn is None,
        "size_changes": len(seen.sizes) > 1,
    }
    audio = source.audio
    return Clip(
        data=data,
        name=source.name,
        boxes=source.boxes,
        codec=video.codec_context.codec.canonical_name,
        pixel_format=first.format.name if len(seen.formats) == 1 else "mixed",
        size=(first.width, first.height),
        aspect=pixel_aspect(video),
        turn=turn or UPRIGHT,
        has_alpha=has_alpha(first),
        frames=frames,
        declared=video.frames - seen.fields // 2,
        duration_s=duration,
        rate_hz=_rate(video.average_rate, frames, duration),
        video_index=video.index,
        audio_index=None if audio is None else audio.index,
        audio_codec=None if audio is None else audio.codec_context.codec.canonical_name,
        channels=seen.channels,
        others=source.others,
        colours=colours,
        phash=seen.thumbnails.phash(),
        notes=tuple(name for name, is_so in found.items() if is_so),
    )


def _seconds(source: Source, seen: _Seen, start: float) -> float:
    """The stream's own word where it is plausible: how long a last frame stays, few files say."""
    video, shown = source.video, seen.end - start
    if video.duration and source.name not in _ESTIMATED:
        stated = float(video.duration * video.time_base)
        if abs(stated - shown) <= _SLACK_SECONDS and stated > seen.last - start:
            return stated
    return shown


def _rate(stated: Fraction | None, frames: int, duration: float) -> float | None:
    """The stated rate where it is the true one, else frames by seconds."""
    if duration <= 0:
        return float(stated) if stated else None
    counted = frames / duration
    if stated and abs(float(stated) / counted - 1) <= _RATE_NEAR:
        return float(stated)
    return counted


def _varies(times: list[float], tick: float) -> bool:
    """Whether frames are shown for different lengths; `tick` is the clock's step in seconds."""
    ordered = sorted(times)
    steps = sorted(after - before for before, after in pairwise(ordered))
    if not steps:
        return False
    usual = steps[len(steps) // 2]
    return steps[-1] - steps[0] > max(2.01 * tick, _RATE_SLACK * usual)
