"""A sound as measures see it: its first two minutes, as one channel, and its level over time."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

#: Samples a second at which sounds are compared, and seconds at most.
RATE: Final = 22_050
MAX_SECONDS: Final = 120.0
_WINDOW: Final = 1_024
_HOP: Final = 512
#: Seconds of a window for levels.
_LEVEL_S: Final = 0.05
#: dBFS below which nothing is heard, and how far below the loud parts a pause is.
_INAUDIBLE: Final = -55.0
_PAUSE: Final = -35.0
#: Share of the channels' power under which their mean has lost the sound.
_CANCELLED: Final = 0.1


@dataclass(frozen=True)
class Sound:
    """What was taken of a sound.

    Attributes:
        samples: one channel at 22,050 Hz, float32, -1 to 1: the mean of all, or the loudest one
            where they cancel out.
        power: of each twentieth of a second, mean over the channels: what is heard in a room,
            where opposite channels do not cancel out.
        side: energy of the difference of left and right, as a share of all, 0 to 1; 0 for mono.
        duration_s: of the whole sound.
        loudness_lufs: integrated loudness (ITU-R BS.1770), a fact that the caller has; else NaN.
    """

    samples: np.ndarray
    power: np.ndarray
    side: float
    duration_s: float
    loudness_lufs: float

    @cached_property
    def levels(self) -> np.ndarray:
        """RMS level of each twentieth of a second, dBFS, at least -100.

        Raises:
            ValueError: it is shorter than that.
        """
        if not len(self.power):
            raise ValueError("shorter than a window")
        levels: np.ndarray = 10 * np.log10(np.maximum(self.power, 1e-10))
        return levels

    @cached_property
    def audible(self) -> np.ndarray:
        """Whether each twentieth of a second is neither silence nor a pause."""
        loud = np.percentile(self.levels, 95)
        heard: np.ndarray = self.levels > max(_INAUDIBLE, loud + _PAUSE)
        return heard

    @cached_property
    def spectrum(self) -> np.ndarray:
        """Power by frequency (513 bins up to 11,025 Hz), summed over all windows.

        Raises:
            ValueError: it is silent, or shorter than a window.
        """
        windows = np.lib.stride_tricks.sliding_window_view(self.samples, _WINDOW)[::_HOP]
        power = np.zeros(_WINDOW // 2 + 1)
        shape = np.hanning(_WINDOW).astype(np.float32)
        for start in range(0, len(windows), 1_024):  # bounds the memory of a long sound
            block = np.fft.rfft(windows[start : start + 1_024] * shape, axis=1)
            power += np.square(np.abs(block)).sum(axis=0)
        if power.sum() <= 1e-9 * len(windows):
            raise ValueError("silence")
        return power

    @property
    def frequencies(self) -> np.ndarray:
        """Frequencies of `spectrum`, Hz."""
        return np.fft.rfftfreq(_WINDOW, 1 / RATE)

    @cached_property
    def onset_strength(self) -> np.ndarray:
        """How much begins to sound, in steps of 512 samples: librosa's spectral flux."""
        import librosa

        strength: np.ndarray = librosa.onset.onset_strength(
            y=self.samples, sr=RATE, hop_length=_HOP
        )
        return strength

    @property
    def step_s(self) -> float:
        """Seconds between values of `onset_strength`."""
        return _HOP / RATE


def open_sound(data: bytes, loudness_lufs: float | None = None) -> Sound:
    """Decode the first two minutes of a sound.

    Raises:
        soundfile.LibsndfileError: it is no sound, or damaged. ValueError: it has no samples.
    """
    import soundfile
    import soxr

    with soundfile.SoundFile(io.BytesIO(data)) as opened:
        rate = opened.samplerate
        samples = opened.read(int(rate * MAX_SECONDS), dtype="float32", always_2d=True)
        duration = opened.frames / rate
    if not len(samples):
        raise ValueError("no samples")
    samples = np.nan_to_num(samples)
    mono, side = samples.mean(axis=1), 0.0
    if samples.shape[1] == 2:
        apart = (samples[:, 0] - samples[:, 1]) / 2
        energy = float(np.square(mono).sum() + np.square(apart).sum())
        side = float(np.square(apart).sum()) / energy if energy else 0.0
    if _mean_square(mono) < _CANCELLED * _mean_square(samples):
        mono = samples[:, np.argmax(np.square(samples).sum(axis=0))]
    if rate != RATE:
        mono = soxr.resample(mono, rate, RATE, quality="MQ")
    loudness = float("nan") if loudness_lufs is None else loudness_lufs
    return Sound(mono, _power(samples, rate), side, duration, loudness)


def _mean_square(samples: np.ndarray) -> float:
    return float(np.square(samples).mean(dtype=np.float64))


def _power(samples: np.ndarray, rate: int) -> np.ndarray:
    """Mean power of all channels in each twentieth of a second."""
    width = max(1, int(rate * _LEVEL_S))
    whole = len(samples) // width * width
    squares = np.square(samples[:whole]).reshape(-1, width * samples.shape[1])
    power: np.ndarray = squares.mean(axis=1, dtype=np.float64)
    return power
