"""What was planted in a sample corpus: how many records are good, and why the others are not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Copy:
    """A planted record that looks like another one of its corpus.

    `key` and `of` are the keys that the adapter gives to its pair and to the original's. `kind`:

    - ``exact``: the same content under another key; ``near``: 1 to 5 % of the words differ (one
      word where there are fewer than twenty), media in another form; ``perceptual``: the same
      text, all media in another form. One of the two must go.
    - ``contradiction``: the same content with the opposite preference.
    - ``same_prompt``, ``boilerplate``: no copy, however like it looks. Both must stay.

    `way` is how it was made: see `reencode`, and the corpus's module.
    """

    key: str
    of: str
    kind: str
    way: str


@dataclass(frozen=True)
class Leak:
    """A planted record made of an item of a sample benchmark (see `benchmarks`).

    `item` is ``<config>/<id>`` of the benchmark; `parts` are what was taken: ``prompt``,
    ``prompt_media``, ``responses`` (both) or ``response`` (one), in the form `way`.
    """

    key: str
    benchmark: str
    item: str
    way: str
    parts: list[str]

    @property
    def contaminates(self) -> bool:
        """Whether the row must go: a prompt's medium without its text is only reported."""
        return self.parts != ["prompt_media"]


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

    Planted only where copies are asked for, and counted as good records, since each by itself is:
    `copies` that deduplication must find, `lookalikes` that it must leave alone, and `leaks` of
    benchmark items. Each original is used once.
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
    copies: list[Copy] = field(default_factory=list)
    lookalikes: list[Copy] = field(default_factory=list)
    leaks: list[Leak] = field(default_factory=list)

    def __post_init__(self) -> None:
        bad, dropped = sum(self.faults.values()), sum(self.dropped.values())
        if self.records != self.good + bad + dropped:
            raise ValueError(
                f"{self.corpus}: {self.records} records, but {self.good} good ones, {bad} faults "
                f"and {dropped} dropped"
            )

    @property
    def rows(self) -> int:
        """Rows of a dataset that wants every pair, copies and leaks included."""
        return (self.good if self.pairs is None else self.pairs) - sum(self.pair_faults.values())

    @property
    def removable(self) -> int:
        """Rows that deduplication and decontamination may take at most.

        One for each copy, both sides of a contradiction (a recipe may drop both), and the leaks.
        """
        both = sum(copy.kind == "contradiction" for copy in self.copies)
        return len(self.copies) + both + sum(leak.contaminates for leak in self.leaks)


@dataclass(frozen=True)
class Corpus:
    """One corpus of the registry.

    `full_scale`: its number of records as published. `write(folder, scale, seed, faults)` writes
    it below `folder` and says what it planted.
    """

    name: str
    full_scale: int
    write: Callable[..., Planted]
    #: Whether `write` takes `copies`, to plant copies and leaks too.
    plants_copies: bool = False
    #: For another layout of a published corpus: which one of the recipe it stands for, and what
    #: the recipe says differently for it (fields of a corpus). Written only when asked for.
    of: str | None = None
    recipe: Mapping[str, Any] = field(default_factory=dict)

    @property
    def recipe_name(self) -> str:
        """The corpus of the shipped recipe that this is or stands for."""
        return self.of or self.name
