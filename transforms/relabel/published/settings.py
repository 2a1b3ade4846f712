"""Settings of the published origin: what still counts as the same medium, and bounds of cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PublishedSettings:
    """How published rows are matched to source pairs, and how near misses are looked for."""

    #: Bits of 64 by which perceptual hashes of one picture may differ. Strangers differ in about
    #: 32; half the size or JPEG of quality 50 costs 2 or 3.
    radius: int = 6
    #: Source pairs of one text among which media decide. Beyond them the rest, by pair id, is left
    #: out for media that were re-encoded; equal bytes are found among any number.
    same_text: int = 256
    #: Unmatched rows for which a nearest pair is looked for; the others are listed without one.
    most_misses: int = 5_000
    #: Pairs that are compared in full for each of them.
    candidates: int = 8
    #: A nearest pair that is less similar (0 to 1, mean over the parts) is none.
    least_similarity: float = 0.25

    def __post_init__(self) -> None:
        if not 0 <= self.radius <= 16:
            raise ValueError("radius is a number of bits from 0 to 16; beyond it strangers match")
        for name in ("same_text", "candidates"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        if self.most_misses < 0:
            raise ValueError("most_misses must not be negative; 0 looks for none")
        if not 0 <= self.least_similarity <= 1:
            raise ValueError("least_similarity is a number from 0 to 1")
