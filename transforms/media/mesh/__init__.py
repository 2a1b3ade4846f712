"""3D models: the functions of the modality are those of `modality`, the rest are its parts."""

from transforms.media.mesh.modality import (
    DecodedMesh,
    describe,
    describe_shape,
    normalise,
    probe,
    render_for_judge,
    render_views,
    validate,
)

__all__ = [
    "DecodedMesh",
    "describe",
    "describe_shape",
    "normalise",
    "probe",
    "render_for_judge",
    "render_views",
    "validate",
]
