"""What a card says, as plain values: gathered once from a build, rendered without looking again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.cards.licences import Combined, Part


@dataclass(frozen=True)
class SplitFacts:
    """One split of a subset: rows, bytes of its files, bytes of its columns before compression."""

    rows: int
    file_bytes: int
    column_bytes: int
    files: Mapping[str, str]  # name of the shard -> sha256, hex


@dataclass(frozen=True)
class CorpusFacts:
    """A source corpus: what the recipe says of it, and its data card where there is one."""

    name: str
    title: str
    repo: str
    licence: str
    nc: bool
    revision: str
    licence_note: str | None = None
    homepage: str | None = None
    languages: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    citation: str | None = None
    has_card: bool = False

    @property
    def pinned(self) -> bool:
        """Whether the revision names one commit for ever."""
        return len(self.revision) == 40 and set(self.revision) <= set("0123456789abcdef")


@dataclass(frozen=True)
class RowCounts:
    """Rows of a subset by the values of small columns."""

    preference: Mapping[str, int] = field(default_factory=dict)
    annotator: Mapping[str, int] = field(default_factory=dict)
    criterion_origin: Mapping[str, int] = field(default_factory=dict)
    licence: Mapping[str, int] = field(default_factory=dict)
    flipped: int = 0
    nc: int = 0
    with_criterion: int = 0


@dataclass(frozen=True)
class Calibration:
    """How one judge answered gold questions of one task."""

    judge: str
    task: str
    questions: int
    correct: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    position_bias: float


@dataclass(frozen=True)
class LabelFacts:
    """The label table of a subset."""

    rows: int
    file_bytes: int
    column_bytes: int
    #: (origin, model, prompt version, step) -> rows.
    producers: Mapping[tuple[str, str, str, str], int]
    cost_usd: float
    calibration: tuple[Calibration, ...] = ()
    #: Answers of judges to gold questions, whether or not their truth is on record.
    gold_answers: int = 0


@dataclass(frozen=True)
class Matches:
    """Rows that match items of one benchmark by one rule."""

    benchmark: str
    rule: str
    removed: int
    reported: int


@dataclass(frozen=True)
class Benchmark:
    """A benchmark that the dataset was searched for."""

    name: str
    repo: str
    digest: str
    items: int | None
    waived: str | None = None


@dataclass(frozen=True)
class GateFacts:
    """What the gate found; not when: another look at the same build makes no other card."""

    passed: bool
    expectations: int
    #: (subset, expectation, column, wanted, observed) of what failed.
    failures: tuple[tuple[str, str, str, str, str], ...]
    waivers: tuple[str, ...]


@dataclass(frozen=True)
class AuditFacts:
    """One audit of one subject."""

    audit: str
    scope: str
    subject: str
    value: float | None
    low: float | None
    high: float | None
    rows: int | None
    verdict: str
    threshold: str
    note: str


@dataclass(frozen=True)
class ReviewFacts:
    """How far people agreed with the labels of a group of rows: value, low and high end."""

    group: str
    value: str
    rows: int
    agreed: tuple[float | None, float | None, float | None]
    kappa: tuple[float | None, float | None, float | None]


@dataclass(frozen=True)
class SubsetFacts:
    """One subset as it was built."""

    name: str
    task: str
    kind: str
    corpus: str
    revision: str
    target: int | None
    min_count: int
    splits: Mapping[str, SplitFacts]
    counts: Mapping[str, Mapping[str, int]]
    rows_by: RowCounts
    origin: str | None
    example: Mapping[str, Any] | None
    #: Bytes of clips that are files beside the shards.
    clip_bytes: int = 0
    #: Why it holds fewer pairs than its target; empty where it does not.
    short: str = ""
    #: What ``--limit`` cut the target to; None where the recipe's target stands.
    limit: int | None = None
    title: str | None = None
    prose: str | None = None
    #: Rows that the data card names: those of the shipped recipe.
    card_rows: int | None = None
    preference_from: str | None = None
    built_here: str | None = None
    labels: LabelFacts | None = None
    #: (rule, subset of the match) -> rows; None where no such file is there.
    duplicates: Mapping[tuple[str, str], int] | None = None
    contamination: tuple[Matches, ...] | None = None
    inputs: Mapping[str, tuple[int, str]] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Rows of all splits."""
        return sum(split.rows for split in self.splits.values())

    @property
    def file_bytes(self) -> int:
        """Bytes of all shards."""
        return sum(split.file_bytes for split in self.splits.values())

    @property
    def size(self) -> int:
        """Bytes of all shards, and of the clips beside them."""
        return self.file_bytes + self.clip_bytes

    @property
    def shortfall(self) -> int:
        """How many rows are lacking to the target."""
        return max(0, (self.target or 0) - self.rows)


@dataclass(frozen=True)
class CardFacts:
    """All that the cards of a dataset say."""

    name: str
    repo: str
    version: str
    released: str | None
    schema_version: str
    code: str
    recipe_sha256: str
    lock_sha256: str
    runner: str
    machine: str
    libraries: Mapping[str, str]
    settings: Mapping[str, Any]
    subsets: Sequence[SubsetFacts]
    corpora: Mapping[str, CorpusFacts]
    left_out: Mapping[str, str]
    licence: Combined
    benchmarks: Sequence[Benchmark] | None
    gate: GateFacts | None
    audits: Sequence[AuditFacts] | None
    review: Sequence[ReviewFacts] | None
    has_report: bool
    changelog: Sequence[Mapping[str, Any]]

    @property
    def rows(self) -> int:
        """Rows of all subsets."""
        return sum(subset.rows for subset in self.subsets)

    @property
    def splits(self) -> list[str]:
        """The splits that some subset has: train first."""
        found = {split for subset in self.subsets for split in subset.splits}
        return sorted(found, key=lambda split: (split != "train", split))

    def part(self, subset: SubsetFacts) -> Part:
        """The licence of a subset: that of its corpus."""
        corpus = self.corpora[subset.corpus]
        return Part(corpus.licence, corpus.nc)
