"""The composite of the row rules: a roster becomes that of the rows that break none of them.

Rows are judged where the spool files lie, in parallel; what is gathered are verdicts on the few
that are refused. The unit's files: the roster, dead letters.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

import apache_beam as beam
import numpy as np
import polars as pl
import pyarrow as pa

from schemas.dead_letter import DeadLetter, dead_letter_table
from transforms.beamkit import files, tables
from transforms.beamkit.commit import CommitManifest
from transforms.beamkit.manifest import Manifest, Part
from transforms.beamkit.threads import ThreadedDoFn
from transforms.beamkit.unit import Books, EachFile, UnitTarget
from transforms.quality.rules.frame import RULE_COLUMNS, rule_frame
from transforms.quality.rules.judge import VERDICT_SCHEMA, judge
from transforms.quality.rules.rule import Subject
from transforms.quality.rules.screen import unbreakable
from transforms.quality.settings import RuleSettings

QUALITY: Final = "quality"
_VERDICTS: Final = "verdicts"
_ROW: Final = ["row_id", "key"]


class CheckRows(beam.PTransform):
    """Input: the manifest of the unit whose roster is checked; output: that of its own unit."""

    def __init__(
        self,
        subject: Subject,
        target: UnitTarget,
        rules: RuleSettings,
        books: Books,
        prepared: beam.PCollection[Manifest],
    ) -> None:
        super().__init__()
        self.subject, self.target, self.rules = subject, target, rules
        self.books, self.prepared = books, prepared

    def expand(self, before: beam.PCollection[Manifest]) -> beam.PCollection[Manifest]:
        """Judge file by file, then take out what was refused."""
        roster = beam.pvalue.AsSingleton(before)
        verdicts = self.prepared | "Judge" >> EachFile(
            self.books.pairs_role,
            _Judge(self.target.work, self.subject, self.rules, self.books),
            roster,
        )
        done = verdicts | "TakeOut" >> beam.ParDo(
            _TakeOut(self.target.work, self.subject, self.books), roster
        ).with_outputs("counts", main="parts")
        inputs = before | "Inputs" >> beam.Map(
            lambda manifest, inputs: inputs(manifest), self.target.inputs
        )
        return done.parts | "CommitChecked" >> CommitManifest(
            self.target.manifest, self.target.unit, beam.pvalue.AsSingleton(inputs), done.counts
        )


class _Judge(ThreadedDoFn):
    def __init__(self, work: str, subject: Subject, rules: RuleSettings, books: Books) -> None:
        super().__init__()
        self.folder, self.subject, self.rules, self.books = work, subject, rules, books

    def work(self, element: Part, one: Any, two: Any) -> Iterable[Part]:
        """The verdicts on one file's rows, if any is refused."""
        pairs = self.books.read_pairs(element, RULE_COLUMNS)
        roster = self.books.of_pairs(one, pairs)
        frame = rule_frame(pairs, roster)
        verdicts = judge(frame, self.rules, self.subject, unbreakable(pairs, roster))
        if verdicts.height:
            path = _path(self.folder, _VERDICTS)
            table = verdicts.to_arrow(compat_level=pl.CompatLevel.oldest())
            yield tables.write_ipc(table.cast(_verdict_schema()), path, _VERDICTS)


class _TakeOut(beam.DoFn):
    def __init__(self, work: str, subject: Subject, books: Books) -> None:
        self.folder, self.subject, self.books = work, subject, books

    def process(self, element: list[Part], before: Manifest) -> Iterator[Any]:
        """Write the roster of what stays, and dead letters of what does not."""
        roster = self.books.read_roster(before)
        refused, stays = split_roster(roster, [tables.read_ipc(part) for part in element])
        yield self.books.write_roster(stays, _path(self.folder, "roster"))
        if refused:
            letters = dead_letter_table(
                DeadLetter(QUALITY, self.subject.subset, self.subject.corpus, where="", **one)
                for one in refused
            )
            role = self.books.dead_role
            yield tables.write_ipc(letters, _path(self.folder, role), role)
        reasons = Counter(one["reason"] for one in refused)
        counts = [("in", roster.num_rows), ("out", stays.num_rows)]
        counts += [(f"dead:{reason}", number) for reason, number in sorted(reasons.items())]
        for what, number in counts:
            yield beam.pvalue.TaggedOutput("counts", (QUALITY, what, number))


def split_roster(
    roster: pa.Table, verdicts: Iterable[pa.Table]
) -> tuple[list[dict[str, str]], pa.Table]:
    """What is refused (key, reason, message, seen of each row), and the roster of what stays."""
    frames = [pl.DataFrame(table) for table in verdicts]
    told = pl.concat([VERDICT_SCHEMA.to_frame(), *frames]).unique(_ROW, keep="first")
    keys = pl.DataFrame(roster.select(_ROW)).with_row_index("at")
    refused = keys.join(told, on=_ROW, maintain_order="left")
    rows = refused.select("key", "reason", "message", "seen").to_dicts()
    if not rows:
        return rows, roster
    stays = np.delete(np.arange(roster.num_rows), refused["at"].to_numpy())
    return rows, roster.take(pa.array(stays))


def _verdict_schema() -> pa.Schema:
    return pa.schema([pa.field(name, pa.string()) for name in VERDICT_SCHEMA])


def _path(folder: str, role: str) -> str:
    """A name that no other attempt has."""
    return files.join(folder, f"{role}-{uuid.uuid4().hex}.arrow")
