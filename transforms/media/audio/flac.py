"""FLAC: what its header says, the checksum of what decodes, and how products are written."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from transforms.media.audio.mpeg import after_tags

Samples = npt.NDArray[np.float32]

_MAGIC: Final = b"fLaC"
_LAST: Final = 0x80
_STREAMINFO_BYTES: Final = 34
#: Samples a second by the code in the header of a frame (RFC 9639 section 9.1.2).
_FRAME_RATES: Final = dict(
    enumerate(
        (
            *(88_200, 176_400, 192_000, 8_000, 16_000, 22_050),
            *(24_000, 32_000, 44_100, 48_000, 96_000),
        ),
        start=1,
    )
)
#: Samples per channel that are encoded at a time.
_BLOCK: Final = 65_536


@dataclass(frozen=True)
class StreamInfo:
    """The STREAMINFO block (RFC 9639 section 8.2); `frames` 0 and an empty `md5` are not stated."""

    rate: int
    channels: int
    bits: int
    frames: int
    md5: bytes


def read_streaminfo(data: bytes) -> StreamInfo | None:
    """The header of a FLAC file, behind any ID3 tag; None where the file begins otherwise."""
    at = after_tags(data) + 4
    block = data[at + 4 : at + 4 + _STREAMINFO_BYTES]
    if data[at - 4 : at] != _MAGIC or len(block) < _STREAMINFO_BYTES or data[at] & ~_LAST:
        return None
    packed = int.from_bytes(block[10:18], "big")
    md5 = block[18:34]
    return StreamInfo(
        rate=packed >> 44,
        channels=(packed >> 41 & 7) + 1,
        bits=(packed >> 36 & 31) + 1,
        frames=packed & 0xFFFFFFFFF,
        md5=md5 if any(md5) else b"",
    )


def rate_of_frames(data: bytes) -> int | None:
    """Samples a second by the first frame's own header; None where it leaves that to STREAMINFO.

    `data` begins with the file's own mark. Rates that are spelt out behind the header (RFC 9639
    section 9.1.2, codes 12 to 14) are not read.
    """
    at, last = len(_MAGIC), False
    while not last and at + 4 <= len(data):
        last = bool(data[at] & _LAST)
        at += 4 + int.from_bytes(data[at + 1 : at + 4], "big")
    if data[at : at + 1] != b"\xff" or at + 3 > len(data):
        return None
    return _FRAME_RATES.get(data[at + 2] & 15)


def with_frames(data: bytes, frames: int) -> bytes:
    """A FLAC file whose header states so many samples per channel; nothing else is touched."""
    at = after_tags(data) + 18
    packed = int.from_bytes(data[at : at + 8], "big")
    packed = packed >> 36 << 36 | (frames if frames < 1 << 36 else 0)
    return data[:at] + packed.to_bytes(8, "big") + data[at + 8 :]


class Checksum:
    """MD5 over decoded samples as FLAC takes it: interleaved, in the bytes that `bits` need."""

    def __init__(self, bits: int) -> None:
        self._bits, self._bytes = bits, (bits + 7) // 8
        self._digest = hashlib.md5(usedforsecurity=False)

    def add(self, block: Samples) -> None:
        """Take in samples; a float of 24 bits holds them exactly up to that width."""
        numbers = np.rint(block * np.float32(1 << (self._bits - 1)))
        if self._bytes == 2:
            self._digest.update(numbers.astype("<i2").tobytes())
            return
        wide = numbers.astype("<i4").reshape(-1, 1).view(np.uint8)
        self._digest.update(np.ascontiguousarray(wide[:, : self._bytes]).tobytes())

    def digest(self) -> bytes:
        """The checksum of all samples so far."""
        return self._digest.digest()


def encode_flac(samples: Samples, rate: int, bits: int) -> bytes:
    """A FLAC file of samples within [-1, 1], rounded to 16 or 24 bits without dither.

    Only STREAMINFO goes before the frames: the comment block would name the library's version.
    """
    import soundfile

    sink = io.BytesIO()
    scale = float(1 << (bits - 1))
    with soundfile.SoundFile(
        sink, "w", rate, samples.shape[1], subtype=f"PCM_{bits}", format="FLAC"
    ) as file:
        for start in range(0, len(samples), _BLOCK):
            block = samples[start : start + _BLOCK].astype(np.float64)
            numbers = np.clip(np.rint(block * scale), -scale, scale - 1)
            file.write(_justified(numbers, bits))
    return _bare(sink.getvalue())


def _justified(numbers: npt.NDArray[np.float64], bits: int) -> npt.NDArray[Any]:
    """Whole numbers in the highest bits of the type in which the library takes them."""
    if bits == 16:
        return numbers.astype(np.int16)
    return numbers.astype(np.int32) << (32 - bits)


def _bare(data: bytes) -> bytes:
    """A FLAC file without any metadata block but the first."""
    at, last = len(_MAGIC), False
    while not last:
        last = bool(data[at] & _LAST)
        at += 4 + int.from_bytes(data[at + 1 : at + 4], "big")
    info = data[8 : 8 + _STREAMINFO_BYTES]
    head = bytes([_LAST]) + _STREAMINFO_BYTES.to_bytes(3, "big")
    return _MAGIC + head + info + data[at:]
