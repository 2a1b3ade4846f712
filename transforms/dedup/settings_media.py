"""Settings of near-equality of media: how many bits of two perceptual hashes may differ.

Measured on pictures, clips, sounds and models by other people and on made ones; copies are what a
person would call the same medium. Bits that differ, half and 95 % of copies at most, and of
strangers one in a thousand at least (the share of strangers within the radius is in brackets):

| medium, bits | copies | half | 95 % | radius | strangers, 0.1 % |
|---|---|---|---|---|---|
TABLE
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class PerceptualSettings:
    """When two media count as near-equal. A digest in common always suffices.

    Beyond its digest nothing equals a medium whose hash says little: a blank picture, a clip of
    black frames, a steady tone.
    """

    #: Bits of 64 that two pictures may differ in.
    image_radius: int = 6
    #: Bits of 192 that two clips may differ in, over their three frames.
    video_radius: int = 18
    #: Bits of 64 that two sounds may differ in.
    audio_radius: int = 8
    #: Bits of 256 (shape) and of 64 (colour) that two 3D models may differ in.
    mesh_radius: int = 5
    mesh_colour_radius: int = 8
    #: A model without any colour matches one of the same shape with colour: formats drop it.
    mesh_colour_may_lack: bool = True
    #: Bits of 64 that must be set, and unset, for a hash to say enough of a picture or sound.
    min_bits: int = 16
    #: Frames of the three of a clip that must say enough.
    min_frames: int = 2
    #: Responses of a task whose pictures are edits of one source: edits differ less than its
    #: copies do, so the hash can't tell them apart. ``digest`` calls them equal by digest alone.
    edits: Literal["digest", "hash"] = "digest"
    #: Rows of one hash that a row is compared with at most (those of the lowest places).
    max_links: int = 32

    def __post_init__(self) -> None:
        widths = {
            "image_radius": 64,
            "video_radius": 192,
            "audio_radius": 64,
            "mesh_radius": 256,
            "mesh_colour_radius": 64,
        }
        for name, width in widths.items():
            if not 0 <= getattr(self, name) < width // 2:
                raise ValueError(
                    f"{name}: {getattr(self, name)} is not from 0 to below {width // 2} bits:"
                    " strangers differ in half of them"
                )
        if not 0 <= self.min_bits <= 32:
            raise ValueError(f"min_bits: {self.min_bits} is not from 0 to 32")
        if not 0 <= self.min_frames <= 3:
            raise ValueError(f"min_frames: {self.min_frames} is not from 0 to 3")
        if self.edits not in ("digest", "hash"):
            raise ValueError(f"edits: {self.edits!r} is none of digest, hash")
        if self.max_links < 1:
            raise ValueError(f"max_links: {self.max_links} is less than 1")
