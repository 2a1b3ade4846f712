"""Settings of near-equality of media: how many bits of two perceptual hashes may differ.

Measured with real encoders on media by other people (43 pictures, 31 clips, 17 sounds, 9 models)
and made ones (200 pictures, 80 sounds, 80 models). Copies: pictures at 0.5 to 1.5 of their size,
other proportions, JPEG 90 to 40, WebP 60, brightness 0.9 and 1.1, gamma 0.8 and 1.25; clips at x264
crf 28 and 36, half and 1.5 of their size, VP8 in WebM, MPEG-4 in AVI, gamma 1.2, half the frame
rate; sounds as MP3 64 and 128, Vorbis, Opus 48, AAC 64, at 8 to 48 kHz, 12 dB softer, mono; models
as OBJ, STL, OFF, PLY, GLB, turned, in inches, with vertices and faces in another order, subdivided,
decimated by 20 and 50 %, rounded to a thousandth. Bits that differ: for copies the 95th percentile
of the worst kind, for strangers the least and the thousandth part.

| hash | bits | copies, 95 % | radius | strangers: least, 0.1 % | hardest strangers |
|---|---|---|---|---|---|
| picture | 64 | 4 (gamma) | 6 | 12, 19 | one prompt: real 17; made, of 5,520 pairs, 13 |
| clip | 192 | 7 (gamma), 13 (half the rate) | 22 | 50, 62 | one prompt: real 50 |
| sound | 64 | 4 (AAC 64) | 7 | 13, 15 | |
| model, shape | 256 | 4 (reordered) | 5 | 9, 11 | made chairs of one pattern: 1.6 % within |
| model, colour | 64 | 1 (JPEG 50) | 2 | 2, 2 | made textures of one spectrum: 0.5 % within |

So copies are found at 95 % or more for each kind, and no stranger was within a radius but the
models named, which differ in proportions or texture alone. Not found: clips at a third of their
frame rate or less in one of ten cases, sounds with silence of a few tenths of a second put before
them, and crops of 5 % (half of them; those of benchmark items are found by the hashes of crops that
fingerprints hold: 98 to 100 %).

Two edits of one picture differ in fewer bits than copies do: see `edits`.
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
    video_radius: int = 22
    #: Bits of 64 that two sounds may differ in.
    audio_radius: int = 7
    #: Bits of 256 (shape) and of 64 (colour) that two 3D models may differ in.
    mesh_radius: int = 5
    mesh_colour_radius: int = 2
    #: A model without any colour matches one of the same shape with colour: formats drop it.
    mesh_colour_may_lack: bool = True
    #: Bits of 64 that must be set, and unset, for a hash to say enough of a picture or frame (half
    #: are set as a rule, none for a blank one), and of a sound (even ones have no hash at all).
    min_bits: int = 16
    audio_min_bits: int = 8
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
        for name in ("min_bits", "audio_min_bits"):
            if not 0 <= getattr(self, name) <= 32:
                raise ValueError(f"{name}: {getattr(self, name)} is not from 0 to 32")
        if not 0 <= self.min_frames <= 3:
            raise ValueError(f"min_frames: {self.min_frames} is not from 0 to 3")
        if self.edits not in ("digest", "hash"):
            raise ValueError(f"edits: {self.edits!r} is none of digest, hash")
        if self.max_links < 1:
            raise ValueError(f"max_links: {self.max_links} is less than 1")
