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
import pyarrow as pa

from transforms.beamkit import files, tables
from transforms.beamkit.commit import CommitManifest
from transforms.beamkit.counts import Count
from transforms.beamkit.manifest import Manifest, Part
from transforms.beamkit.threads import ThreadedDoFn
from transforms.dedup.decide import Decision, Earlier, decide
from transforms.dedup.likeness import ByPrints, no_prints, row_prints
from transforms.dedup.settings import DedupSettings

PRINTS_ROLE: Final = "prints"
INDEX_ROLE: Final = "index"
DUPLICATES_ROLE: Final = "duplicates"

#: Gives the prepared pairs of one spool file.
ReadPairs = Callable[[Part], pa.Table]
#: Writes a roster at a path.
WriteRoster = Callable[[pa.Table, str], Part]


@dataclass(frozen=True)
class EarlierIndex:
    """The index file of a subset that comes before."""

    subset: str
    part: Part
    same_kind: bool

    def read(self) -> Earlier:
        """Read it."""
        return Earlier(tables.read_ipc(self.part), self.same_kind)


@dataclass(frozen=True)
class SelectTarget:
    """The unit that selects: its name, inputs, folder of work and manifest."""

    unit: str
    inputs: str
    work: str
    manifest: str


@dataclass(frozen=True)
class Spool:
    """How prepared pairs are read and a roster is written: both belong to another stage."""

    role: str
    read: ReadPairs
    write_roster: WriteRoster


class SelectRows(beam.PTransform):
    """Input: the `prepare` manifest of a subset; output: the manifest of its unit `select`."""

    def __init__(
        self,
        subset: str,
        target: SelectTarget,
        wanted: int | None,
        earlier: Sequence[EarlierIndex],
        spool: Spool,
        settings: DedupSettings,
    ) -> None:
        super().__init__()
        self.subset, self.target, self.wanted = subset, target, wanted
        self.earlier, self.spool, self.settings = tuple(earlier), spool, settings

    def expand(self, prepared: beam.PCollection[Manifest]) -> beam.PCollection[Manifest]:
        """Fingerprint file by file, then decide."""
        prints = (
            prepared
            | "Files"
            >> beam.FlatMap(lambda manifest, role: manifest.of_role(role), self.spool.role)
            | "SpreadFiles" >> beam.Reshuffle()
            | "Fingerprint"
            >> beam.ParDo(
                _Fingerprint(self.target.work, self.spool.read, self.settings)
            ).with_output_types(Part)
            | "GatherPrints" >> beam.combiners.ToList()
        )
        decided = prints | "Decide" >> beam.ParDo(
            _Decide(
                self.subset, self.target.work, self.wanted, self.earlier, self.spool, self.settings
            )
        ).with_outputs("counts", main="parts")
        return decided.parts | "CommitSelected" >> CommitManifest(
            self.target.manifest, self.target.unit, self.target.inputs, decided.counts
        )


class _Fingerprint(ThreadedDoFn):
    def __init__(self, work: str, read: ReadPairs, settings: DedupSettings) -> None:
        super().__init__()
        self.folder, self.read, self.settings = work, read, settings

    def work(self, element: Part, one: Any, two: Any) -> Iterable[Part]:
        """The prints of one spool file."""
        prints = row_prints(self.read(element), self.settings)
        yield tables.write_ipc(prints, _path(self.folder, PRINTS_ROLE), PRINTS_ROLE)


class _Decide(beam.DoFn):
    def __init__(
        self,
        subset: str,
        work: str,
        wanted: int | None,
        earlier: Sequence[EarlierIndex],
        spool: Spool,
        settings: DedupSettings,
    ) -> None:
        self.subset, self.folder, self.wanted = subset, work, wanted
        self.earlier, self.spool, self.settings = earlier, spool, settings

    def process(self, element: list[Part]) -> Iterator[Any]:
        """Decide on a subset, and write what was decided."""
        decision = self._decided(element)
        yield self.spool.write_roster(decision.roster, _path(self.folder, "roster"))
        yield tables.write_ipc(decision.index, _path(self.folder, INDEX_ROLE), INDEX_ROLE)
        path = _path(self.folder, DUPLICATES_ROLE, "parquet")
        yield tables.write_parquet(decision.duplicates, path, DUPLICATES_ROLE)
        count: Count
        for count in decision.counts:
            yield beam.pvalue.TaggedOutput("counts", count)

    def _decided(self, parts: Sequence[Part]) -> Decision:
        prints = [tables.read_ipc(part) for part in parts]
        return decide(
            self.subset,
            pa.concat_tables(prints) if prints else no_prints(self.settings),
            {},
            [one.read() for one in self.earlier],
            ByPrints(self.settings),
            self.settings,
            self.wanted,
        )


def _path(folder: str, role: str, end: str = "arrow") -> str:
    """A name that no other attempt has."""
    return files.join(folder, f"{role}-{uuid.uuid4().hex}.{end}")
