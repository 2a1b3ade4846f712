"""Settings of the origin `measured`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MeasuredSettings:
    """How criteria are written about what was measured."""

    seed: int = 0
    #: Criteria of different families that a pair may have.
    criteria_per_pair: int = 1
    #: Share of criteria that reverse the source's label.
    flip_share: float = 0.5
    #: How many margins the two values must lie apart. Margins are those of transforms/measures.
    #: Flags differ or do not: what lies above 1 is no bar for them.
    min_strength: float = 1.0
    #: The same for gold questions: no judge who looks should be wrong.
    gold_strength: float = 2.0
    #: N x (1 + reserve) pairs are drawn: some differ in nothing that is measured.
    reserve: float = 1.0
    #: Attributes that no criterion is to be about.
    leave_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.criteria_per_pair < 1:
            raise ValueError("criteria_per_pair must be 1 or more")
        if not 0 <= self.flip_share <= 1:
            raise ValueError("flip_share must lie between 0 and 1")
        if self.min_strength < 1:
            raise ValueError("min_strength must be 1 or more: below, nobody sees a difference")
        if self.gold_strength < self.min_strength:
            raise ValueError("gold_strength must not be below min_strength")
