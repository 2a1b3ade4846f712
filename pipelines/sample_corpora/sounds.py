"""True sounds made by code: tones, noise and something like speech, each seed its own."""

from __future__ import annotations

import io
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

RATE: Final = 16_000
#: Resonances in Hz of five vowels, which make a buzz sound like a voice.
_VOWELS: Final = ((730, 1090), (270, 2290), (300, 870), (530, 1840), (570, 840))

Form = Literal["WAV", "FLAC", "MP3"]


def sound(
    rng: np.random.Generator, form: Form = "WAV", seconds: float = 0.2, *, varied: bool = False
) -> bytes:
    """A decodable sound of one channel and `RATE` samples a second, as file bytes.

    Never silent; noise makes the bytes distinct for distinct random numbers. A `varied` one is no
    steady tone, which acoustic fingerprints cannot tell from others.
    """
    import soundfile

    moments = np.arange(round(seconds * RATE)) / RATE
    kinds = (_rustle, _speech) if varied else (_tone, _rustle, _speech)
    made = kinds[rng.integers(len(kinds))](rng, moments)
    made += 0.01 * rng.standard_normal(len(moments))
    made *= 0.6 / np.abs(made).max()
    file = io.BytesIO()
    # Sixteen bits in files that can hold them: floats would bring a chunk with the time of day.
    subtype = "MPEG_LAYER_III" if form == "MP3" else "PCM_16"
    soundfile.write(file, made, RATE, format=form, subtype=subtype)
    return file.getvalue()


def _tone(rng: np.random.Generator, moments: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """A chord that fades."""
    notes = 110 * 2 ** (rng.integers(0, 36, 3) / 12)
    fading = np.exp(-moments * rng.uniform(1, 6))
    return np.asarray(sum(np.sin(2 * np.pi * note * moments) for note in notes) * fading)


def _rustle(rng: np.random.Generator, moments: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Noise that swells and ebbs, as wind or surf do."""
    swell = 0.6 + 0.4 * np.sin(2 * np.pi * rng.uniform(2, 9) * moments + rng.uniform(0, 6))
    grain = int(rng.integers(1, 12))
    smooth = np.convolve(rng.standard_normal(len(moments)), np.ones(grain) / grain, "same")
    return np.asarray(swell * smooth)


def _speech(rng: np.random.Generator, moments: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """A buzz at the pitch of a voice, through the resonances of one vowel after another."""
    pitch = rng.uniform(90, 240)
    made = np.zeros(len(moments))
    for part in np.array_split(np.arange(len(moments)), 4):
        low, high = _VOWELS[rng.integers(len(_VOWELS))]
        for harmonic in range(1, 24):
            tone = pitch * harmonic
            weight = sum(1 / (1 + ((tone - peak) / 120) ** 2) for peak in (low, high))
            made[part] += weight * np.sin(2 * np.pi * tone * moments[part])
    return made
