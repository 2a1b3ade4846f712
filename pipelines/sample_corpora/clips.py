"""True clips made by code: shapes that move over a gradient, each seed its own."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

#: Patches a side of the ground over which a clip's block moves.
_PATCHES = 6


def frames(rng: np.random.Generator, number: int = 8, size: int = 64) -> list[bytes]:
    """The frames of a clip as JPEG files, `size` pixels wide and three quarters as high."""
    files = []
    for pixels in _pixels(rng, number, size):
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=85)
        files.append(file.getvalue())
    return files


def clip(rng: np.random.Generator, number: int = 8, size: int = 64, rate: int = 8) -> bytes:
    """A decodable H.264 clip as the bytes of an MP4 file; `rate` frames a second.

    One encoder thread: x264's bytes depend on their number.
    """
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream(
            "libx264", rate=rate, options={"preset": "ultrafast", "threads": "1"}
        )
        stream.width, stream.height, stream.pix_fmt = size, size * 3 // 4, "yuv420p"
        for pixels in _pixels(rng, number, size):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return file.getvalue()


def _pixels(rng: np.random.Generator, number: int, size: int) -> list[npt.NDArray[np.uint8]]:
    """RGB frames: a gradient with coarse patches, and a block that moves over it.

    Patches differ as much as real scenes do, so that clips are for perceptual hashes too.
    """
    height, width = size * 3 // 4, size
    low, high = rng.integers(0, 128, 3), rng.integers(96, 232, 3)
    slope = np.linspace(0, 1, width, dtype=np.float32)[None, :, None]
    patches = rng.integers(-70, 71, (_PATCHES, _PATCHES, 1))
    tall, wide = -(-height // _PATCHES), -(-width // _PATCHES)
    relief = patches.repeat(tall, axis=0).repeat(wide, axis=1)[:height, :width]
    ground = low + (high - low) * slope + relief + rng.integers(0, 16, (height, width, 1))
    left, top = rng.integers(0, width // 2), rng.integers(0, height // 2)
    across, down = rng.integers(1, 4), rng.integers(-2, 3)
    colour, extent = rng.integers(0, 256, 3), size // 5
    shown = []
    for step in range(number):
        frame = ground.copy()
        x = int((left + across * step) % (width - extent))
        y = int((top + down * step) % (height - extent))
        frame[y : y + extent, x : x + extent] = colour
        shown.append(frame.clip(0, 255).astype(np.uint8))
    return shown
