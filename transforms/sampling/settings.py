"""Settings of sampling."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SamplingSettings:
    """N x (1 + reserve) drafts go on to the costly stages; the last trim takes N survivors."""

    reserve: float = 0.05

    def __post_init__(self) -> None:
        if self.reserve < 0:
            raise ValueError("reserve must not be negative")
