"""Sounds: the functions of the modality are those of `modality`, the rest are its parts."""

from transforms.media.audio.modality import (
    DecodedAudio,
    describe,
    measures,
    normalise,
    probe,
    render_as_sound,
    render_for_judge,
    validate,
    warm_up,
)

__all__ = [
    "DecodedAudio",
    "describe",
    "measures",
    "normalise",
    "probe",
    "render_as_sound",
    "render_for_judge",
    "validate",
    "warm_up",
]
