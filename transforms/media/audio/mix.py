"""Mixing down to two channels or one, by the equations of ITU-R BS.775."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from transforms.media.audio.flac import Samples

#: Loudspeakers that unnamed channels belong to, by their number (RFC 9639 section 9.1.3; WAV and
#: AIFF without a channel mask are meant so too).
USUAL: Final[dict[int, tuple[str, ...]]] = {
    1: ("FC",),
    2: ("FL", "FR"),
    3: ("FL", "FR", "FC"),
    4: ("FL", "FR", "BL", "BR"),
    5: ("FL", "FR", "FC", "BL", "BR"),
    6: ("FL", "FR", "FC", "LFE", "BL", "BR"),
    7: ("FL", "FR", "FC", "LFE", "BC", "SL", "SR"),
    8: ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"),
}

_HALF_POWER: Final = 0.5**0.5

#: Parts of each loudspeaker in (left, right): BS.775-4 annex 4, table 2. A single surround is
#: first given to both sides at half its power. The bass channel is left out, as there.
_STEREO: Final = {
    "FL": (1.0, 0.0),
    "FR": (0.0, 1.0),
    "FC": (_HALF_POWER, _HALF_POWER),
    "LFE": (0.0, 0.0),
    "FLC": (1.0, 0.0),
    "FRC": (0.0, 1.0),
    "BL": (_HALF_POWER, 0.0),
    "BR": (0.0, _HALF_POWER),
    "SL": (_HALF_POWER, 0.0),
    "SR": (0.0, _HALF_POWER),
    "BC": (0.5, 0.5),
}

Matrix = npt.NDArray[np.float32]


def mixed(samples: Samples, matrix: Matrix) -> Samples:
    """Samples (samples, channels) by a matrix (channels, wanted).

    Added up channel by channel: a library of linear algebra would use threads, and might not add
    in the same order on another machine.
    """
    made = np.zeros((matrix.shape[1], len(samples)), np.float32)
    for channel, parts in enumerate(matrix):
        column = np.ascontiguousarray(samples[:, channel])
        for side in np.flatnonzero(parts):
            made[side] += column * parts[side]
    return np.ascontiguousarray(made.T)


def speakers_of(channels: int, named: tuple[str, ...]) -> tuple[str, ...]:
    """The loudspeakers of a sound: as it names them where we know them all, else the usual ones."""
    if len(named) == channels and all(name in _STEREO for name in named):
        return named
    return USUAL.get(channels, ())


def mixing(speakers: tuple[str, ...], channels: int, wanted: int) -> Matrix | None:
    """The matrix (channels, wanted) that samples are multiplied with; None where they stay.

    One and two channels are never mixed up to more; two become one as their mean, so that what is
    on both sides keeps its level.
    """
    if channels <= wanted:
        return None
    if channels == 2:
        stereo = np.eye(2)
    elif len(speakers) == channels:
        stereo = np.array([_STEREO[name] for name in speakers])
    else:  # nothing is known: all to both sides
        stereo = np.full((channels, 2), 1.0 / channels)
    return np.asarray(stereo if wanted == 2 else stereo.mean(axis=1, keepdims=True), np.float32)
