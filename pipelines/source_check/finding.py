"""What a check found: differences from what the recipe expects, and what was looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from pipelines.source_check.words import clean

What = Literal[
    "reach", "recipe", "licence", "files", "format", "columns", "types", "records", "media", "count"
]
#: error: a build would stop, or spoil or lose many rows. warning: somebody should look at it. note:
#: good to know.
Severity = Literal["error", "warning", "note"]

_FOUND_LIMIT: Final = 400
_CHANGE_LIMIT: Final = 900


@dataclass(frozen=True)
class Difference:
    """One thing that is not as expected, in words that are safe to show as plain text.

    `change` says what to change, as lines of the recipe or a sentence.
    """

    corpus: str
    what: What
    severity: Severity
    expected: str
    found: str
    change: str

    def __post_init__(self) -> None:
        limits = (("corpus", 60), ("expected", _FOUND_LIMIT), ("found", _FOUND_LIMIT))
        for name, limit in limits:
            object.__setattr__(self, name, clean(getattr(self, name), limit))
        object.__setattr__(self, "change", clean(self.change, _CHANGE_LIMIT, lines=True))


@dataclass(frozen=True)
class Looked:
    """What was looked at. Sizes are bytes.

    `rows` is exact where `rows_exact`, else by the size of the records that were read; None where
    it can't be told. `refused` and `dropped` count records by reason and by rule.
    """

    files: int = 0
    size: int = 0
    bytes_read: int = 0
    rows: int | None = None
    rows_exact: bool = True
    records: int = 0
    pairs: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)
    media: tuple[str, ...] = ()
    commit: str | None = None


@dataclass(frozen=True)
class CorpusReport:
    """The differences of one corpus, and what was looked at to find them."""

    corpus: str
    differences: tuple[Difference, ...]
    looked: Looked = Looked()

    def number(self, severity: Severity) -> int:
        """How many differences are of a severity."""
        return sum(entry.severity == severity for entry in self.differences)

    @property
    def as_expected(self) -> bool:
        """Whether there is nothing but notes."""
        return self.number("error") + self.number("warning") == 0
