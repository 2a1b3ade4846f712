"""EvalMuse as ready pairs, re-released by CodeGoat24 in the UnifiedReward format.

Native layout: ``pairwise/train_data.json``, a list of comparisons of two pictures, and the
pictures, which records name relative to the repository's folder of images. The verdict is a
sentence. How the pairs were chosen from the ratings of EvalMuse is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from schemas.media import MediaRef
from transforms.sources.adapter import need
from transforms.sources.grouped import Member
from transforms.sources.unified_reward import UnifiedRewardAdapter, halves


@dataclass(frozen=True)
class EvalmusePairwiseOptions:
    """Which archive holds the pictures; a folder's name for an unpacked mirror."""

    archive: str = "images.zip"


class EvalmusePairwise(UnifiedRewardAdapter):
    """One record is one pair of pictures."""

    Options: ClassVar[type] = EvalmusePairwiseOptions

    def check(self, record: Mapping[str, Any]) -> None:
        """Refuse what does not compare one picture with one picture."""
        first, _ = halves(record)
        need(len(first) == 1, "malformed_images", f"expected 2 images, found {2 * len(first)}")
        super().check(record)

    def media(self, names: Sequence[str], member: Member) -> tuple[MediaRef, ...]:
        """The picture of one side."""
        archive = EvalmusePairwiseOptions(**self.corpus.options).archive
        return tuple(MediaRef("image", archive, name) for name in names)
