"""Headers of WAV, AIFF and AU: what they promise, beside what is there."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

#: Chunks of a file; lists of them that go on are a way to keep a reader busy.
MAX_CHUNKS: Final = 10_000

PCM: Final = 1
FLOAT: Final = 3
_EXTENSIBLE: Final = 0xFFFE
#: Sizes that a writer leaves which could not go back, as when it wrote into a pipe (SoX 0x7FFFF000,
#: arecord 0x7FFFFF00 or 0x80000000, FFmpeg 0xFFFFFFFF), or the whole samples in them: the sound
#: runs to the end of the file.
_UNKNOWN: Final = (0, 0x7FFFF000, 0x7FFFFF00, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
#: Chunks that may stand behind the sound, and so end it where its size is not known.
_BEHIND: Final = (
    *(b"LIST", b"list", b"id3 ", b"ID3 ", b"bext", b"cue ", b"smpl", b"inst", b"PEAK", b"fact"),
    *(b"iXML", b"axml", b"chna", b"_PMX", b"afsp", b"DISP", b"JUNK", b"junk", b"PAD ", b"acid"),
)

#: Loudspeakers by the bits of a channel mask (Microsoft, WAVEFORMATEXTENSIBLE).
_MASK: Final = ("FL", "FR", "FC", "LFE", "BL", "BR", "FLC", "FRC", "BC", "SL", "SR")


@dataclass(frozen=True)
class Wav:
    """The header of a WAV file.

    `tag` is the codec's number (1 is PCM, 3 float), `align` the bytes of a sample of all channels,
    `byte_rate` those of a second (0 where nothing says it), `promised` and `there` bytes of sound;
    `size_at` is where the promise stands. `speakers` is empty without a mask. `form_at` is where
    the format stands, and `misaligned` tells that it states fewer bytes of a sample than
    its bits need.
    """

    tag: int
    align: int
    byte_rate: int
    promised: int
    there: int
    size_at: int
    order: str
    speakers: tuple[str, ...]
    form_at: int
    misaligned: bool

    @property
    def runs_on(self) -> bool:
        """Whether the header leaves the length open, so that what follows is sound."""
        return _is_unknown(self.promised, self.align) and self.there > 0

    @property
    def is_short(self) -> bool:
        """Whether less sound is there than promised."""
        return not self.runs_on and self.promised > self.there


def chunks(data: bytes, order: str) -> Iterator[tuple[bytes, int, int]]:
    """Chunks of a RIFF or IFF file as ``(id, place of its content, stated size)``."""
    at = 12
    for _ in range(MAX_CHUNKS):
        if at + 8 > len(data):
            return
        name, size = struct.unpack_from(f"{order}4sI", data, at)
        yield name, at + 8, size
        at += 8 + size + (size & 1)


def read_wav(data: bytes) -> Wav | None:
    """The header of a WAV; None where it lacks its format or its sound."""
    order = ">" if data[:4] == b"RIFX" else "<"
    form: _Form | None = None
    wide: int | None = None
    for name, at, size in chunks(data, order):
        if name == b"ds64" and size >= 24 and at + 24 <= len(data):
            (wide,) = struct.unpack_from(f"{order}Q", data, at + 8)
        elif name == b"fmt " and size >= 16 and at + 16 <= len(data):
            form = _form(data, at, size, order)
        elif name == b"data" and form is not None:
            promised = wide if wide is not None and size == 0xFFFFFFFF else size
            unknown = _is_unknown(promised, form.align)
            end = _end_of_sound(data, at, order) if unknown else min(len(data), at + promised)
            return Wav(
                form.tag,
                form.align,
                form.byte_rate,
                promised,
                end - at,
                at - 4,
                order,
                form.speakers,
                form.at,
                form.misaligned,
            )
    return None


def _is_unknown(promised: int, align: int) -> bool:
    return any(promised in (size, size - size % max(1, align)) for size in _UNKNOWN)


def _end_of_sound(data: bytes, at: int, order: str) -> int:
    """Where a sound of unknown size ends: before chunks that fill the rest of the file, if any."""
    starts = []
    for name in _BEHIND:
        start = data.find(name, at)
        while start >= 0:
            if _is_filled(data, start, order):
                starts.append(start)
                break
            start = data.find(name, start + 1)
    return min(starts, default=len(data))


def _is_filled(data: bytes, at: int, order: str) -> bool:
    """Whether chunks, one behind the other, go from a place to the end of the file."""
    for _ in range(MAX_CHUNKS):
        if at + 8 > len(data):
            break
        name, size = struct.unpack_from(f"{order}4sI", data, at)
        if not all(0x20 <= mark < 0x7F for mark in name):
            return False
        at += 8 + size + (size & 1)
    return len(data) <= at <= len(data) + 1  # the last one's padding may be missing


@dataclass(frozen=True)
class _Form:
    tag: int
    align: int
    byte_rate: int
    speakers: tuple[str, ...]
    at: int
    misaligned: bool


def _form(data: bytes, at: int, size: int, order: str) -> _Form:
    """The format of a WAV: of plain samples as many bytes as their bits need at least."""
    tag, channels, rate, byte_rate, align, bits = struct.unpack_from(f"{order}HHIIHH", data, at)
    mask, misaligned = 0, False
    if tag == _EXTENSIBLE and size >= 40 and at + 40 <= len(data):
        mask, tag = struct.unpack_from(f"{order}IH", data, at + 20)
    if tag in (PCM, FLOAT):
        needed = channels * -(-bits // 8)
        misaligned = align < needed
        align = max(align, needed)
        byte_rate = align * rate
    return _Form(tag, align, byte_rate, _speakers(mask, channels), at, misaligned)


def _speakers(mask: int, channels: int) -> tuple[str, ...]:
    names = tuple(name for bit, name in enumerate(_MASK) if mask >> bit & 1)
    return names if len(names) == channels else ()


def with_true_length(data: bytes, wav: Wav) -> bytes:
    """A WAV with the sound that is there, and no more: whole samples, and truly stated."""
    size = wav.there - wav.there % max(1, wav.align)
    start = wav.size_at + 4
    sound = data[start : start + size] + bytes(size & 1)
    stated = struct.pack(f"{wav.order}I", size)
    whole = struct.pack(f"{wav.order}I", start + len(sound) - 8)
    before = bytearray(data[: wav.size_at])
    before[4:8] = whole
    if wav.misaligned:
        struct.pack_into(f"{wav.order}IH", before, wav.form_at + 8, wav.byte_rate, wav.align)
    return bytes(before) + stated + sound


def frames_of_aiff(data: bytes) -> int | None:
    """Samples per channel that an AIFF promises."""
    for name, at, size in chunks(data, ">"):
        if name == b"COMM" and size >= 18 and at + 6 <= len(data):
            (frames,) = struct.unpack_from(">I", data, at + 2)
            return int(frames)
    return None


def missing_of_au(data: bytes) -> bool:
    """Whether an AU file holds less sound than its header promises."""
    if len(data) < 24:
        return True
    start, size = struct.unpack_from(">II", data, 4)
    return size != 0xFFFFFFFF and int(start) + int(size) > len(data)
