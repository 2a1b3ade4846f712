"""The composite of the stage: prepared pairs become a roster of those that go on.

Prints are made where the spool files lie, in parallel; no text leaves that step. They are gathered
file by file, and decided on by one worker. The unit's files: the roster, what was removed and why,
and the index that later subsets are compared with.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import apache_beam as beam
import polars as pl
import pyarrow as pa

from schemas.contamination import CONTAMINATION_SCHEMA
from transforms.beamkit import files, tables
from transforms.beamkit.commit import CommitManifest
from transforms.beamkit.counts import Count
from transforms.beamkit.manifest import Manifest, Part
from transforms.beamkit.threads import ThreadedDoFn
from transforms.beamkit.unit import Books, EachFile
from transforms.dedup.benchmarks.contaminated import contaminated, contamination_rows
from transforms.dedup.benchmarks.index import FingerprintIndex, load_index
from transforms.dedup.benchmarks.known import KnownFingerprint
from transforms.dedup.decide import Decision, Earlier, decide
from transforms.dedup.likeness import ByPrints, no_prints, printed_columns, row_prints
from transforms.dedup.settings import DedupSettings
from transforms.dedup.settings_benchmarks import DecontaminationSettings

PRINTS_ROLE: Final = "prints"
MATCHES_ROLE: Final = "matches"
CONTAMINATION_ROLE: Final = "contamination"
INDEX_ROLE: Final = "index"
DUPLICATES_ROLE: Final = "duplicates"


@dataclass(frozen=True)
class EarlierIndex:
    """The index file of a subset that comes before, and the roster that it was published by.

    `published` gives the rows of a roster that were published. `rival`: see `Earlier`.
    """

    subset: str
    index: Part
    roster: Part
    published: Callable[[pa.Table], pa.Table]
    rival: bool

    @property
    def inputs(self) -> object:
        """All that what is read depends on."""
        return [self.subset, self.index.digest, self.roster.digest, self.rival]

    def read(self) -> Earlier:
        """Prints of the rows that were published: the reserve removes nothing elsewhere."""
        index, roster = tables.read_ipc(self.index), self.published(tables.read_ipc(self.roster))
        keys = pl.from_arrow(index.select(["row_id", "key"]))
        kept = pl.from_arrow(roster.select(["base_id", "key"]))
        assert isinstance(keys, pl.DataFrame)
        assert isinstance(kept, pl.DataFrame)
        there = keys.with_row_index("at").join(
            kept, left_on=["row_id", "key"], right_on=["base_id", "key"], how="semi",
            maintain_order="left",
        )["at"]  # fmt: skip
        return Earlier(index.take(there.to_arrow()), self.rival)


@dataclass(frozen=True)
class SelectTarget:
    """The unit that selects: its name, inputs, folder of work and manifest."""

    unit: str
    inputs: str
    work: str
    manifest: str


@dataclass(frozen=True)
class Rules:
    """What counts as a copy: of a row of the dataset, and of an item of a benchmark.

    `fingerprints` are those of benchmarks that count: all of them, or nothing is selected.
    """

    dedup: DedupSettings
    decontamination: DecontaminationSettings
    fingerprints: tuple[KnownFingerprint, ...]


class SelectRows(beam.PTransform):
    """Input: the `prepare` manifest of a subset; output: the manifest of its unit `select`.

    The reserve is compared too: a later stage may refuse some of the first N.
    """

    def __init__(
        self,
        subset: str,
        target: SelectTarget,
        earlier: Sequence[EarlierIndex],
        books: Books,
        rules: Rules,
    ) -> None:
        super().__init__()
        self.subset, self.target = subset, target
        self.earlier, self.books, self.rules = tuple(earlier), books, rules

    def expand(self, prepared: beam.PCollection[Manifest]) -> beam.PCollection[Manifest]:
        """Fingerprint file by file, then decide."""
        prints = prepared | "Fingerprint" >> EachFile(
            self.books.pairs_role,
            _Fingerprint(self.subset, self.target.work, self.books, self.rules),
        )
        decided = prints | "Decide" >> beam.ParDo(
            _Decide(self.subset, self.target.work, self.earlier, self.books, self.rules)
        ).with_outputs("counts", main="parts")
        return decided.parts | "CommitSelected" >> CommitManifest(
            self.target.manifest, self.target.unit, self.target.inputs, decided.counts
        )


class _Fingerprint(ThreadedDoFn):
    def __init__(self, subset: str, work: str, books: Books, rules: Rules) -> None:
        super().__init__()
        self.subset, self.folder, self.books, self.rules = subset, work, books, rules
        self._index: FingerprintIndex | None = None

    def setup(self) -> None:
        """Load the benchmarks once a process."""
        super().setup()
        self._index = load_index(self.rules.fingerprints, self.rules.decontamination)

    def work(self, element: Part, one: Any, two: Any) -> Iterable[Part]:
        """The prints of one spool file, and its rows that match items of benchmarks."""
        assert self._index is not None
        looks_up = bool(self._index.names)
        names = None if looks_up else printed_columns(self.rules.dedup)
        rows = self.books.read_pairs(element, names)
        prints = row_prints(rows, self.rules.dedup)
        yield tables.write_ipc(prints, _path(self.folder, PRINTS_ROLE), PRINTS_ROLE)
        if looks_up and rows.num_rows:
            perceptual = self.rules.dedup.perceptual
            matches = contaminated(rows, self._index, self.rules.decontamination, perceptual)
            told = contamination_rows(self.subset, rows, matches)
            if told.num_rows:
                yield tables.write_ipc(told, _path(self.folder, MATCHES_ROLE), MATCHES_ROLE)


class _Decide(beam.DoFn):
    def __init__(
        self,
        subset: str,
        work: str,
        earlier: Sequence[EarlierIndex],
        books: Books,
        rules: Rules,
    ) -> None:
        self.subset, self.folder = subset, work
        self.earlier, self.books, self.rules = earlier, books, rules

    def process(self, element: list[Part]) -> Iterator[Any]:
        """Decide on a subset, and write what was decided."""
        matches = _read_all(element, MATCHES_ROLE, CONTAMINATION_SCHEMA.empty_table())
        decision = self._decided(element, matches)
        yield self.books.write_roster(decision.roster, _path(self.folder, "roster"))
        yield tables.write_ipc(decision.index, _path(self.folder, INDEX_ROLE), INDEX_ROLE)
        order = [(name, "ascending") for name in CONTAMINATION_SCHEMA.names]
        for role, table in (
            (DUPLICATES_ROLE, decision.duplicates),
            (CONTAMINATION_ROLE, matches.sort_by(order)),
        ):
            yield tables.write_parquet(table, _path(self.folder, role, "parquet"), role)
        count: Count
        for count in decision.counts:
            yield beam.pvalue.TaggedOutput("counts", count)

    def _decided(self, parts: Sequence[Part], matches: pa.Table) -> Decision:
        gone = matches.filter(matches["removed"])
        rules = zip(gone["row_id"].to_pylist(), gone["rule"].to_pylist(), strict=True)
        settings = self.rules.dedup
        return decide(
            self.subset,
            _read_all(parts, PRINTS_ROLE, no_prints(settings)),
            dict(sorted(rules)),
            [one.read() for one in self.earlier],
            ByPrints(settings),
            settings,
        )


def _read_all(parts: Sequence[Part], role: str, empty: pa.Table) -> pa.Table:
    """The tables of one role as one."""
    return pa.concat_tables([empty, *(tables.read_ipc(p) for p in parts if p.role == role)])


def _path(folder: str, role: str, end: str = "arrow") -> str:
    """A name that no other attempt has."""
    return files.join(folder, f"{role}-{uuid.uuid4().hex}.{end}")
