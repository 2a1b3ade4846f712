"""How FFmpeg scales so that the result does not depend on the processor."""

from __future__ import annotations

from typing import Any


def exactly(method: str) -> Any:
    """The way of scaling of this name (``BICUBIC``, ``AREA``), every processor alike."""
    from av.video.reformatter import Interpolation

    return Interpolation[method] | Interpolation.ACCURATE_RND | Interpolation.BITEXACT
