"""Attributes of sounds on sounds whose order is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from measures_made import clicks, seconds, tone, wav

from transforms.measures.attribute import measured
from transforms.measures.audio import AUDIO
from transforms.measures.sound import open_sound

KNOWN = {attribute.name: attribute for attribute in AUDIO}
RNG = np.random.default_rng(5)
NOISE = 0.2 * RNG.standard_normal(22_050 * 6).clip(-4, 4)
QUIET = np.zeros(22_050 * 2)
UNEVEN = clicks(12, 100)[
    np.argsort(RNG.permutation(48)).repeat(5_512) * 5_512 + np.tile(np.arange(5_512), 48)
]


def _value(name: str, samples: np.ndarray, **facts: float) -> float:
    return measured(KNOWN[name], open_sound(wav(samples), **facts))


@pytest.mark.parametrize(
    ("name", "more", "less"),
    [
        ("duration", tone(6), tone(2)),
        ("dynamics", tone(6) * np.geomspace(0.05, 1, 22_050 * 6), tone(6)),
        ("silence_share", np.concatenate([tone(2), QUIET, tone(2)]), tone(6)),
        ("lead_in", np.concatenate([QUIET, tone(4)]), tone(6)),
        ("centroid", tone(4, 3_000), tone(4, 400)),
        ("bass_share", tone(4, 90), tone(4, 900)),
        ("noisiness", NOISE, tone(6)),
        ("onsets", clicks(8, 300), clicks(8, 60)),
        ("tempo", clicks(12, 132), clicks(12, 84)),
        ("pulse", clicks(12, 110), UNEVEN),
        ("swell", tone(6) * np.geomspace(0.02, 1, 22_050 * 6), tone(6)),
        ("stereo_width", np.stack([tone(3), tone(3, 660)], 1), np.stack([tone(3)] * 2, 1)),
    ],
)
def test_the_one_that_has_more_has_the_larger_value_by_a_margin(name, more, less):
    larger, smaller = _value(name, more), _value(name, less)
    assert larger > smaller
    assert KNOWN[name].margin.strength(np.array([larger]), np.array([smaller]))[0] >= 1


def test_known_values():
    assert _value("duration", tone(2.5)) == pytest.approx(2.5)
    assert _value("centroid", tone(4, 1_000)) == pytest.approx(1_000, rel=0.02)
    assert _value("tempo", clicks(12, 120)) == pytest.approx(120, rel=0.05)
    assert _value("onsets", clicks(8, 120)) == pytest.approx(2, abs=0.3)
    assert _value("silence_share", np.concatenate([tone(2), QUIET])) == pytest.approx(50, abs=2)
    assert _value("lead_in", np.concatenate([QUIET, tone(1)])) == pytest.approx(2, abs=0.06)
    assert _value("swell", np.concatenate([tone(2), 0.1 * tone(2)])) == pytest.approx(-20, abs=2)
    assert _value("stereo_width", tone(1)) == 0


def test_nothing_heard_begins_at_no_time():
    assert math.isnan(_value("lead_in", np.zeros(22_050)))
    assert math.isnan(_value("lead_in", np.full(22_050, 1e-4)))
    assert _value("silence_share", np.zeros(22_050)) == 100


def test_channels_that_cancel_out_are_heard():
    late = np.concatenate([QUIET, tone(4, 1_000) * np.geomspace(0.05, 1, 22_050 * 4)])
    one, both = late, np.stack([late, -late], 1)
    for name in ("silence_share", "lead_in", "dynamics", "swell", "centroid", "bass_share",
                 "noisiness", "onsets"):  # fmt: skip
        assert _value(name, both) == pytest.approx(_value(name, one), 1e-3, 1e-3), name
    assert _value("stereo_width", both) == pytest.approx(1)


def test_levels_are_those_of_the_channels():
    other = tone(2, 660)
    apart = open_sound(wav(np.stack([tone(2), other], 1))).levels
    same = open_sound(wav(np.stack([tone(2), tone(2)], 1))).levels
    alone = open_sound(wav(tone(2))).levels
    assert same == pytest.approx(alone, abs=1e-3)
    assert apart == pytest.approx(alone, abs=0.2)


def test_loudness_is_a_fact_that_the_caller_has():
    assert _value("loudness", tone(1), loudness_lufs=-17.5) == -17.5
    assert math.isnan(_value("loudness", tone(1)))
    assert math.isnan(_value("loudness", tone(1), loudness_lufs=-70))  # silence


def test_rate_and_level_make_little_difference():
    base = clicks(8, 110) + 0.1 * tone(8, 300)
    at = seconds(8, 44_100)
    other = np.interp(at, seconds(8), base) * 0.5
    for attribute in AUDIO:
        if attribute.name == "loudness":
            continue
        one = measured(attribute, open_sound(wav(base)))
        two = measured(attribute, open_sound(wav(other, 44_100)))
        apart = attribute.margin.strength(np.array([one]), np.array([two]))[0]
        assert apart < 0.5, (attribute.name, one, two)


@pytest.mark.parametrize(
    "samples",
    [np.zeros(22_050), np.zeros(5), tone(0.03), np.ones(22_050), np.zeros((400, 6)),
     np.full(30_000, 1e-7)],
)  # fmt: skip
def test_silence_and_scraps_are_measured_or_null(samples):
    sound = open_sound(wav(samples))
    values = {attribute.name: measured(attribute, sound) for attribute in AUDIO}
    assert values["duration"] == pytest.approx(len(samples) / 22_050)
    assert all(math.isnan(value) or math.isfinite(value) for value in values.values())
