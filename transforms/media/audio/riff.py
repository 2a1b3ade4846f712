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
#: Sizes that a writer leaves which could not go back: the sound runs to the end of the file.
_UNKNOWN: Final = (0, 0x7FFFFFFF, 0xFFFFFFFF)

#: Loudspeakers by the bits of a channel mask (Microsoft, WAVEFORMATEXTENSIBLE).
_MASK: Final = ("FL", "FR", "FC", "LFE", "BL", "BR", "FLC", "FRC", "BC", "SL", "SR")


@dataclass(frozen=True)
class Wav:
    """The header of a WAV file.

    `tag` is the codec's number (1 is PCM, 3 float), `align` the bytes of a sample of all channels,
    `byte_rate` those of a second (0 where nothing says it), `promised` and `there` bytes of sound;
    `size_at` is where the promise stands. `speakers` is empty without a mask.
    """

    tag: int
    align: int
    byte_rate: int
    promised: int
    there: int
    size_at: int
    order: str
    speakers: tuple[str, ...]

    @property
    def runs_on(self) -> bool:
        """Whether the header leaves the length open, so that all that follows is sound."""
        return self.promised in _UNKNOWN and self.there > 0

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
    form: tuple[int, int, int, tuple[str, ...]] | None = None
    wide: int | None = None
    for name, at, size in chunks(data, order):
        if name == b"ds64" and size >= 24 and at + 24 <= len(data):
            (wide,) = struct.unpack_from(f"{order}Q", data, at + 8)
        elif name == b"fmt " and size >= 16 and at + 16 <= len(data):
            form = _form(data, at, size, order)
        elif name == b"data" and form is not None:
            promised = wide if wide is not None and size == 0xFFFFFFFF else size
            there = len(data) - at if promised in _UNKNOWN else min(len(data) - at, promised)
            tag, align, byte_rate, speakers = form
            return Wav(tag, align, byte_rate, promised, there, at - 4, order, speakers)
    return None


def _form(data: bytes, at: int, size: int, order: str) -> tuple[int, int, int, tuple[str, ...]]:
    """Codec, bytes of a sample of all channels, bytes a second, loudspeakers."""
    tag, channels, rate, byte_rate, align = struct.unpack_from(f"{order}HHIIH", data, at)
    mask = 0
    if tag == _EXTENSIBLE and size >= 40 and at + 40 <= len(data):
        mask, tag = struct.unpack_from(f"{order}IH", data, at + 20)
    if tag in (PCM, FLOAT):
        byte_rate = align * rate
    return tag, align, byte_rate, _speakers(mask, channels)


def _speakers(mask: int, channels: int) -> tuple[str, ...]:
    names = tuple(name for bit, name in enumerate(_MASK) if mask >> bit & 1)
    return names if len(names) == channels else ()


def with_true_length(data: bytes, wav: Wav) -> bytes:
    """A WAV that runs on, or is short, with the sound that is there: whole samples, and stated."""
    size = wav.there - wav.there % max(1, wav.align)
    start = wav.size_at + 4
    sound = data[start : start + size] + bytes(size & 1)
    stated = struct.pack(f"{wav.order}I", size)
    whole = struct.pack(f"{wav.order}I", start + len(sound) - 8)
    return data[:4] + whole + data[8 : wav.size_at] + stated + sound


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
