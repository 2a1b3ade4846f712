"""Attributes of sounds.

About 8 ms of one core for each second of sound, decoding included; a second once in a process,
for librosa, which only rhythm needs.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from transforms.measures.attribute import Attribute, Margin, Need
from transforms.measures.sound import RATE, Sound


def dynamics(sound: Sound) -> float:
    """Level between loud and quiet passages, dB: 95th less 10th percentile of what is audible."""
    heard = sound.levels[sound.audible]
    if len(heard) < 10:
        raise ValueError("too short")
    return float(np.percentile(heard, 95) - np.percentile(heard, 10))


def silence_share(sound: Sound) -> float:
    """Share of the time in which nothing is heard, 0 to 100."""
    return 100 * float((~sound.audible).mean())


def lead_in(sound: Sound) -> float:
    """Seconds before the first sound."""
    heard = np.flatnonzero(sound.audible)
    if not len(heard):
        raise ValueError("silence")
    return float(heard[0]) * 0.05


def centroid(sound: Sound) -> float:
    """Centre of the spectrum, Hz: high for a bright sound."""
    power = sound.spectrum
    return float((sound.frequencies * power).sum() / power.sum())


def bass_share(sound: Sound) -> float:
    """Share of the energy below 200 Hz, 0 to 100."""
    power = sound.spectrum
    return 100 * float(power[sound.frequencies < 200].sum() / power.sum())


def noisiness(sound: Sound) -> float:
    """Flatness of the mean spectrum up to 8 kHz, 0 (tones) to 100 (white noise).

    Geometric by arithmetic mean of the power, over bands of ten bins.
    """
    kept = sound.spectrum[2 : int(8_000 / (RATE / 2) * 512)]
    bands = kept[: len(kept) // 10 * 10].reshape(-1, 10).mean(axis=1)
    return 100 * float(np.exp(np.log(bands + 1e-12 * bands.max()).mean()) / bands.mean())


def onsets(sound: Sound) -> float:
    """Sounds that begin, a second."""
    import librosa

    if len(sound.samples) < RATE or not sound.audible.any():
        raise ValueError("too short or silent")
    found = librosa.onset.onset_detect(
        onset_envelope=sound.onset_strength, sr=RATE, hop_length=512, units="frames", delta=0.15
    )
    return len(found) / (len(sound.samples) / RATE)


def tempo(sound: Sound) -> float:
    """Beats a minute, by librosa."""
    import librosa

    if len(sound.samples) < 4 * RATE:
        raise ValueError("too short for a tempo")
    beats = librosa.feature.tempo(onset_envelope=sound.onset_strength, sr=RATE, hop_length=512)
    return float(np.atleast_1d(beats)[0])


def pulse(sound: Sound) -> float:
    """How clear the beat is: autocorrelation of onsets at the tempo's period, -1 to 1."""
    strength = sound.onset_strength - sound.onset_strength.mean()
    period = round(60 / tempo(sound) / sound.step_s)
    around = [_correlation(strength, lag) for lag in (period - 1, period, period + 1)]
    return float(max(around))


def _correlation(values: np.ndarray, lag: int) -> float:
    return float((values[lag:] * values[:-lag]).sum() / np.square(values).sum())


def swell(sound: Sound) -> float:
    """Level of the last third less that of the first third, dB."""
    if len(sound.levels) < 30 or not sound.audible.any():
        raise ValueError("too short or silent")
    third = len(sound.levels) // 3
    power = 10 ** (np.maximum(sound.levels, -70) / 10)
    return 10 * float(np.log10(power[-third:].mean() / power[:third].mean()))


def _audio(
    name: str,
    family: str,
    unit: str,
    words: tuple[str, str],
    margin: Margin,
    measure: object,
    *needs: Need,
    weight: float = 1.0,
    valid: tuple[float, float] = (-1e9, 1e9),
    pivot: float | None = None,
    askable: bool = True,
    gold: bool = True,
) -> Attribute:
    return Attribute(
        name, "audio", family, unit, *words, margin, measure,
        needs=needs, weight=weight, valid=valid, pivot=pivot, askable=askable, gold=gold,
    )  # fmt: skip


#: Something is heard for most of the time, so that its timbre and rhythm can be compared.
_HEARD: Final = Need("silence_share", most=60)

AUDIO: Final[tuple[Attribute, ...]] = (
    _audio("duration", "length", "s", ("longer", "shorter"), Margin(1, 1.3),
           lambda sound: sound.duration_s),
    _audio("loudness", "loudness", "LUFS", ("louder", "quieter"), Margin(5),
           lambda sound: sound.loudness_lufs, valid=(-69, 10)),
    _audio("dynamics", "dynamics", "dB", ("a wider range of levels", "more even levels"),
           Margin(7, 1.4), dynamics, _HEARD),
    _audio("silence_share", "silence", "per cent", ("more silence", "less silence"),
           Margin(20, 1.5), silence_share),
    _audio("lead_in", "silence", "s", ("begins later", "begins sooner"), Margin(0.6, 2), lead_in,
           weight=1.5),
    _audio("centroid", "timbre", "Hz", ("brighter", "darker"), Margin(500, 1.45), centroid, _HEARD),
    _audio("bass_share", "timbre", "per cent", ("more bass", "less bass"), Margin(25, 1.6),
           bass_share, _HEARD),
    _audio("noisiness", "noise", "points", ("noisier", "more tonal"), Margin(12, 1.8), noisiness,
           _HEARD, gold=False),
    _audio("onsets", "rhythm", "a second", ("busier", "sparser"), Margin(1.2, 1.6), onsets, _HEARD),
    # A tempo and its double are one and the same to many listeners, so both must lie within one
    # octave, and have a beat.
    _audio("tempo", "rhythm", "beats a minute", ("faster", "slower"), Margin(20, 1.25), tempo,
           _HEARD, Need("pulse", least=0.35), Need("tempo", least=70, most=139),
           valid=(40, 240), gold=False),
    _audio("pulse", "rhythm", "correlation", ("a clearer beat", "a vaguer beat"), Margin(0.35),
           pulse, _HEARD, valid=(-1, 1), gold=False),
    _audio("swell", "course", "dB", ("grows louder", "dies away"), Margin(8), swell,
           pivot=0),
    _audio("stereo_width", "space", "share", ("wider", "narrower"), Margin(0.12, 2),
           lambda sound: sound.side, gold=False),
)  # fmt: skip
