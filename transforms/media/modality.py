"""The protocol of a modality: from source bytes to a product that is whole, bounded, in one form.

One package a modality (`image`, `video`, `audio`, `mesh`) offers these functions. A medium's
identity is the digest of its source bytes; the product is what a policy made of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

#: Fields of `schemas.media.INFO_STRUCT`, units as there; the digest is added by whoever stores.
Facts = dict[str, Any]

PolicyT = TypeVar("PolicyT", contravariant=True)  # noqa: PLC0105
Decoded = TypeVar("Decoded")


@dataclass(frozen=True)
class Product:
    """What becomes of a medium under a policy.

    `facts` describe the medium as it is published. `data` are its bytes then, None where the source
    bytes conform and are kept. `changes` names what was done to them, in a fixed order:
    ``("orientation", "colour")``; empty where they are kept.
    """

    facts: Facts
    data: bytes | None = None
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Picture:
    """An encoded picture for a judge: JPEG or PNG bytes, and what it shows (``frame at 1.5 s``)."""

    data: bytes
    caption: str = ""


class ModalityModule(Protocol[PolicyT, Decoded]):
    """What the module of a modality offers. Every function may raise `MediaError` and nothing else.

    All are pure: the same bytes and policy give the same result, whatever ran before.
    """

    def probe(self, data: bytes, policy: PolicyT) -> Facts:
        """What the header says, without decoding; refuses what is no such medium, or a bomb."""

    def validate(self, data: bytes, policy: PolicyT) -> Decoded:
        """One decode of the whole bitstream; refuses what is damaged, cut, or beyond the limits."""

    def describe(self, decoded: Decoded, policy: PolicyT) -> Facts:
        """Facts of the source medium from what was decoded: perceptual hash, loudness ..."""

    def normalise(self, decoded: Decoded, policy: PolicyT) -> Product:
        """The product, made from what was decoded: nothing is decoded a second time for it."""

    def render_for_judge(self, data: bytes, policy: PolicyT, view: Any) -> list[Picture]:
        """Pictures of a published medium for a judge that sees pictures only."""
