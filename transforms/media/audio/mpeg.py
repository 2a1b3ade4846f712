"""The chain of frames of an MPEG stream (MP3, MP2, AAC in ADTS): decoders leap over what is broken.

A decoder of these streams looks for the next frame wherever one is damaged or gone, and says
nothing. Walking along the frame headers shows what was leapt over, and whether the stream ends
where its own index (Xing, Info or VBRI) says.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

#: kbit/s by bitrate index: MPEG-1 layers 1, 2, 3, then MPEG-2 layer 1, and MPEG-2 layers 2 and 3
#: (ISO/IEC 11172-3 table B.1, 13818-3 table 1).
_BITRATES: Final = {
    (1, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_MPEG_RATES: Final = (44100, 48000, 32000)
#: Samples a second by the index of an ADTS header (ISO/IEC 14496-3 table 1.18).
_AAC_RATES: Final = (
    *(96000, 88200, 64000, 48000, 44100, 32000, 24000),
    *(22050, 16000, 12000, 11025, 8000, 7350),
)

#: Frames that must follow one another where a stream begins or goes on after a gap.
_CHAIN: Final = 3
_ID3V1_BYTES: Final = 128
#: Of an APE tag's header, and of its footer.
_APE_BYTES: Final = 32
#: Zeros that are passed over behind an ID3 tag.
_PADDING: Final = 65_536


@dataclass(frozen=True)
class Kind:
    """What all frames of a stream share: layer 1 to 3 (0 is AAC), samples a second, per frame."""

    layer: int
    rate: int
    samples: int


@dataclass(frozen=True)
class Frame:
    """One frame: its place and length in bytes, and the place of an index inside it."""

    kind: Kind
    start: int
    length: int
    index_at: int


@dataclass(frozen=True)
class Chain:
    """What a walk along the frames found.

    `frames` that are whole, `lost` bytes between them that are neither frame nor tag, `promised`
    frames by the stream's index (None without one, or where it contradicts itself). They lie from
    byte `start` to `end`; `indexed` tells that the first of them is an index.
    """

    kind: Kind
    frames: int
    lost: int
    bytes: int
    promised: int | None
    start: int
    end: int
    indexed: bool

    @property
    def samples(self) -> int:
        """Samples per channel in the whole frames, encoder padding included."""
        return self.frames * self.kind.samples

    @property
    def seconds(self) -> float:
        """Sound in the whole frames, encoder padding included."""
        return self.samples / self.kind.rate

    @property
    def missing_seconds(self) -> float:
        """Sound that is gone: leapt over (by the mean size of a frame), or promised at the end."""
        frame = self.kind.samples / self.kind.rate
        between = self.lost / max(1, self.bytes) * self.seconds
        ending = ((self.promised or 0) - self.frames) * frame
        return max(between, ending, 0.0)


def after_tags(data: bytes) -> int:
    """Where the sound begins, behind any ID3v2 tags and the zeros that some writers add."""
    at = 0
    while data[at : at + 3] == b"ID3" and len(data) >= at + 10:
        at = min(at + _id3_length(data, at), len(data))
        room = data[at : at + _PADDING]
        at += len(room) - len(room.lstrip(b"\0"))
    return at


def before_tags(data: bytes) -> int:
    """Where the sound ends, in front of any tags (ID3v1, APE) at the end of a file."""
    end = len(data)
    if data[end - _ID3V1_BYTES : end - _ID3V1_BYTES + 3] == b"TAG" and end >= _ID3V1_BYTES:
        end -= _ID3V1_BYTES
    footer = end - _APE_BYTES
    if footer >= 0 and data[footer : footer + 8] == b"APETAGEX":
        size, _, flags = struct.unpack_from("<III", data, footer + 12)
        whole = size + (_APE_BYTES if flags >> 31 else 0)  # a header goes uncounted
        end -= min(whole, end)
    return end


def _id3_length(data: bytes, at: int) -> int:
    size = 0
    for byte in data[at + 6 : at + 10]:
        size = size << 7 | byte & 0x7F
    return 10 + size + (10 if data[at + 5] & 0x10 else 0)


def frame_at(data: bytes, at: int) -> Frame | None:
    """The frame whose header lies at a place, if one does."""
    if at + 7 > len(data) or data[at] != 0xFF or data[at + 1] & 0xE0 != 0xE0:
        return None
    one, two, three = data[at + 1], data[at + 2], data[at + 3]
    layer = 4 - (one >> 1 & 3)
    if layer == 4:
        return _adts(data, at) if one & 0xF0 == 0xF0 else None
    version, bitrate, rate = one >> 3 & 3, two >> 4, two >> 2 & 3
    if version == 1 or bitrate in (0, 15) or rate == 3:
        return None
    generation = 1 if version == 3 else 2
    hertz = _MPEG_RATES[rate] >> (0, 0, 1, 0)[version] >> (2 if version == 0 else 0)
    samples = {1: 384, 2: 1152, 3: 1152 if generation == 1 else 576}[layer]
    bits = _BITRATES[generation, layer][bitrate] * 1000
    padding = two >> 1 & 1
    if layer == 1:
        length = (12 * bits // hertz + padding) * 4
    else:
        length = samples // 8 * bits // hertz + padding
    mono = three >> 6 == 3
    side = {(1, False): 32, (1, True): 17, (2, False): 17, (2, True): 9}[generation, mono]
    return Frame(Kind(layer, hertz, samples), at, length, at + 4 + side)


def _adts(data: bytes, at: int) -> Frame | None:
    rate = data[at + 2] >> 2 & 15
    length = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
    if rate >= len(_AAC_RATES) or length < 7:
        return None
    blocks = (data[at + 6] & 3) + 1
    return Frame(Kind(0, _AAC_RATES[rate], 1024 * blocks), at, length, at)


def first_frame(data: bytes, start: int, stop: int, kind: Kind | None = None) -> Frame | None:
    """The first frame between two places that others follow (or the end of the data)."""
    at = data.find(b"\xff", start, stop)
    while at >= 0:
        frame = frame_at(data, at)
        if frame and (kind is None or frame.kind == kind) and _goes_on(data, frame):
            return frame
        at = data.find(b"\xff", at + 1, stop)
    return None


def _goes_on(data: bytes, frame: Frame) -> bool:
    """Whether frames of one kind follow; a short stream must end right behind its last one."""
    at = frame.start
    for _ in range(_CHAIN):
        if at == len(data) or _tag_length(data, at):
            return at > frame.start
        following = frame_at(data, at)
        if following is None or following.kind != frame.kind or at + following.length > len(data):
            return False
        at += following.length
    return True


def walk(data: bytes) -> Chain | None:
    """Walk along all frames of a stream; None where not one is found."""
    frame = first_frame(data, after_tags(data), len(data))
    if frame is None:
        return None
    kind, start, end = frame.kind, frame.start, frame.start
    at, frames, lost, whole = start, 0, 0, 0
    while at < len(data):
        here = frame_at(data, at)
        if here is not None and here.kind == kind:
            if at + here.length <= len(data):
                frames, whole, end = frames + 1, whole + here.length, at + here.length
            at += here.length
            continue
        skipped = _tag_length(data, at)
        if not skipped:
            onward = first_frame(data, at, len(data), kind)
            if onward is None:  # whatever is behind the last frame is no sound
                break
            lost += onward.start - at
            skipped = onward.start - at
        at += skipped
    promised, indexed = _promised(data, frame), _has_index(data, frame)
    return Chain(kind, frames, lost, whole, promised, start, end, indexed)


def _has_index(data: bytes, first: Frame) -> bool:
    """Whether the first frame holds no sound but an index of the stream."""
    at = first.index_at
    vbri = first.start + 36
    return data[at : at + 4] in (b"Xing", b"Info") or data[vbri : vbri + 4] == b"VBRI"


def _tag_length(data: bytes, at: int) -> int:
    """Length of a tag that lies at a place (ID3 of both versions, APE, Lyrics3); 0 without one."""
    head = data[at : at + 11]
    if head[:3] == b"TAG":
        return _ID3V1_BYTES
    if head[:3] == b"ID3" and len(data) >= at + 10:
        return _id3_length(data, at)
    if head[:8] == b"APETAGEX" and len(data) >= at + 32:
        (size,) = struct.unpack_from("<I", data, at + 12)
        return int(size) + 32
    if head == b"LYRICSBEGIN":
        end = data.find(b"LYRICS200", at)
        return end + 9 - at if end > 0 else 0
    return 0


def _promised(data: bytes, first: Frame) -> int | None:
    """Frames that the index in the first frame counts, itself included.

    Believed only where the bytes that it counts speak of a longer file as well: some encoders
    leave a wrong number of frames behind.
    """
    at = first.index_at
    if data[at : at + 4] in (b"Xing", b"Info") and len(data) >= at + 16:
        flags, frames, size = struct.unpack_from(">III", data, at + 4)
        if not flags & 1:
            return None
        if flags & 2 and first.start + size <= len(data):
            return None
        return int(frames) + 1
    at = first.start + 36
    if data[at : at + 4] == b"VBRI" and len(data) >= at + 18:
        size, frames = struct.unpack_from(">II", data, at + 10)
        return int(frames) + 1 if first.start + size > len(data) else None
    return None
