"""What was planted in a sample corpus: how many records are good, and why the others are not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Planted:
    """The truth about one written corpus, against which a build is checked.

    `dropped`: rule of the recipe -> sound records that give no pair by it (``tie``); they count
    neither as good nor as faults. `faults`: reason code -> records that must become dead letters
    for exactly that reason; no record carries two. `traps`: name -> good records that are odd and
    must survive (for archive members nobody names: members). None holds a zero. `files`: paths
    below the corpus folder.

    Where a record gives other than one pair: `pairs` that the good records give, and
    `pair_faults`, reason code -> pairs of good records that must become dead letters later on
    (their media, identical responses).
    """

    corpus: str
    records: int
    good: int
    faults: dict[str, int]
    traps: dict[str, int]
    files: tuple[str, ...]
    dropped: dict[str, int] = field(default_factory=dict)
    pairs: int | None = None
    pair_faults: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        bad, dropped = sum(self.faults.values()), sum(self.dropped.values())
        if self.records != self.good + bad + dropped:
            raise ValueError(
                f"{self.corpus}: {self.records} records, but {self.good} good ones, {bad} faults "
                f"and {dropped} dropped"
            )

    @property
    def rows(self) -> int:
        """Rows of a dataset that wants every pair."""
        return (self.good if self.pairs is None else self.pairs) - sum(self.pair_faults.values())


@dataclass(frozen=True)
class Corpus:
    """One corpus of the registry.

    `full_scale`: its number of records as published. `write(folder, scale, seed, faults)` writes
    it below `folder` and says what it planted.
    """

    name: str
    full_scale: int
    write: Callable[[Path, float, int, bool], Planted]
    #: For another layout of a published corpus: which one of the recipe it stands for, and what
    #: the recipe says differently for it (fields of a corpus). Written only when asked for.
    of: str | None = None
    recipe: Mapping[str, Any] = field(default_factory=dict)

    @property
    def recipe_name(self) -> str:
        """The corpus of the shipped recipe that this is or stands for."""
        return self.of or self.name
