"""The composite of the stage: a roster of pairs becomes a roster of rows under criteria.

What an origin needs of a pair is read where the spool files lie, in parallel. Labelling runs on one
worker, since what limits it is a provider's rate or a small join; or in as many lanes as the origin
says. The unit's files: the roster, the label table, dead letters.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from typing import Any, Final

import apache_beam as beam
import polars as pl
import pyarrow as pa

from transforms.beamkit import files, tables
from transforms.beamkit.commit import CommitManifest
from transforms.beamkit.counts import Count
from transforms.beamkit.gather import Gather
from transforms.beamkit.manifest import Manifest, Part
from transforms.beamkit.threads import ThreadedDoFn
from transforms.beamkit.unit import Books, EachFile, UnitTarget
from transforms.relabel.origin import RELABEL, Labeller, Origin, roster_of, shared

LABELS_ROLE: Final = "labels"
LOOKED_ROLE: Final = "looked"
_ROWS: Final = "rows"


class RelabelRows(beam.PTransform):
    """Input: the `select` manifest of a subset; output: the manifest of its unit `relabel`."""

    def __init__(
        self,
        subset: str,
        target: UnitTarget,
        wanted: int | None,
        origin: Origin,
        books: Books,
        prepared: beam.PCollection[Manifest],
    ) -> None:
        super().__init__()
        self.subset, self.target, self.wanted = subset, target, wanted
        self.origin, self.books, self.prepared = origin, books, prepared

    def expand(self, selected: beam.PCollection[Manifest]) -> beam.PCollection[Manifest]:
        """Look file by file, then label."""
        roster = beam.pvalue.AsSingleton(selected)
        looked = self.prepared | "Look" >> EachFile(
            self.books.pairs_role, _Look(self.target.work, self.origin, self.books), roster
        )
        work, books = self.target.work, self.books
        label = _Label(self.subset, work, self.wanted, self.origin, books)
        labelled = (
            looked
            | "Labellers" >> beam.ParDo(_Labellers(self.wanted, self.origin, books), roster)
            # What is drawn here is drawn once, however often a lane is tried.
            | "SpreadLanes" >> beam.Reshuffle()
            | "Label" >> beam.ParDo(label, beam.pvalue.AsSingleton(looked), roster)
            .with_outputs("counts", main="parts")
        )  # fmt: skip
        done = (
            labelled.parts
            | "GatherLabelled" >> Gather()
            | "Join" >> beam.FlatMap(_joined, work, books)
        )
        inputs = selected | "Inputs" >> beam.Map(
            lambda manifest, inputs: inputs(manifest), self.target.inputs
        )
        return done | "CommitRelabelled" >> CommitManifest(
            self.target.manifest,
            self.target.unit,
            beam.pvalue.AsSingleton(inputs),
            labelled.counts,
        )


class _Look(ThreadedDoFn):
    def __init__(self, work: str, origin: Origin, books: Books) -> None:
        super().__init__()
        self.folder, self.origin, self.books = work, origin, books

    def work(self, element: Part, one: Any, two: Any) -> Iterable[Part]:
        """What the origin needs of the pairs of one file that are in the roster."""
        pairs = self.books.read_pairs(element, None)
        rows = _in_roster(pairs, self.books.of_pairs(one, pairs))
        looked = self.origin.look(rows)
        for name in ("row_id", "key"):
            if name not in looked.column_names:
                looked = looked.append_column(name, rows[name])
        path = files.join(self.folder, f"{LOOKED_ROLE}-{uuid.uuid4().hex}.arrow")
        yield tables.write_ipc(looked, path, LOOKED_ROLE)


def _in_roster(rows: pa.Table, roster: pa.Table) -> pa.Table:
    """The prepared pairs that are in a roster, each once."""
    wanted = pl.from_arrow(roster.select(["base_id", "key"]))
    keys = pl.from_arrow(rows.select(["row_id", "key"]))
    assert isinstance(wanted, pl.DataFrame)
    assert isinstance(keys, pl.DataFrame)
    found = keys.with_row_index("at").join(
        wanted, left_on=["row_id", "key"], right_on=["base_id", "key"], how="semi"
    )
    at = found.unique(["row_id", "key"], keep="first", maintain_order=True)["at"]
    return rows.take(pa.array(at.to_list(), pa.int64()))


class _Labellers(beam.DoFn):
    def __init__(self, wanted: int | None, origin: Origin, books: Books) -> None:
        self.wanted, self.origin, self.books = wanted, origin, books

    def process(self, element: list[Part], selected: Manifest) -> Iterator[Labeller]:
        """Who labels the pairs of a subset."""
        survivors = _survivors(self.books, selected)
        yield from self.origin.labellers(_aligned(survivors, element), self.wanted)


class _Label(beam.DoFn):
    def __init__(
        self, subset: str, work: str, wanted: int | None, origin: Origin, books: Books
    ) -> None:
        self.subset, self.folder, self.wanted = subset, work, wanted
        self.origin, self.books = origin, books

    def process(self, element: Labeller, looked: list[Part], selected: Manifest) -> Iterator[Any]:
        """Label one labeller's share, and write what came of it."""
        survivors, share = _survivors(self.books, selected), element.share
        pairs = _aligned(survivors, looked)
        if share[1] > 1:
            mine = pa.array(range(share[0], survivors.num_rows, share[1]), pa.int64())
            survivors, pairs = survivors.take(mine), pairs.take(mine)
        wanted = None if self.wanted is None else shared(self.wanted, share)
        labelled = element.label(survivors, pairs, wanted)
        rows = roster_of(survivors, labelled, self.origin.name, self.subset)
        tables_of = ((_ROWS, rows), (LABELS_ROLE, labelled.labels))
        for role, table in (*tables_of, (self.books.dead_role, labelled.dead)):
            path = _path(self.folder, f"lane-{role}", "arrow")
            yield tables.write_ipc(table, path, role)
        count: Count
        for count in labelled.counts or [(RELABEL, "in", survivors.num_rows)]:
            yield beam.pvalue.TaggedOutput("counts", count)


def _joined(parts: list[Part], folder: str, books: Books) -> Iterator[Part]:
    """The files of all lanes as those of the unit; the lanes' own are swept away after it."""

    def read(role: str) -> pa.Table:
        mine = sorted((part for part in parts if part.role == role), key=lambda one: one.digest)
        return pa.concat_tables([tables.read_ipc(part) for part in mine])

    yield books.write_roster(read(_ROWS), _path(folder, "roster", "arrow"))
    yield _write_labels(read(LABELS_ROLE), _path(folder, LABELS_ROLE, "parquet"))
    dead = read(books.dead_role)
    if dead.num_rows:
        yield tables.write_ipc(dead, _path(folder, books.dead_role, "arrow"), books.dead_role)


def _survivors(books: Books, selected: Manifest) -> pa.Table:
    """The roster of the unit before, in order of rank."""
    order = [("rank", "ascending"), ("row_id", "ascending"), ("key", "ascending")]
    return books.read_roster(selected).sort_by(order)


def _path(folder: str, role: str, end: str) -> str:
    return files.join(folder, f"{role}-{uuid.uuid4().hex}.{end}")


def _aligned(survivors: pa.Table, parts: list[Part]) -> pa.Table:
    """What was looked at, row by row as `survivors`."""
    looked = pa.concat_tables([tables.read_ipc(part) for part in parts])
    keys = pl.from_arrow(looked.select(["row_id", "key"]))
    wanted = pl.from_arrow(survivors.select(["base_id", "key"]))
    assert isinstance(keys, pl.DataFrame)
    assert isinstance(wanted, pl.DataFrame)
    at = wanted.join(
        keys.with_row_index("at").unique(["row_id", "key"], keep="first", maintain_order=True),
        left_on=["base_id", "key"],
        right_on=["row_id", "key"],
        how="left",
        maintain_order="left",
    )["at"]
    return looked.take(pa.array(at.to_list(), pa.int64()))


def _write_labels(labels: pa.Table, path: str) -> Part:
    """The label table in canonical order, as Parquet."""
    order = ("pair_id", "criterion", "step", "order")
    ordered = labels.sort_by([(name, "ascending") for name in order])
    return tables.write_parquet(ordered, path, LABELS_ROLE)
