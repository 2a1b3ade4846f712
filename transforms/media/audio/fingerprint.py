"""A perceptual hash of a sound: 64 bits that a change of codec, rate or level hardly touches.

The sound is cut into nine equal parts of time and nine bands of pitch; a bit says whether, from
one part to the next, a band gains on its neighbour above (after Haitsma and Kalker, "A Highly
Robust Audio Fingerprinting System", 2002, with the whole sound as its frame). It tells versions of
one sound from different sounds; a sound that was cut, or one inside another, is another one.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from transforms.media.audio.flac import Samples
from transforms.media.audio.mix import Matrix, mixed

#: Rate at which it listens: telephones and speech models have all that matters below 4 kHz.
_RATE: Final = 8_000
_PARTS: Final = 9
#: Edges of the bands in hertz, evenly apart in pitch; 300 to 3,400 Hz survives every codec.
_EDGES: Final = np.geomspace(200.0, 3400.0, 10)
_WINDOW: Final = 512
_HOP: Final = 128
_MIN_SAMPLES: Final = 2_400
#: Windows that are transformed at a time: a part may be a minute.
_BATCH: Final = 4_096
#: Decibels by which a bit must be decided, and how many bits must be: a steady tone has no hash.
_DECIDED: Final = 0.5
_MIN_DECIDED: Final = 16
#: What is so far below the loudest part is as good as nothing.
_FLOOR: Final = 1e-6


class Fingerprinter:
    """Listens to a sound that comes in pieces; `mono` mixes its channels to one, if given."""

    def __init__(self, rate: int, mono: Matrix | None = None) -> None:
        import soxr

        self._mono = mono
        self._resampler: Any = (
            None
            if rate == _RATE
            else soxr.ResampleStream(rate, _RATE, 1, dtype="float32", quality="LQ")
        )
        self._pieces: list[npt.NDArray[np.float32]] = []

    def add(self, block: Samples, last: bool = False) -> None:
        """Take in samples of shape (samples, channels); the last time with `last`."""
        one = block if self._mono is None else mixed(block, self._mono)
        mono = np.ascontiguousarray(one[:, 0])
        if self._resampler is not None:
            mono = self._resampler.resample_chunk(mono, last=last)
        self._pieces.append(mono)

    def hash(self) -> str | None:
        """16 hex digits, None for what is too short (0.3 s) or too even for it."""
        mono = np.concatenate([*self._pieces, np.empty(0, np.float32)])
        if len(mono) < _MIN_SAMPLES:
            return None
        levels = _levels(mono)
        change = np.diff(np.diff(levels, axis=1), axis=0)
        if np.count_nonzero(np.abs(change) > _DECIDED) < _MIN_DECIDED:
            return None
        return np.packbits(change > 0).tobytes().hex()


def _levels(mono: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Decibels of every part and band, shape (parts, bands)."""
    frames = np.lib.stride_tricks.sliding_window_view(mono, _WINDOW)[::_HOP]
    window = np.hanning(_WINDOW).astype(np.float32)
    bins = np.searchsorted(np.fft.rfftfreq(_WINDOW, 1 / _RATE), _EDGES)
    edges = np.round(np.linspace(0, len(frames), _PARTS + 1)).astype(int)
    energy = np.empty((_PARTS, len(_EDGES) - 1))
    for part, (start, stop) in enumerate(pairwise(edges)):
        total = np.zeros(_WINDOW // 2 + 1)
        for at in range(start, stop, _BATCH):
            block = frames[at : min(at + _BATCH, stop)] * window
            total += np.square(np.abs(np.fft.rfft(block, axis=1))).sum(axis=0)
        energy[part] = np.add.reduceat(total, bins)[:-1] / (stop - start)
    return 10 * np.log10(energy + _FLOOR * energy.max() + 1e-20)
