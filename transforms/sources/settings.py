"""Settings of a corpus: where it is, what it is, and how pairs are drawn from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from schemas.tasks import Annotator


@dataclass(frozen=True)
class PairRule:
    """How a record with more than two responses, or with scores, becomes pairs."""

    #: best-worst: one pair a record. adjacent: neighbours in rank. all: every two responses.
    rule: Literal["best-worst", "adjacent", "all"] = "best-worst"
    #: Least difference of scores, in the corpus's own units; a smaller one is a tie. `all` with a
    #: margin and ties dropped gives every two responses at least so far apart.
    min_margin: float = 0.0
    #: What becomes of ties: dropped and counted, or kept with the preference `tie`.
    ties: Literal["drop", "keep"] = "drop"


@dataclass(frozen=True)
class Candidates:
    """What is drawn where the published set itself says which pairs are meant."""

    #: In place of the corpus's own rule.
    pairs: PairRule = PairRule(rule="all", ties="keep")
    #: In place of the corpus's own, name by name.
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Corpus:
    """One public preference corpus as the recipe names it."""

    adapter: str
    repo: str
    licence: str
    files: tuple[str, ...]
    annotator: Annotator
    revision: str = "main"
    #: A non-commercial licence on any part of it.
    nc: bool = False
    #: Local mirror that is read in place of the Hub: a folder with the same files.
    path: str | None = None
    #: Records at the time of writing, where published; `sources check` reports another number.
    rows: int | None = None
    #: What is to be read is not all on the Hub: it is built from a mirror only.
    needs_mirror: bool = False
    #: Ranks only records whose media lie within so many bytes from the beginning of their archive,
    #: so that a sample of a huge archive is taken without reading all of it; null ranks all.
    rank_scope: int | None = None
    pairs: PairRule = PairRule()
    #: What only this adapter knows; checked against the adapter's own `Options`.
    options: Mapping[str, Any] = field(default_factory=dict)
    #: For subsets whose criteria are read from the published set; null: as for all others.
    published: Candidates | None = None

    def __post_init__(self) -> None:
        if self.rank_scope is not None and self.rank_scope < 1:
            raise ValueError("rank_scope is a number of bytes, or null for all of an archive")

    def read_for(self, criteria: str | None) -> Corpus:
        """The corpus as it is read for a subset, by where the subset's criteria come from."""
        found, plain = self.published, replace(self, published=None)
        if criteria != "published" or found is None:
            return plain
        return replace(plain, pairs=found.pairs, options={**self.options, **found.options})
