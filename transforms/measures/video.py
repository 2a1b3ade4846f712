"""Attributes of clips, whether video files or lists of frames.

About 60 ms of one core for each second of a 512 x 320 clip, decoding included.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from transforms.measures.attribute import Attribute, Margin, Need, Same
from transforms.measures.clip import Clip
from transforms.measures.image import FRAME, aspect, mean_of
from transforms.measures.picture import Picture

#: A step between frames below this much change (per cent) shows nothing moving.
_STILL: Final = 0.25
#: A cut changes the picture by at least this much (per cent), and many times as much as the steps
#: around it do.
_CUT: Final = 8.0
_CUT_TIMES: Final = 4.0


def _looks(measure: Callable[[Picture], float]) -> Callable[[Clip], float]:
    mean = mean_of(measure)
    return lambda clip: mean(clip.looks)


def motion(clip: Clip) -> float:
    """Mean change from frame to frame, per cent; cuts count as their neighbours do."""
    steps = clip.steps
    return float(np.minimum(steps, 4 * np.median(steps) + _STILL).mean())


def still_share(clip: Clip) -> float:
    """Share of the time in which nothing moves, 0 to 100."""
    return 100 * float((clip.steps < _STILL).mean())


def cuts(clip: Clip) -> float:
    """Number of hard cuts: steps that stand out of the four around them."""
    steps = clip.steps
    padded = np.pad(steps, 2, mode="reflect") if len(steps) > 2 else np.pad(steps, 2)
    around = np.stack([padded[offset : offset + len(steps)] for offset in (0, 1, 3, 4)])
    near = np.sort(around, axis=0)[-2]  # the largest may be another cut
    return float(((steps > _CUT) & (steps > _CUT_TIMES * (near + 0.1))).sum())


def flicker(clip: Clip) -> float:
    """Mean size of the swings of brightness between a frame and the mean of its neighbours."""
    light = clip.light
    if len(light) < 5:
        raise ValueError("too few frames")
    return float(np.abs(light[1:-1] - (light[:-2] + light[2:]) / 2).mean())


def brightening(clip: Clip) -> float:
    """Brightness of the last quarter less that of the first, -100 to 100."""
    quarter = max(1, len(clip.light) // 4)
    if len(clip.light) < 4:
        raise ValueError("too few frames")
    return float(clip.light[-quarter:].mean() - clip.light[:quarter].mean())


def acceleration(clip: Clip) -> float:
    """Change from frame to frame in the second half less that in the first, per cent."""
    half = len(clip.steps) // 2
    if half < 4:
        raise ValueError("too few frames")
    return float(np.median(clip.steps[-half:]) - np.median(clip.steps[:half]))


def journey(clip: Clip) -> float:
    """Distance of colours between the first frames and the last ones, per cent."""
    if len(clip.small) < 4:
        raise ValueError("too few frames")
    return 100 * float(np.abs(clip.small[:2].mean(axis=0) - clip.small[-2:].mean(axis=0)).mean())


def _step(clip: Clip) -> float:
    return clip.step_s


_ALIKE: Final = Same("step_s")

VIDEO: Final[tuple[Attribute, ...]] = (
    Attribute("duration", "video", "length", "s", "longer", "shorter", Margin(1, 1.3),
              lambda clip: clip.duration_s, valid=(0.01, 1e6)),
    Attribute("motion", "video", "motion", "per cent a step", "more motion", "less motion",
              Margin(0.8, 1.8), motion, needs=(_ALIKE,)),
    Attribute("still_share", "video", "motion", "per cent", "still for longer",
              "still for less time", Margin(35), still_share, needs=(_ALIKE,)),
    Attribute("cuts", "video", "cuts", "cuts", "more cuts", "fewer cuts", Margin(1, 1.5), cuts,
              needs=(_ALIKE,), weight=2),
    Attribute("flicker", "video", "flicker", "per cent", "more flicker", "less flicker",
              Margin(0.5, 2.5), flicker, needs=(_ALIKE, Need("cuts", most=1)), gold=False),
    Attribute("brightening", "video", "course", "per cent", "grows brighter", "grows darker",
              Margin(12), brightening, pivot=0),
    Attribute("acceleration", "video", "course", "per cent a step", "motion increases",
              "motion calms down", Margin(1.5), acceleration, needs=(_ALIKE,), pivot=0,
              gold=False),
    Attribute("journey", "video", "course", "per cent", "ends on another picture",
              "ends where it began", Margin(8, 2), journey),
    Attribute("aspect", "video", "format", "width / height", "wider", "taller",
              Margin(0.15, 1.25), lambda clip: aspect(clip.looks[0]), weight=1.5, pivot=1),
    Attribute("fps", "video", "rate", "frames a second", "higher rate", "lower rate",
              Margin(5, 1.5), lambda clip: clip.fps, valid=(0.1, 1_000), askable=False),
    Attribute("step_s", "video", "rate", "s", "coarser steps", "finer steps", Margin(0.01, 1.5),
              _step, askable=False),
    *(replace(each, measure=_looks(each.measure)) for each in FRAME),
)  # fmt: skip
