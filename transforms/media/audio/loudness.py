"""Loudness by ITU-R BS.1770-5: K-weighting, and the mean of what two gates leave."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from transforms.media.audio.flac import Samples

#: Weights of loudspeakers (table 4 there; the bass channel is not counted). Those behind the
#: listener weigh 1.5 dB more, the others one.
_WEIGHTS: Final = {"LFE": 0.0, "BL": 1.41, "BR": 1.41, "SL": 1.41, "SR": 1.41}

#: The two filters as analogue prototypes, from which the coefficients of the standard for 48 kHz
#: follow: a shelf (hertz, quality, decibels) for the head, a high pass (hertz, quality).
_SHELF: Final = (1681.974450955533, 0.7071752369554196, 3.999843853973347)
_HIGH_PASS: Final = (38.13547087602444, 0.5003270373238773)
#: Below this rate the shelf lies beyond what can be heard, and loudness is not told.
_MIN_RATE: Final = 4_000

_ABSOLUTE_GATE: Final = -70.0
_RELATIVE_GATE: Final = -10.0
_OFFSET: Final = -0.691
#: Blocks are 400 ms long and begin every 100 ms.
_STEPS_A_SECOND: Final = 10
_STEPS_A_BLOCK: Final = 4

_Floats = npt.NDArray[np.float64]


class LoudnessMeter:
    """Integrated loudness of a sound that comes in pieces."""

    def __init__(self, rate: int, speakers: tuple[str, ...], channels: int) -> None:
        self._rate = rate
        self._weights = np.ones(channels)
        if len(speakers) == channels > 2:
            self._weights = np.array([_WEIGHTS.get(name, 1.0) for name in speakers])
        self._filters = k_weighting(rate) if rate >= _MIN_RATE else None
        self._state = np.zeros((2, 2, channels))
        self._steps: list[_Floats] = []
        self._heard, self._open = 0, 0.0

    def add(self, block: Samples) -> None:
        """Take in the next samples, of shape (samples, channels)."""
        if self._filters is None or not len(block):
            return
        from scipy.signal import sosfilt

        weighted, self._state = sosfilt(
            self._filters, block.astype(np.float64), axis=0, zi=self._state
        )
        power = np.einsum("sc,c->s", np.square(weighted, out=weighted), self._weights)
        first, last = self._step(self._heard), self._step(self._heard + len(power) - 1)
        starts = [max(0, self._begin(step) - self._heard) for step in range(first, last + 1)]
        sums = np.add.reduceat(power, starts)
        sums[0] += self._open
        self._steps.append(sums[:-1])
        self._open = float(sums[-1])
        self._heard += len(power)
        if self._begin(last + 1) == self._heard:  # the last step is complete
            self._steps.append(sums[-1:])
            self._open = 0.0

    def _begin(self, step: int) -> int:
        return -(-step * self._rate // _STEPS_A_SECOND)

    def _step(self, sample: int) -> int:
        return sample * _STEPS_A_SECOND // self._rate

    def integrated(self) -> float | None:
        """Loudness in LUFS; None for silence, and where nothing passes the gates.

        A sound shorter than a block (400 ms), for which the standard has no answer, is measured
        as one.
        """
        steps = np.concatenate([*self._steps, np.empty(0)])
        if len(steps) < _STEPS_A_BLOCK:
            whole = float(steps.sum()) + self._open
            powers = np.array([whole / self._heard]) if self._heard else np.empty(0)
        else:
            edges = [self._begin(step) for step in range(len(steps) + 1)]
            energy = np.concatenate([[0.0], np.cumsum(steps)])
            lengths = np.subtract(edges[_STEPS_A_BLOCK:], edges[:-_STEPS_A_BLOCK])
            powers = (energy[_STEPS_A_BLOCK:] - energy[:-_STEPS_A_BLOCK]) / lengths
        return _gated(powers)


def _gated(powers: _Floats) -> float | None:
    loud = powers[powers > _power(_ABSOLUTE_GATE)]
    if len(loud):
        loud = loud[loud > _power(_loudness(float(loud.mean())) + _RELATIVE_GATE)]
    return _loudness(float(loud.mean())) if len(loud) else None


def _loudness(power: float) -> float:
    return float(_OFFSET + 10 * np.log10(power))


def _power(loudness: float) -> float:
    return float(10 ** ((loudness - _OFFSET) / 10))


def k_weighting(rate: int) -> _Floats:
    """Second-order sections of K-weighting at a rate, by the bilinear transform."""
    hertz, quality, gain = _SHELF
    k, top = np.tan(np.pi * hertz / rate), 10 ** (gain / 20)
    middle = top**0.4996667741545416
    shelf = _section(
        (top + middle * k / quality + k * k, 2 * (k * k - top), top - middle * k / quality + k * k),
        (1 + k / quality + k * k, 2 * (k * k - 1), 1 - k / quality + k * k),
    )
    hertz, quality = _HIGH_PASS
    k = np.tan(np.pi * hertz / rate)
    below = (1 + k / quality + k * k, 2 * (k * k - 1), 1 - k / quality + k * k)
    # the standard leaves the numerator of the high pass unscaled
    high_pass = _section((below[0], -2 * below[0], below[0]), below)
    return np.array([shelf, high_pass])


def _section(above: tuple[float, ...], below: tuple[float, ...]) -> list[float]:
    return [float(value / below[0]) for value in (*above, *below)]
