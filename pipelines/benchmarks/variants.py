"""Perceptual hashes of a benchmark's medium and of its crops, of media that decode safely only."""

from __future__ import annotations

from schemas.tasks import Modality
from transforms.media.sandbox.runner import Sandbox
from transforms.media.variants import variants as hashes_of


def variants(data: bytes, modality: Modality, sandbox: Sandbox) -> tuple[str, ...]:
    """The hash of a medium, first, and those of its crops; none for what has no hash.

    It is decoded in the sandbox first: what crashes or hangs a decoder ends a process of its own.

    Raises:
        MediaError: the medium can't be decoded, or is beyond the policy's limits.
    """
    sandbox.run(modality, data)
    return tuple(hashes_of(data, modality, getattr(sandbox.policy, modality)))
