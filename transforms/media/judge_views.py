"""How media are shown to a judge: part of a label's cache key, so never changed in silence."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class JudgeView:
    """Rendering parameters; sizes are pixels of the longer side.

    The version is part of cache keys.
    """

    version: str = "1"
    #: A picture is scaled down to this, never up.
    image_side: int = 1024
    #: Frames of a clip, evenly spaced, first and last included.
    frames: int = 8
    frame_side: int = 512
    #: The mel spectrogram of a sound.
    spectrogram_width: int = 1024
    spectrogram_height: int = 256
    #: Views of a mesh, at even angles around the vertical axis.
    mesh_views: int = 4
    mesh_side: int = 512
    jpeg_quality: int = 90
