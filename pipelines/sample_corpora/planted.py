"""What was planted in a sample corpus: how many records are good, and why the others are not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Planted:
    """The truth about one written corpus, against which a build is checked.

    `faults`: reason code -> records that must become dead letters for exactly that reason; no
    record carries two. `traps`: name -> good records that are odd and must survive (for archive
    members nobody names: members). Neither holds a zero. `files`: paths below the corpus folder.
    """

    corpus: str
    records: int
    good: int
    faults: dict[str, int]
    traps: dict[str, int]
    files: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.records != self.good + sum(self.faults.values()):
            raise ValueError(
                f"{self.corpus}: {self.records} records, but {self.good} good ones and "
                f"{sum(self.faults.values())} faults"
            )


@dataclass(frozen=True)
class Corpus:
    """One corpus of the registry.

    `full_scale`: its number of records as published. `write(folder, scale, seed, faults)` writes
    it below `folder` and says what it planted.
    """

    name: str
    full_scale: int
    write: Callable[[Path, float, int, bool], Planted]
