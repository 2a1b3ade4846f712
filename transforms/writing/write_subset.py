"""The composite of the stage: prepared pairs become canonical shards and a file of dead letters."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.columns import one_array
from schemas.dead_letter import DEAD_LETTER_SCHEMA
from schemas.flight import PREPARED_KEYS
from transforms.beamkit import files
from transforms.beamkit.commit import CommitManifest
from transforms.beamkit.manifest import Manifest, Part
from transforms.beamkit.threads import ThreadedDoFn
from transforms.writing.plan import shard_count
from transforms.writing.prepared import DEAD_ROLE, PAIRS_ROLE, read_dead, read_keys, read_shard
from transforms.writing.rows import Fetch, SubsetFacts
from transforms.writing.settings import WritingSettings
from transforms.writing.shard import DigestingFile, canonical_order, write_shard

TRIM = "trim"
SHARD_ROLE = "shard"


class Selection(Protocol):
    """Which prepared pairs stay: decided by an earlier stage on keys alone."""

    def keep(self, rows: pa.Table) -> pa.Table:
        """The rows of one shard that stay."""


@dataclass(frozen=True)
class ShardTask:
    """One shard to write. `number` of `count`."""

    number: int
    count: int


@dataclass(frozen=True)
class SubsetTarget:
    """The unit that writes a subset: its folder of work, its manifest, the shards in force."""

    unit: str
    inputs: str
    work: str
    manifest: str
    shards: int | None = None


class WriteSubset(beam.PTransform):
    """Writes one subset. Input: its `prepare` manifest; output: its `write` manifest.

    `selection` is a singleton collection of a `Selection`. Files get attempt names; what they
    are finally called is said by `final_name` and done by whoever commits the dataset.
    """

    def __init__(
        self,
        target: SubsetTarget,
        facts: SubsetFacts,
        fetch: Fetch,
        settings: WritingSettings,
        selection: beam.PCollection[Selection],
    ) -> None:
        super().__init__()
        self.target, self.facts, self.fetch = target, facts, fetch
        self.settings, self.selection = settings, selection

    def expand(self, prepared: beam.PCollection[Manifest]) -> beam.PCollection[Manifest]:
        """Plan on keys, then write shard by shard."""
        selection = beam.pvalue.AsSingleton(self.selection)
        manifest = beam.pvalue.AsSingleton(prepared)
        planned = prepared | "PlanShards" >> beam.ParDo(
            _Plan(self.settings, self.target.shards), selection
        ).with_outputs("counts", main="tasks")
        shards = (
            planned.tasks
            | "SpreadShards" >> beam.Reshuffle()
            | "WriteShard"
            >> beam.ParDo(
                _WriteShard(self.target.work, self.facts, self.fetch, self.settings),
                manifest,
                selection,
            ).with_output_types(Part)
        )
        dead = prepared | "WriteDeadLetters" >> beam.FlatMap(write_dead, self.target.work)
        return (
            (shards, dead)
            | "Parts" >> beam.Flatten()
            | "CommitSubset"
            >> CommitManifest(
                self.target.manifest, self.target.unit, self.target.inputs, planned.counts
            )
        )


def final_name(number: int, count: int, split: str = "train") -> str:
    """The published name of a shard."""
    return f"{split}-{number:05d}-of-{count:05d}.parquet"


class _Plan(beam.DoFn):
    def __init__(self, settings: WritingSettings, current: int | None) -> None:
        self.settings, self.current = settings, current

    def process(self, element: Manifest, selection: Selection) -> Iterator[Any]:
        keys = read_keys(element)
        kept = selection.keep(keys)
        payload = pc.sum(kept["payload_bytes"]).as_py() or 0
        count = shard_count(payload, self.settings, self.current)
        for number in range(count):
            yield ShardTask(number, count)
        for what, rows in (
            ("in", keys.num_rows),
            ("out", kept.num_rows),
            ("dropped:beyond_target", keys.num_rows - kept.num_rows),
        ):
            yield beam.pvalue.TaggedOutput("counts", (TRIM, what, rows))


class _WriteShard(ThreadedDoFn):
    def __init__(
        self, work: str, facts: SubsetFacts, fetch: Fetch, settings: WritingSettings
    ) -> None:
        super().__init__()
        self.folder, self.facts, self.fetch, self.settings = work, facts, fetch, settings

    def work(self, element: ShardTask, one: Any, two: Any) -> Iterable[Part]:
        """Write one shard under an attempt name; its place in the order is in the name."""
        manifest, selection = one, two
        rows = read_shard(manifest.of_role(PAIRS_ROLE), element.number, element.count)
        # Keys alone are put in order and selected: no text is copied before its row group.
        # In order first, since which of several equal rows stay must not hang on file names.
        order = canonical_order(rows)
        keys = rows.select(PREPARED_KEYS).take(order).append_column("at", order)
        order = one_array(selection.keep(keys)["at"])
        name = f"{final_name(element.number, element.count)}.attempt-{uuid.uuid4().hex}"
        path = files.join(self.folder, name)
        with files.create(path) as stream:
            sink = write_shard(rows, order, self.facts, self.fetch, self.settings, stream)
        return [Part(SHARD_ROLE, path, len(order), sink.tell(), sink.digest)]


_DEAD_ORDER = [
    (name, "ascending") for name in ("stage", "reason", "key", "message", "seen", "where")
]


def write_dead(manifest: Manifest, folder: str) -> Iterator[Part]:
    """The subset's dead letters in canonical order, and beside them where each was met."""
    letters = read_dead(manifest.of_role(DEAD_ROLE)).sort_by(_DEAD_ORDER).combine_chunks()
    canonical = letters.drop_columns(["where"]).cast(DEAD_LETTER_SCHEMA)
    for role, table in (("dead", canonical), ("where", letters.select(["key", "where"]))):
        path = files.join(folder, f"{role}.parquet.attempt-{uuid.uuid4().hex}")
        with files.create(path) as stream:
            sink = DigestingFile(stream)
            pq.write_table(table, sink, compression="zstd", row_group_size=10_000)
        yield Part(role, path, table.num_rows, sink.tell(), sink.digest)
