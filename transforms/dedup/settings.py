"""Settings of deduplication, groups and the split into train and validation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from transforms.dedup.settings_media import PerceptualSettings
from transforms.dedup.settings_text import NearTextSettings

#: What becomes of one pair with opposite preferences.
Contradictions = Literal["drop", "majority", "tie", "first"]

#: What becomes of copies.
Copies = Literal["remove", "keep"]


@dataclass(frozen=True)
class SplitSettings:
    """A part of the dataset held out, by groups: no group of prompts or media is on both sides."""

    #: Share of the groups; 0 publishes everything as train.
    validation: float = 0.0
    seed: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.validation < 1:
            raise ValueError("validation must be a share from 0 to below 1")


@dataclass(frozen=True)
class DedupSettings:
    """Which pairs count as the same, and what becomes of them."""

    #: remove: exact copies (one pair id in a kind) and near-equal pairs go. keep: only rows of one
    #: id do (a pair of the subset under the same criterion); for what mirrors another dataset.
    copies: Copies = "remove"
    #: drop: every copy of the pair goes. majority: the label of most copies; drop if even.
    #: tie: one copy stays, as a tie. first: the earliest copy stays as it is, and always so where
    #: criteria are published: labels are theirs.
    contradictions: Contradictions = "drop"
    #: Near-equal texts; null compares and groups nothing but exact copies.
    near: NearTextSettings | None = NearTextSettings()
    #: Near-equal media: how far perceptual hashes may be apart.
    perceptual: PerceptualSettings = PerceptualSettings()
    #: Least similarity of prompts where both responses are near-equal media: these say most, and
    #: one word of a short prompt spoils half of its trigrams.
    min_prompt_similarity_of_media: float = 0.3
    split: SplitSettings = SplitSettings()

    def __post_init__(self) -> None:
        if self.copies not in ("remove", "keep"):
            raise ValueError(f"copies: {self.copies!r} is none of remove, keep")
        choices = ("drop", "majority", "tie", "first")
        if self.contradictions not in choices:
            raise ValueError(f"contradictions: {self.contradictions!r} is none of {choices}")
        if not 0 <= self.min_prompt_similarity_of_media <= 1:
            raise ValueError("min_prompt_similarity_of_media must be from 0 to 1")
        if self.near is None and self.split.validation:
            raise ValueError("split.validation needs groups of near-equal prompts: set near")
