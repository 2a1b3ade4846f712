"""Attributes of clips on clips whose order is known, as files and as frames."""

from __future__ import annotations

import math

import numpy as np
import pytest
from measures_made import blurred, mp4, png, scene

from transforms.measures.attribute import measured, strengths
from transforms.measures.clip import Clip, clip_of_frames, open_clip
from transforms.measures.video import VIDEO

KNOWN = {attribute.name: attribute for attribute in VIDEO}
SIZE = (192, 144)
STILL = scene(2, SIZE)


def _panned(steps: int, pixels: int, start: int = 0) -> list[np.ndarray]:
    wide = scene(2, (SIZE[0] + steps * pixels + start, SIZE[1]), 120)
    return [wide[:, start + n * pixels :][:, : SIZE[0]] for n in range(steps)]


def _shots(number: int, each: int = 6) -> list[np.ndarray]:
    return [scene(50 + shot, SIZE) for shot in range(number) for _ in range(each)]


def _lit(levels: np.ndarray) -> list[np.ndarray]:
    return [(STILL * level).clip(0, 255).astype(np.uint8) for level in levels]


def _value(name: str, frames: list[np.ndarray], fps: int = 8) -> float:
    return measured(KNOWN[name], open_clip(mp4(frames, fps)))


FLICKER = 1 + 0.15 * (-1.0) ** np.arange(24)


@pytest.mark.parametrize(
    ("name", "more", "less"),
    [
        ("duration", [STILL] * 24, [STILL] * 8),
        ("motion", _panned(24, 6), _panned(24, 1)),
        ("still_share", [STILL] * 24, _panned(24, 3)),
        ("cuts", _shots(4), [STILL] * 24),
        ("cuts", _shots(4), _panned(24, 6)),
        ("flicker", _lit(FLICKER), [STILL] * 24),
        ("brightening", _lit(np.linspace(0.4, 1.2, 24)), _lit(np.linspace(1.2, 0.4, 24))),
        ("acceleration", [STILL] * 12 + _panned(12, 8), _panned(12, 8) + [STILL] * 12),
        ("journey", _shots(2, 12), [STILL] * 24),
        ("aspect", [STILL] * 8, [np.rot90(STILL)] * 8),
        ("brightness", _lit(np.full(8, 1.3)), _lit(np.full(8, 0.5))),
        ("sharpness", [STILL] * 8, [blurred(STILL, 3)] * 8),
        ("colourfulness", [STILL] * 8, [STILL.mean(2, keepdims=True).repeat(3, 2)] * 8),
    ],
)
def test_the_one_that_has_more_has_the_larger_value_by_a_margin(name, more, less):
    larger, smaller = _value(name, more), _value(name, less)
    assert larger > smaller
    assert KNOWN[name].margin.strength(np.array([larger]), np.array([smaller]))[0] >= 1


def test_known_values():
    assert _value("cuts", _shots(4)) == 3
    assert _value("cuts", _panned(24, 6)) == 0
    assert _value("duration", [STILL] * 24) == pytest.approx(3)
    assert _value("still_share", [STILL] * 24) == 100
    assert _value("fps", [STILL] * 24, 12) == pytest.approx(12)


def test_motion_does_not_depend_on_the_rate_of_the_file():
    slow, fast = _panned(24, 4), _panned(96, 1)
    assert _value("motion", fast, 32) == pytest.approx(_value("motion", slow, 8), rel=0.15)


@pytest.mark.parametrize(
    ("fps", "step_s"),
    [(2, 0.5), (4, 0.25), (5, 0.2), (7, 1 / 7), (8, 0.125), (10, 0.125), (24, 0.125), (30, 0.125)],
)
def test_a_step_is_the_time_between_the_frames_that_there_are(fps, step_s):
    clip = open_clip(mp4(_panned(24, 1), fps))
    assert clip.step_s == pytest.approx(step_s, rel=1e-3)


def test_motion_of_a_clip_of_few_frames_a_second_compares_with_none_of_more():
    def columns(frames: list[np.ndarray], fps: int) -> dict[str, np.ndarray]:
        clip = open_clip(mp4(frames, fps))
        return {name: np.array([measured(each, clip)]) for name, each in KNOWN.items()}

    slow, paced = columns(_panned(24, 6), 4), columns(_panned(24, 1), 8)
    other = columns(_panned(24, 1), 4)
    assert slow["motion"] > 2 * paced["motion"]
    assert strengths(KNOWN["motion"], slow, paced) == [0]
    assert strengths(KNOWN["motion"], slow, other)[0] > 1


def test_frames_of_unknown_rate_compare_only_with_as_many():
    frames = [png(frame) for frame in _panned(10, 4)]
    loose, paced = clip_of_frames(frames), clip_of_frames(frames, 5)
    assert loose.step_s == -10
    assert math.isnan(loose.duration_s)
    assert math.isnan(loose.fps)
    assert (paced.step_s, paced.duration_s, paced.fps) == (0.2, 2, 5)
    assert measured(KNOWN["motion"], loose) == measured(KNOWN["motion"], paced) > 1
    assert len(loose.looks) == 6
    assert clip_of_frames(frames[:7]).step_s != loose.step_s
    assert clip_of_frames(frames, 0).step_s == -10  # a rate of nought is none


def test_facts_of_the_caller_go_before_the_file():
    data = mp4([STILL] * 16)
    assert open_clip(data, duration_s=7.5, fps=3).duration_s == 7.5


@pytest.mark.parametrize("number", [1, 2, 3])
def test_short_clips_are_measured_or_null(number):
    clip = clip_of_frames([png(STILL)] * number)
    assert isinstance(clip, Clip)
    values = {attribute.name: measured(attribute, clip) for attribute in VIDEO}
    assert math.isnan(values["flicker"])
    assert math.isnan(values["brightening"])
    assert math.isnan(values["motion"]) == (number == 1)
    assert values["brightness"] > 10
