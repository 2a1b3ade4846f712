"""What is measured of sounds: loudness by known values, mixing by its equations, fingerprints."""

from __future__ import annotations

import numpy as np
import pytest

from tests.transforms.media.audio_made import Samples, libav, music, sndfile, tone
from transforms.media import audio
from transforms.media.audio.loudness import LoudnessMeter, k_weighting
from transforms.media.audio.mix import mixing, speakers_of
from transforms.media.settings import AudioPolicy

POLICY = AudioPolicy()


def loudness(samples: Samples, rate: int = 48_000, piece: int = 65_536) -> float | None:
    channels = samples.shape[1]
    meter = LoudnessMeter(rate, speakers_of(channels, ()), channels)
    for start in range(0, len(samples), piece):
        meter.add(samples[start : start + piece].astype(np.float32))
    return meter.integrated()


def test_the_filters_are_those_of_the_standard() -> None:
    shelf, high_pass = k_weighting(48_000)
    expected = (1.53512485958697, -2.69169618940638, 1.19839281085285)
    assert np.allclose(shelf[:3], expected, atol=1e-9)
    assert np.allclose(shelf[3:], (1.0, -1.69065929318241, 0.73248077421585), atol=1e-9)
    assert np.allclose(high_pass, (1, -2, 1, 1, -1.99004745483398, 0.99007225036621), atol=1e-9)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000, 96_000])
def test_a_full_scale_tone_in_one_channel(rate: int) -> None:
    found = loudness(tone(5, rate), rate)
    assert found == pytest.approx(-3.01, abs=0.05 if rate >= 16_000 else 0.25)


@pytest.mark.parametrize(
    ("channels", "expected"),
    [
        ((0.1, 0.1), -20.0),  # EBU Tech 3341 case 1, 3 dB louder
        ((0.1,), -23.01),
        ((0.1, 0.1, 0.1, 0.0, 0.0, 0.0), -18.24),
        ((0.0, 0.0, 0.0, 1.0, 0.0, 0.0), None),  # the bass channel is not counted
        ((0.0, 0.0, 0.0, 0.0, 0.1, 0.0), -21.52),  # one behind the listener weighs 1.5 dB more
        ((0.0, 0.0), None),
        ((0.0001, 0.0001), None),  # below the absolute gate
    ],
)
def test_loudness_of_channels(channels: tuple[float, ...], expected: float | None) -> None:
    samples = np.hstack([tone(3, level=level) for level in channels])
    found = loudness(samples)
    assert found == (expected if expected is None else pytest.approx(expected, abs=0.02))


def test_what_is_much_quieter_than_the_rest_is_not_counted() -> None:
    """EBU Tech 3341 case 3: 10 s at -36, 60 s at -23, 10 s at -36 are -23 LUFS."""
    levels = [10 ** (level / 20) for level in (-36, -23, -36)]
    parts = [
        tone(seconds, level=level) for seconds, level in zip((10, 60, 10), levels, strict=True)
    ]
    assert loudness(np.repeat(np.vstack(parts), 2, axis=1)) == pytest.approx(-23.0, abs=0.1)


def test_loudness_does_not_depend_on_the_pieces() -> None:
    samples = music(2.3, 11_025)
    found = [loudness(samples, 11_025, piece) for piece in (65_536, 1_000, 1_102, 77)]
    assert np.ptp(np.array(found, float)) < 1e-9


def test_a_short_sound_is_measured_as_one_block() -> None:
    assert loudness(tone(0.2)) == pytest.approx(-3.01, abs=0.2)


def test_measures_of_a_sound() -> None:
    clipped = np.clip(tone(1.0, level=2.0), -1, 1)
    heard = audio.validate(sndfile(clipped, rate=48_000), POLICY).heard
    found = audio.measures(heard)
    assert found["peak_dbfs"] == pytest.approx(0, abs=0.006)
    assert heard.clipped == pytest.approx(2 / 3, abs=0.01)
    assert found["loudness_lufs"] == pytest.approx(loudness(clipped), abs=0.006)
    silence = audio.validate(sndfile(np.zeros((9_000, 1))), POLICY).heard
    assert audio.measures(silence) == {"loudness_lufs": None, "peak_dbfs": None, "phash": None}
    assert silence.clipped == 0.0


HALF = 0.5**0.5


@pytest.mark.parametrize(
    ("speakers", "expected"),
    [
        (("FL", "FR", "FC"), [[1, 0], [0, 1], [HALF, HALF]]),
        (("FL", "FR", "BL", "BR"), [[1, 0], [0, 1], [HALF, 0], [0, HALF]]),
        (("FL", "FR", "FC", "BC"), [[1, 0], [0, 1], [HALF, HALF], [0.5, 0.5]]),
        (
            ("FL", "FR", "FC", "LFE", "BL", "BR"),
            [[1, 0], [0, 1], [HALF, HALF], [0, 0], [HALF, 0], [0, HALF]],
        ),
    ],
)
def test_mixing_down_to_two(speakers: tuple[str, ...], expected: list[list[float]]) -> None:
    found = mixing(speakers_of(len(speakers), speakers), len(speakers), 2)
    assert found is not None
    assert np.allclose(found, expected)
    mono = mixing(speakers, len(speakers), 1)
    assert mono is not None
    assert np.allclose(mono, np.mean(expected, axis=1, keepdims=True))


def test_one_and_two_channels_are_not_mixed() -> None:
    assert mixing(("FC",), 1, 2) is None
    assert mixing(("FL", "FR"), 2, 2) is None
    assert mixing(("FC",), 1, 1) is None
    unknown = mixing((), 12, 2)
    assert unknown is not None
    assert np.allclose(unknown, 1 / 12)


@pytest.mark.parametrize(("form", "subtype"), [("WAV", "PCM_16"), ("FLAC", "PCM_16")])
def test_the_centre_of_six_channels_goes_to_both_sides(form: str, subtype: str) -> None:
    silent, loud = np.zeros((48_000, 1)), tone(1.0, level=0.5)
    six = np.hstack([silent, silent, loud, loud, silent, silent])
    decoded = audio.validate(sndfile(six, form, subtype, 48_000), POLICY)
    assert decoded.samples is not None
    assert np.abs(decoded.samples - np.repeat(loud * HALF, 2, axis=1)).max() < 0.001


def test_the_order_of_vorbis_is_another() -> None:
    silent, loud = np.zeros((48_000, 1)), tone(1.0, level=0.5)
    left_centre_right = np.hstack([silent, loud, silent])
    decoded = audio.validate(sndfile(left_centre_right, "OGG", "VORBIS", 48_000), POLICY)
    assert decoded.samples is not None
    assert np.abs(decoded.samples[4_000:-4_000]).max(axis=0) == pytest.approx(HALF / 2, abs=0.01)


def test_a_loud_mix_is_scaled_down_as_one() -> None:
    all_loud = np.repeat(tone(1.0, level=0.9), 5, axis=1)
    decoded = audio.validate(sndfile(all_loud, rate=48_000), POLICY)
    assert decoded.samples is not None
    assert np.abs(decoded.samples - tone(1.0)).max() < 0.001


def distance(one: str | None, two: str | None) -> int:
    assert one is not None
    assert two is not None
    return (int(one, 16) ^ int(two, 16)).bit_count()


def phash(data: bytes) -> str | None:
    return audio.validate(data, POLICY).heard.fingerprint


def test_a_fingerprint_survives_codecs_rates_and_levels() -> None:
    sound = music(5.0, channels=1)
    first = phash(sndfile(sound))
    versions = [
        sndfile(sound, "MP3", "MPEG_LAYER_III"),
        sndfile(sound, "OGG", "VORBIS"),
        libav(sound, "mp4", "aac"),
        sndfile(sound * 0.2),
        sndfile(sound, subtype="PCM_U8"),
        sndfile(np.repeat(sound, 2, axis=1)),
        audio.normalise(audio.validate(sndfile(sound), AudioPolicy(rate=16_000)), POLICY).data,
    ]
    assert max(distance(first, phash(data or b"")) for data in versions) <= 6


def test_different_sounds_have_different_fingerprints() -> None:
    sounds = [music(3.0, 16_000, 1, seed) for seed in range(10)]
    prints = [phash(sndfile(sound, rate=16_000)) for sound in sounds]
    apart = [distance(one, two) for n, one in enumerate(prints) for two in prints[:n]]
    assert min(apart) >= 14


def test_what_tells_nothing_has_no_fingerprint() -> None:
    assert phash(sndfile(tone(2.0, 44_100))) is None
    assert phash(sndfile(np.zeros((48_000, 1)))) is None
    assert phash(sndfile(music(0.05))) is None
