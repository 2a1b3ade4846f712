"""One pass over a sound: it is decoded once, in blocks, while facts and the product are made of it.

Memory is bounded by what the product holds (at most 230 MB for ten minutes), whatever the rate and
the number of channels of the source.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from transforms.media.audio.fingerprint import Fingerprinter
from transforms.media.audio.flac import Checksum, Samples, with_frames
from transforms.media.audio.loudness import LoudnessMeter
from transforms.media.audio.mix import Matrix, mixed, mixing
from transforms.media.audio.readers import BLOCK, Stream
from transforms.media.audio.source import Source, check_length, is_cut
from transforms.media.errors import MediaError
from transforms.media.settings import AudioPolicy

#: Full scale of 16 bits: the highest sample there is.
_FULL_SCALE: Final = 32767 / 32768


@dataclass(frozen=True)
class Heard:
    """What was heard of a sound.

    `frames` are samples per channel, `peak` the largest of all (1 is full scale), `clipped` the
    share of samples at full scale or above, `loudness` in LUFS (None for silence), `fingerprint`
    64 bits as hex (None where it tells nothing).
    """

    frames: int
    peak: float
    clipped: float
    loudness: float | None
    fingerprint: str | None


class Listener:
    """Measures a sound that comes in pieces, one block (`BLOCK` samples) at a time."""

    def __init__(self, rate: int, channels: int, speakers: tuple[str, ...]) -> None:
        self._meter = LoudnessMeter(rate, speakers, channels)
        self._fingerprinter = Fingerprinter(rate, mixing(speakers, channels, 1))
        self._channels = channels
        self._frames, self._peak, self._full = 0, 0.0, 0

    def add(self, block: Samples) -> None:
        """Take in samples of shape (samples, channels)."""
        size = np.abs(block)
        self._frames += len(block)
        self._peak = max(self._peak, float(size.max(initial=0.0)))
        self._full += int(np.count_nonzero(size >= _FULL_SCALE))
        self._meter.add(block)
        self._fingerprinter.add(block)

    def heard(self) -> Heard:
        """What was heard, all told."""
        self._fingerprinter.add(np.empty((0, self._channels), np.float32), last=True)
        return Heard(
            self._frames,
            self._peak,
            self._full / max(1, self._frames * self._channels),
            self._meter.integrated(),
            self._fingerprinter.hash(),
        )


def sound_blocks(source: Source, policy: AudioPolicy) -> Iterator[Samples]:
    """All samples of a sound in blocks of `BLOCK`, each a float of 32 bits, every one a number.

    Raises:
        MediaError: `audio_too_large` while it goes on and on, `audio_empty`, `audio_not_finite`,
            `audio_undecodable` where fewer samples come than promised or their checksum is wrong.
        UnreadableError: the reader found it damaged.
    """
    checksum = Checksum(source.stream.bits or 16) if source.md5 else None
    frames = 0
    for block in _evenly(_within(source.sound.blocks(), source.stream, policy)):
        if not np.isfinite(block).all():
            raise MediaError("audio_not_finite", "samples that are no number (NaN or infinite)")
        if checksum is not None:
            checksum.add(block)
        frames += len(block)
        yield block
    _check_whole(source, frames, checksum, policy)


def _within(blocks: Iterable[Samples], stream: Stream, policy: AudioPolicy) -> Iterator[Samples]:
    frames = 0
    for block in blocks:
        frames += len(block)
        check_length(frames, stream, policy)
        yield block


def _evenly(blocks: Iterable[Samples]) -> Iterator[Samples]:
    """Blocks of one size, so that what is made of them depends on no reader's habits."""
    waiting: list[Samples] = []
    held = 0
    for block in blocks:
        waiting.append(block)
        held += len(block)
        while held >= BLOCK:
            joined = np.concatenate(waiting)
            yield joined[:BLOCK]
            waiting, held = [joined[BLOCK:]], held - BLOCK
    if held:
        yield np.concatenate(waiting)


def _check_whole(
    source: Source, frames: int, checksum: Checksum | None, policy: AudioPolicy
) -> None:
    if frames == 0:
        raise MediaError("audio_empty", "a header without a sample")
    promised = source.stream.frames
    if checksum is None or checksum.digest() != source.md5:
        if promised is not None and is_cut(frames, promised, source.stream.rate, policy):
            raise MediaError(
                "audio_undecodable", f"cut short: {frames:,} of {promised:,} samples decode"
            )
        if checksum is not None:
            raise MediaError(
                "audio_undecodable", "what decodes has not the checksum (MD5) it states"
            )
    if source.container == "flac" and promised != frames:
        source.mended = with_frames(source.data, frames)


class Maker:
    """Makes the samples of a product: clipped as by a player, mixed, resampled, never beyond 1."""

    def __init__(self, source_rate: int, rate: int, channels: int, matrix: Matrix | None) -> None:
        import soxr

        self._matrix = matrix
        self._resampler: Any = (
            None
            if rate == source_rate
            else soxr.ResampleStream(source_rate, rate, channels, dtype="float32", quality="HQ")
        )
        self._channels = channels
        self._pieces: list[Samples] = []

    def add(self, block: Samples, last: bool = False) -> None:
        """Take in samples of the source; the last time with `last`."""
        made = np.clip(block, -1.0, 1.0)
        if self._matrix is not None:
            made = mixed(made, self._matrix)
        if self._resampler is not None:
            made = self._resampler.resample_chunk(np.ascontiguousarray(made), last=last)
        self._pieces.append(made.reshape(-1, self._channels))

    def samples(self, source_channels: int) -> Samples:
        """All samples, scaled down as one where mixing or resampling led beyond full scale."""
        self.add(np.empty((0, source_channels), np.float32), last=True)
        made = np.concatenate(self._pieces)
        self._pieces = []
        peak = float(np.abs(made).max(initial=0.0))
        if peak > 1.0:
            made /= np.float32(peak)
        return made
