"""The mel spectrogram of a sound, as a matrix of decibels: pitch by time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from transforms.media.audio.flac import Samples
from transforms.media.audio.listen import Maker
from transforms.media.audio.mix import Matrix

#: Sound above this rate is resampled to it: nobody hears beyond 24 kHz.
_MAX_RATE: Final = 48_000
#: The highest pitch shown: above it even music has nothing that a picture could tell.
_MAX_HERTZ: Final = 16_000.0
_BANDS: Final = 128
#: A window: long enough to part the harmonics of a voice, short enough for a drum.
_WINDOW_SECONDS: Final = 0.046
_MIN_WINDOW: Final = 128
#: The transform is twice as long as that, so that low bands have bins of their own.
_PADDING: Final = 2
#: Windows that are transformed at a time.
_BATCH: Final = 512
#: Where a full-scale tone stands, which is 0 dB.
_REFERENCE_HERTZ: Final = 1_000.0

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class MelSpectrogram:
    """`decibels` has shape (bands, columns), lowest band first; 0 dB is a full-scale tone.

    `seconds` is the length of the sound, `hertz` the highest pitch.
    """

    decibels: _Floats
    seconds: float
    hertz: float


def mel_spectrogram(
    blocks: Iterable[Samples], rate: int, channels: int, matrix: Matrix | None, columns: int
) -> MelSpectrogram:
    """The spectrogram of a sound that comes in blocks of shape (samples, channels).

    Each column is the mean power of its stretch of time, over the two channels.
    """
    at_rate = min(rate, _MAX_RATE)
    maker = Maker(rate, at_rate, channels if matrix is None else matrix.shape[1], matrix)
    frames = 0
    for block in blocks:
        frames += len(block)
        maker.add(block)
    samples = maker.samples(channels)
    window = _window(len(samples), at_rate)
    hertz = min(at_rate / 2, _MAX_HERTZ)
    size = _PADDING * _power_of_two(at_rate * _WINDOW_SECONDS)
    filters = _filters(at_rate, size, hertz)
    power = _power(samples, columns, window, size) @ filters.T
    full_scale = _full_scale(at_rate, window, size, filters)
    decibels = 10 * np.log10(np.maximum(power / full_scale, 1e-13))
    return MelSpectrogram(decibels.T, frames / rate, hertz)


def to_mel(hertz: Any) -> Any:
    """Pitch on the scale of the bands (as Slaney's toolbox has it, linear up to 1 kHz)."""
    from librosa import hz_to_mel

    return hz_to_mel(hertz)


def _filters(rate: int, size: int, hertz: float) -> _Floats:
    from librosa.filters import mel

    return np.asarray(mel(sr=rate, n_fft=size, n_mels=_BANDS, fmax=hertz), dtype=np.float64)


def _window(samples: int, rate: int) -> _Floats:
    """A Hann window, shorter where the sound itself is short."""
    wanted = min(rate * _WINDOW_SECONDS, max(_MIN_WINDOW, samples / 4))
    return np.hanning(_power_of_two(wanted))


def _power_of_two(samples: float) -> int:
    return 1 << round(float(np.log2(samples)))


def _power(samples: Samples, columns: int, window: _Floats, size: int) -> _Floats:
    """Mean power of each column by a transform of a size, shape (columns, bins)."""
    half = len(window) // 2
    padded = np.pad(samples.T, ((0, 0), (half, half)))
    views = np.lib.stride_tricks.sliding_window_view(padded, len(window), axis=1)
    # half-overlapping windows see all of a long sound, evenly spread over its columns
    each = max(1, round(samples.shape[0] / columns / half))
    centres = (np.arange(columns * each) + 0.5) * (samples.shape[0] / (columns * each))
    starts = np.minimum(centres.astype(int), views.shape[1] - 1)
    spectra = np.empty((len(starts), size // 2 + 1), np.float32)
    for at in range(0, len(starts), _BATCH):
        taken = views[:, starts[at : at + _BATCH]] * window
        bins = np.fft.rfft(taken, n=size, axis=2)
        spectra[at : at + _BATCH] = np.square(np.abs(bins)).mean(axis=0)
    return spectra.reshape(columns, each, -1).mean(axis=1, dtype=np.float64)


def _full_scale(rate: int, window: _Floats, size: int, filters: _Floats) -> float:
    """What a full-scale tone comes to in the band that it lies in."""
    hertz = min(_REFERENCE_HERTZ, rate / 8)
    tone = np.sin(2 * np.pi * hertz / rate * np.arange(len(window)))
    bins = np.fft.rfft(tone * window, n=size)
    return float((filters @ np.square(np.abs(bins))).max())
