"""The picture of a sound for a judge that hears nothing: its mel spectrogram, with axes."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from transforms.media.audio.flac import Samples
from transforms.media.audio.mel import MelSpectrogram, mel_spectrogram, to_mel
from transforms.media.audio.mix import mixing, speakers_of
from transforms.media.audio.source import Source
from transforms.media.judge_views import JudgeView
from transforms.media.modality import Picture

#: Decibels from black to white. The top follows what is loud (all but a hundredth of the picture),
#: in steps, within bounds: speech can be seen beside a cough, and hiss is not made a storm.
_RANGE: Final = 80
_LOUD_PERCENT: Final = 99
_LOUD_BELOW_PEAK: Final = 20
_TOP_STEP: Final = 10
_TOP_BOUNDS: Final = (-50, 0)
#: A sound that nowhere reaches this is shown, and called, silent.
_SILENT: Final = -90.0

#: Room for the axes, and for the colour bar on the right.
_LEFT, _TOP, _RIGHT, _BOTTOM = 66, 14, 104, 48
_BAR_GAP, _BAR_WIDTH = 16, 18
_TEXT_SIZE: Final = 15
_INK: Final = (30, 30, 30)
_PAPER: Final = (255, 255, 255)
_TICK: Final = 5

_HERTZ_TICKS: Final = (250, 500, 1_000, 2_000, 4_000, 8_000, 16_000)
_TIME_STEPS: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120)
_MAX_TIME_TICKS: Final = 12

#: Dark to bright through violet, red and orange, at even steps: brightness alone tells the level.
_COLOURS: Final = (
    *((0, 0, 4), (28, 16, 68), (79, 18, 123), (129, 37, 129), (181, 54, 122)),
    *((229, 80, 100), (251, 135, 97), (254, 194, 135), (252, 253, 191)),
)

_CHANNELS: Final = {1: "mono", 2: "stereo"}


def draw_spectrogram(source: Source, blocks: Iterable[Samples], view: JudgeView) -> Picture:
    """The picture of an open sound; `blocks` are its samples."""
    stream = source.stream
    matrix = mixing(speakers_of(stream.channels, source.speakers), stream.channels, 2)
    mel = mel_spectrogram(blocks, stream.rate, stream.channels, matrix, view.spectrogram_width)
    silent = ", silent" if mel.decibels.max() < _SILENT else ""
    channels = _CHANNELS.get(stream.channels, f"{stream.channels} channels")
    return Picture(
        _draw(mel, view),
        f"mel spectrogram, {_seconds(mel.seconds)} s, {stream.rate / 1000:g} kHz, "
        f"{channels}{silent}",
    )


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f}" if seconds >= 1 else f"{seconds:.2f}"


def _draw(mel: MelSpectrogram, view: JudgeView) -> bytes:
    width, height = view.spectrogram_width, view.spectrogram_height
    top = _top(mel.decibels)
    levels = (mel.decibels[::-1] - (top - _RANGE)) / _RANGE
    canvas = Image.new("RGB", (_LEFT + width + _RIGHT, _TOP + height + _BOTTOM), _PAPER)
    canvas.paste(_coloured(levels, width, height), (_LEFT, _TOP))
    pen = _Pen(ImageDraw.Draw(canvas), width, height)
    pen.frame(_LEFT, width)
    _time_axis(pen, mel.seconds)
    _pitch_axis(pen, mel.hertz)
    ramp = np.linspace(1.0, 0.0, height)[:, None]
    canvas.paste(_coloured(ramp, _BAR_WIDTH, height), (_LEFT + width + _BAR_GAP, _TOP))
    pen.frame(_LEFT + width + _BAR_GAP, _BAR_WIDTH)
    _level_axis(pen, top)
    sink = io.BytesIO()
    canvas.save(sink, "JPEG", quality=view.jpeg_quality, subsampling=0)
    return sink.getvalue()


def _top(decibels: npt.NDArray[np.float64]) -> int:
    """The level that is shown brightest."""
    low, high = _TOP_BOUNDS
    loud = float(np.percentile(decibels, _LOUD_PERCENT))
    loud = max(loud, float(decibels.max()) - _LOUD_BELOW_PEAK)
    return int(min(high, max(low, -(-loud // _TOP_STEP) * _TOP_STEP)))


def _coloured(levels: npt.NDArray[np.float64], width: int, height: int) -> Image.Image:
    """A picture of levels from 0 (dark) to 1 (bright), first row on top, stretched to a size."""
    numbers = Image.fromarray(np.clip(levels, 0, 1).astype(np.float32))
    stretched = np.asarray(numbers.resize((width, height), Image.Resampling.BILINEAR))
    steps = np.linspace(0, 1, len(_COLOURS))
    bands = [np.interp(stretched, steps, column) for column in np.transpose(_COLOURS)]
    return Image.fromarray(np.rint(np.stack(bands, axis=-1)).astype(np.uint8))


class _Pen:
    """Draws frames, ticks and labels around the spectrogram."""

    def __init__(self, draw: Any, width: int, height: int) -> None:
        self._draw, self.width, self.height = draw, width, height
        self._font = ImageFont.load_default(_TEXT_SIZE)

    def frame(self, left: int, width: int) -> None:
        """A thin line around a field."""
        box = (left - 1, _TOP - 1, left + width, _TOP + self.height)
        self._draw.rectangle(box, outline=_INK)

    def line(self, *points: float) -> None:
        """A tick."""
        self._draw.line(points, fill=_INK)

    def text(self, x: float, y: float, text: str, anchor: str) -> None:
        """A label; `anchor` is Pillow's, such as ``rm`` for its right end, middle height."""
        self._draw.text((x, y), text, font=self._font, fill=_INK, anchor=anchor)


def _time_axis(pen: _Pen, seconds: float) -> None:
    step = next((one for one in _TIME_STEPS if seconds / one <= _MAX_TIME_TICKS), 300)
    bottom = _TOP + pen.height
    places = 2 if step < 0.1 else 1 if step < 1 else 0
    for number in range(int(seconds / step + 1e-9) + 1):
        x = _LEFT + number * step / seconds * (pen.width - 1)
        pen.line(x, bottom, x, bottom + _TICK)
        pen.text(x, bottom + _TICK + 3, f"{number * step:.{places}f}", "ma")
    pen.text(_LEFT + pen.width / 2, bottom + _TICK + 5 + _TEXT_SIZE, "time (s)", "ma")


def _pitch_axis(pen: _Pen, hertz: float) -> None:
    for tick in _HERTZ_TICKS:
        if tick <= hertz:
            share = float(to_mel(tick) / to_mel(hertz))
            y = _TOP + (1 - share) * (pen.height - 1)
            pen.line(_LEFT - _TICK, y, _LEFT, y)
            pen.text(_LEFT - _TICK - 4, y, f"{tick / 1000:g}", "rm")
    y = _TOP + pen.height - 1
    pen.line(_LEFT - _TICK, y, _LEFT, y)
    pen.text(_LEFT - _TICK - 4, y, "0", "rm")
    pen.text(4, _TOP + pen.height + _TICK + 3, "kHz", "la")


def _level_axis(pen: _Pen, top: int) -> None:
    right = _LEFT + pen.width + _BAR_GAP + _BAR_WIDTH
    for below in range(0, _RANGE + 1, 20):
        y = _TOP + below / _RANGE * (pen.height - 1)
        pen.line(right, y, right + _TICK, y)
        pen.text(right + _TICK + 4, y, f"{top - below} dB", "lm")
