"""WAV of 16 bits: what every model that hears can be sent."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterable
from typing import Final

import numpy as np

from transforms.media.audio.flac import Samples

_SCALE: Final = 32_768.0


def encode_wav(blocks: Iterable[Samples], rate: int, channels: int) -> bytes:
    """A WAV file of blocks of samples (samples, channels), clipped to [-1, 1].

    Rounded to 16 bits without dither, so samples that had 16 bits or fewer stay what they are.
    """
    sink = io.BytesIO()
    with wave.open(sink, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        for block in blocks:
            numbers = np.rint(block.astype(np.float64) * _SCALE)
            file.writeframes(np.clip(numbers, -_SCALE, _SCALE - 1).astype("<i2").tobytes())
    return sink.getvalue()
