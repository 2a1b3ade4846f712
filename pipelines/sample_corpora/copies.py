"""Which records of a corpus are copied and how, and the truth about the copies as they are made."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, NamedTuple, TypedDict, TypeVar

import numpy as np

from pipelines.sample_corpora.benchmarks import ITEMS, Item
from pipelines.sample_corpora.edits import SHARES as EDITS
from pipelines.sample_corpora.planted import Copy, Leak
from pipelines.sample_corpora.scheduling import spread, stream

#: Share of records by kind of copy. `same_prompt` and `boilerplate` must not be removed.
SHARES: Final = {
    "exact": 0.01,
    "near": 0.01,
    "perceptual": 0.01,
    "contradiction": 0.005,
    "same_prompt": 0.01,
    "boilerplate": 0.005,
    "leak": 0.005,
}
LOOKALIKES: Final = ("same_prompt", "boilerplate")
#: An answer that many prompts get.
BOILERPLATE: Final = "I'm sorry, but I can't help with that request."

Ways = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Job:
    """One copy to make: its kind, its way, and its place among those of its kind."""

    kind: str
    way: str
    nth: int

    @property
    def share(self) -> float:
        """The share of words that a near copy has edited."""
        return EDITS[self.nth % len(EDITS)]


class Truth(TypedDict):
    """Fields of `Planted`."""

    copies: list[Copy]
    lookalikes: list[Copy]
    leaks: list[Leak]


@dataclass
class Copies:
    """The copies of one corpus: the job that follows a record, and what was made so far."""

    name: str
    seed: int
    jobs: Mapping[int, Job] = field(default_factory=dict)
    copies: list[Copy] = field(default_factory=list)
    lookalikes: list[Copy] = field(default_factory=list)
    leaks: list[Leak] = field(default_factory=list)

    @classmethod
    def planned(
        cls,
        name: str,
        plain: Sequence[int],
        ways: Ways,
        seed: int,
        wanted: bool = True,
        *,
        each: int = 1,
    ) -> Copies:
        """Lay the copies over the `plain` records, each of which is the original of one at most.

        `ways` says which kinds the corpus has and the ways of each, taken by turns. A kind gets
        its share of the plain records, and every way at least one; none at all unless `wanted`.
        Where `plain` are groups of `each` records, the share is of the records.

        Raises:
            ValueError: there are fewer plain records than copies.
        """
        numbers = {
            kind: max(len(ways[kind]), round(share * each * len(plain)))
            for kind, share in SHARES.items()
            if wanted and ways.get(kind)
        }
        if "leak" in numbers:
            numbers["leak"] = min(numbers["leak"], ITEMS)  # no item leaks twice
        marks = spread(len(plain), numbers, stream(seed, name, "copies"))
        jobs = {
            plain[slot]: Job(mark.code, ways[mark.code][mark.nth % len(ways[mark.code])], mark.nth)
            for slot, mark in marks.items()
        }
        return cls(name, seed, jobs)

    @property
    def made(self) -> int:
        """Copies, lookalikes and leaks so far."""
        return len(self.copies) + len(self.lookalikes) + len(self.leaks)

    @property
    def originals(self) -> Collection[int]:
        """The records that a job follows."""
        return self.jobs.keys()

    def rng(self, job: Job) -> np.random.Generator:
        """Random numbers of one job."""
        return stream(self.seed, self.name, f"copy {job.kind}", job.nth)

    def note(self, job: Job, key: str, of: str) -> None:
        """Record a copy or a lookalike."""
        listed = self.lookalikes if job.kind in LOOKALIKES else self.copies
        listed.append(Copy(key, of, job.kind, job.way))

    def note_leak(self, job: Job, key: str, item: Item, *parts: str) -> None:
        """Record a leak of a benchmark's item."""
        self.leaks.append(Leak(key, item.benchmark, item.name, job.way, list(parts)))

    def truth(self) -> Truth:
        """What was made, as fields of `Planted`."""
        return {"copies": self.copies, "lookalikes": self.lookalikes, "leaks": self.leaks}


PairT = TypeVar("PairT")


class Made(NamedTuple, Generic[PairT]):
    """A pair made for a job; for a leak, of which item and which parts of it."""

    job: Job
    pair: PairT
    leaked: Item | None = None
    parts: Sequence[str] = ()

    @property
    def swapped(self) -> bool:
        """Whether its answers are to stand in the other order than the original's."""
        return (self.job.kind, self.job.way) == ("exact", "swapped")

    def note(self, copies: Copies, key: str, of: str) -> None:
        """Record it under the key that its record has; `of` is that of the original."""
        if self.leaked is None:
            copies.note(self.job, key, of)
        else:
            copies.note_leak(self.job, key, self.leaked, *self.parts)


def plain_records(records: int, marks: Collection[int]) -> list[int]:
    """The records without a fault or trap."""
    return [number for number in range(records) if number not in marks]
