"""A clip as measures see it: small frames at even steps for motion, and a few for their looks.

A clip is a video file or a list of frames. Of a file, frames are taken eight times a second of its
first minute, so that motion between neighbours compares between clips of any rate and length.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from transforms.measures.picture import Picture, in_cells, open_picture

#: Frames a second that are looked at, and seconds at most.
STEPS_A_SECOND: Final = 8.0
MAX_SECONDS: Final = 60.0
#: How much, as a share, the mean step may be off: frames are taken where the file has them.
_UNEVEN: Final = 0.1
#: Frames that are decoded at most, whatever a file claims of its rate.
MAX_FRAMES: Final = 8_000
#: Frames of which the looks are taken, and their longer side.
LOOKS: Final = 6
LOOKS_SIDE: Final = 384
#: Cells a side of the small frames.
SMALL: Final = 48


@dataclass(frozen=True)
class Clip:
    """What was taken of a clip.

    Attributes:
        small: steps x 3 x 48 x 48, float32, 0 to 1.
        looks: up to six pictures, evenly spaced.
        step_s: seconds between small frames; more than an eighth where a file has fewer than eight
            a second. Below 0 where a list of frames has no rate: minus the number of frames, so it
            equals that of another clip of as many frames.
        duration_s: of the whole clip; NaN where it isn't known.
        fps: frames a second; NaN where it isn't known.
    """

    small: np.ndarray
    looks: tuple[Picture, ...]
    step_s: float
    duration_s: float
    fps: float

    @cached_property
    def steps(self) -> np.ndarray:
        """Mean distance of colours between neighbouring small frames, per cent, steps - 1."""
        if len(self.small) < 2:
            raise ValueError("a single frame")
        moved: np.ndarray = 100 * np.abs(np.diff(self.small, axis=0)).mean(axis=(1, 2, 3))
        return moved

    @cached_property
    def light(self) -> np.ndarray:
        """Mean brightness of each small frame, per cent."""
        red, green, blue = self.small.mean(axis=(2, 3)).T
        light: np.ndarray = 100 * (0.299 * red + 0.587 * green + 0.114 * blue)
        return light


def open_clip(data: bytes, duration_s: float | None = None, fps: float | None = None) -> Clip:
    """Decode the first minute of a video file.

    `duration_s` and `fps` are facts about the file that the caller has; else the file's own claim
    is taken.

    Raises:
        ValueError: it has no frames. Any error of PyAV: it is no video, or damaged.
    """
    import av

    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        if fps is None:
            fps = float(stream.average_rate or np.nan)
        if duration_s is None:
            known = stream.duration is not None and stream.time_base is not None
            duration_s = float(stream.duration * stream.time_base) if known else np.nan  # type: ignore[operator]
        small: list[np.ndarray] = []
        looks: dict[int, Picture] = {}
        taken: list[float] = []
        shown = min(duration_s, MAX_SECONDS) if np.isfinite(duration_s) else LOOKS
        every = max(1, round(shown * STEPS_A_SECOND / LOOKS))
        for number, frame in enumerate(container.decode(stream)):  # type: ignore[union-attr]
            seconds = frame.time if frame.time is not None else number / fps
            begin = taken[0] if taken else seconds
            if seconds - begin >= MAX_SECONDS or number >= MAX_FRAMES:
                break
            if (seconds - begin) * STEPS_A_SECOND < len(small) - 1e-6:
                continue
            taken.append(seconds)
            picture = _reduced(frame)
            if len(small) % every == every // 2 and len(looks) < LOOKS:
                looks[len(small)] = picture
            small.append(_small(picture))
    if not small:
        raise ValueError("no frames")
    if not looks:
        looks[0] = picture
    return Clip(np.stack(small), tuple(looks.values()), _mean_step(taken), duration_s, fps)


def _mean_step(taken: list[float]) -> float:
    """Mean time between frames; where it is about what it should be, exactly that."""
    even = 1 / STEPS_A_SECOND
    mean = (taken[-1] - taken[0]) / (len(taken) - 1) if len(taken) > 1 else even
    return even if abs(mean - even) <= _UNEVEN * even else mean


def clip_of_frames(frames: Sequence[bytes], fps: float | None = None) -> Clip:
    """A clip that exists as pictures, at `fps` if that is known.

    Raises:
        ValueError: no frames. OSError: a frame is no picture.
    """
    pictures = [open_picture(data, LOOKS_SIDE) for data in frames]
    small = np.stack([_small(picture) for picture in pictures])
    chosen = np.unique(np.linspace(0, len(pictures) - 1, LOOKS).round().astype(int))
    looks = tuple(pictures[at] for at in chosen)
    if fps is None or not fps > 0:
        return Clip(small, looks, -float(len(frames)), float("nan"), float("nan"))
    return Clip(small, looks, 1 / fps, len(frames) / fps, fps)


def _reduced(frame: object) -> Picture:
    """A frame as a picture of at most `LOOKS_SIDE` pixels a side."""
    width, height = frame.width, frame.height  # type: ignore[attr-defined]
    scale = min(1.0, LOOKS_SIDE / max(width, height))
    rgb = frame.to_ndarray(  # type: ignore[attr-defined]
        width=max(1, round(width * scale)), height=max(1, round(height * scale)), format="rgb24"
    )
    return Picture(rgb, (width, height))


def _small(picture: Picture) -> np.ndarray:
    height, width = picture.pixels.shape[:2]
    if min(height, width) < SMALL:
        raise ValueError(f"{width} x {height} pixels are too few")
    planes = picture.pixels.transpose(2, 0, 1)
    return np.stack([in_cells(plane.astype(np.float32), SMALL) for plane in planes]) / 255
