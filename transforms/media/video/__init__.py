"""Clips: the functions of the modality are those of `modality`, the rest are its parts."""

from transforms.media.video.modality import (
    describe,
    normalise,
    probe,
    render_for_judge,
    validate,
    warm_up,
)

__all__ = [
    "describe",
    "normalise",
    "probe",
    "render_for_judge",
    "validate",
    "warm_up",
]
