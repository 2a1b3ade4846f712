"""Pictures: the functions of the modality are those of `modality`, the rest are its parts."""

from transforms.media.image.modality import (
    CHANGES,
    DecodedImage,
    describe,
    normalise,
    probe,
    render_for_judge,
    validate,
    warm_up,
)

__all__ = [
    "CHANGES",
    "DecodedImage",
    "describe",
    "normalise",
    "probe",
    "render_for_judge",
    "validate",
    "warm_up",
]
