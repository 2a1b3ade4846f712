"""The composite of the stage: prepared pairs become canonical shards and a file of dead letters."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.dead_letter import DEAD_LETTER_SCHEMA
from transforms.beamkit import files
from transforms.beamkit.commit import CommitManifest
from transforms.beamkit.digesting import DigestingFile
from transforms.beamkit.gather import Gather
from transforms.beamkit.manifest import Manifest, Part
from transforms.beamkit.threads import ThreadedDoFn
from transforms.writing.cells import Cells
from transforms.writing.plan import shard_count
from transforms.writing.prepared import DEAD_ROLE, PAIRS_ROLE, read_dead, read_shard
from transforms.writing.roster import ROSTER_KEYS, of_shard, positions, read_roster
from transforms.writing.rows import SubsetFacts
from transforms.writing.settings import WritingSettings
from transforms.writing.shard import canonical_order, write_shard

TRIM = "trim"
SHARD_ROLE = "shard"
TRAIN = "train"
VALIDATION = "validation"


class Selection(Protocol):
    """Which rows of a roster stay: decided by an earlier stage on keys alone."""

    def keep(self, rows: pa.Table) -> pa.Table:
        """The rows of one shard that stay."""


CommitInputs = Callable[[Sequence[Manifest]], str]
"""Digest of all inputs of the unit `write`, from the manifests that it is made from."""


@dataclass(frozen=True)
class ShardTask:
    """One shard to write: `number` of `count` of a split."""

    number: int
    count: int
    split: str = TRAIN


@dataclass(frozen=True)
class SubsetTarget:
    """The unit that writes a subset: its folder of work, its manifest, the shards in force.

    `shards` is the count in force of each split that has one, `roster` the unit whose roster is
    written.
    """

    unit: str
    roster: str
    inputs: CommitInputs
    work: str
    manifest: str
    shards: Mapping[str, int] = field(default_factory=dict)


class WriteSubset(beam.PTransform):
    """Writes one subset. Input: the manifests of its earlier units; output: its own.

    `selection` is a singleton collection of a `Selection`. Files get attempt names; what they are
    finally called is said by `final_name` and done by whoever commits the dataset.
    """

    def __init__(
        self,
        target: SubsetTarget,
        facts: SubsetFacts,
        cells: Cells,
        settings: WritingSettings,
        selection: beam.PCollection[Selection],
    ) -> None:
        super().__init__()
        self.target, self.facts, self.cells = target, facts, cells
        self.settings, self.selection = settings, selection

    def expand(self, manifests: beam.PCollection[Manifest]) -> beam.PCollection[Manifest]:
        """Plan on keys, then write shard by shard."""
        selection = beam.pvalue.AsSingleton(self.selection)
        sources = (
            manifests
            | "GatherUnits" >> Gather()
            | "Sources" >> beam.Map(Sources.of, self.target.roster)
        )
        planned = sources | "PlanShards" >> beam.ParDo(
            _Plan(self.settings, self.target.shards), selection
        ).with_outputs("counts", main="tasks")
        shards = (
            planned.tasks
            | "SpreadShards" >> beam.Reshuffle()
            | "WriteShard"
            >> beam.ParDo(
                _WriteShard(self.target.work, self.facts, self.cells, self.settings),
                beam.pvalue.AsSingleton(sources),
                selection,
            ).with_output_types(Part)
        )
        dead = sources | "WriteDeadLetters" >> beam.FlatMap(write_dead, self.target.work)
        inputs = sources | "Inputs" >> beam.Map(
            lambda one, inputs: inputs(one.units), self.target.inputs
        )
        return (
            (shards, dead)
            | "Parts" >> beam.Flatten()
            | "CommitSubset"
            >> CommitManifest(
                self.target.manifest,
                self.target.unit,
                beam.pvalue.AsSingleton(inputs),
                planned.counts,
            )
        )


def final_name(number: int, count: int, split: str = TRAIN) -> str:
    """The published name of a shard."""
    return f"{split}-{number:05d}-of-{count:05d}.parquet"


@dataclass(frozen=True)
class Sources:
    """What a subset is written from: its earlier units, among them the one with the roster."""

    units: tuple[Manifest, ...]
    roster: Manifest

    @staticmethod
    def of(manifests: Sequence[Manifest], roster: str) -> Sources:
        """The manifests in an order that is always the same."""
        units = tuple(sorted(manifests, key=lambda manifest: manifest.unit))
        return Sources(units, next(unit for unit in units if unit.unit == roster))

    def parts(self, role: str) -> list[Part]:
        """Files of one role, whichever unit wrote them."""
        return [part for unit in self.units for part in unit.of_role(role)]


class _Plan(beam.DoFn):
    def __init__(self, settings: WritingSettings, current: Mapping[str, int]) -> None:
        self.settings, self.current = settings, current

    def process(self, element: Sources, selection: Selection) -> Iterator[Any]:
        keys = read_roster(element.roster).select(ROSTER_KEYS)
        kept = selection.keep(keys)
        for split in (TRAIN, VALIDATION):
            rows = kept.filter(pc.equal(kept["split"], split))
            if split == VALIDATION and not rows.num_rows:
                continue
            payload = pc.sum(rows["payload_bytes"]).as_py() or 0
            count = shard_count(payload, self.settings, self.current.get(split))
            for number in range(count):
                yield ShardTask(number, count, split)
        for what, rows in (
            ("in", keys.num_rows),
            ("out", kept.num_rows),
            ("dropped:beyond_target", keys.num_rows - kept.num_rows),
        ):
            yield beam.pvalue.TaggedOutput("counts", (TRIM, what, rows))


class _WriteShard(ThreadedDoFn):
    def __init__(
        self, work: str, facts: SubsetFacts, cells: Cells, settings: WritingSettings
    ) -> None:
        super().__init__()
        self.folder, self.facts, self.cells, self.settings = work, facts, cells, settings

    def work(self, element: ShardTask, one: Any, two: Any) -> Iterable[Part]:
        """Write one shard under an attempt name; its place in the order is in the name."""
        sources, selection = one, two
        rows = read_shard(sources.parts(PAIRS_ROLE), element.number, element.count)
        mine = of_shard(read_roster(sources.roster), element.split, element.number, element.count)
        # Keys alone are put in order and selected: no text is copied before its row group.
        mine = selection.keep(mine).sort_by([("row_id", "ascending"), ("key", "ascending")])
        at = positions(mine, canonical_order(rows), rows)
        name = f"{final_name(element.number, element.count, element.split)}"
        path = files.join(self.folder, f"{name}.attempt-{uuid.uuid4().hex}")
        with files.create(path) as stream:
            sink = write_shard(rows, at, mine, self.facts, self.cells, self.settings, stream)
        return [Part(SHARD_ROLE, path, len(at), sink.tell(), sink.digest)]


_DEAD_ORDER = [
    (name, "ascending") for name in ("stage", "reason", "key", "message", "seen", "where")
]


def write_dead(sources: Sources, folder: str) -> Iterator[Part]:
    """The subset's dead letters in canonical order, and beside them where each was met."""
    letters = read_dead(sources.parts(DEAD_ROLE)).sort_by(_DEAD_ORDER).combine_chunks()
    canonical = letters.drop_columns(["where"]).cast(DEAD_LETTER_SCHEMA)
    for role, table in (("dead", canonical), ("where", letters.select(["key", "where"]))):
        path = files.join(folder, f"{role}.parquet.attempt-{uuid.uuid4().hex}")
        with files.create(path) as stream:
            sink = DigestingFile(stream)
            pq.write_table(table, sink, compression="zstd", row_group_size=10_000)
        yield Part(role, path, table.num_rows, sink.tell(), sink.digest)
