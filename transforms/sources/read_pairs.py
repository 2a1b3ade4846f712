"""The composite of the stage: work units in, drafts of preference pairs out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import apache_beam as beam

from transforms.beamkit import progress
from transforms.beamkit.outcome import StageOutput, emit, staged
from transforms.beamkit.threads import ThreadedDoFn
from transforms.sources.adapter import Adapter
from transforms.sources.work_unit import WorkUnit

STAGE = "sources"


class ReadPairs(beam.PTransform):
    """Reads the work units of a corpus with its adapter.

    Counts: ``in`` records; ``out`` records that gave pairs; ``dropped:<rule>`` records without a
    pair by a rule of the recipe; ``note:pairs`` pairs that were given.
    """

    def __init__(self, adapter: Adapter, units: Sequence[WorkUnit]) -> None:
        super().__init__()
        self.adapter, self.units = adapter, units

    def expand(self, begin: beam.pvalue.PBegin) -> StageOutput:
        """Spread the units over the workers, then read."""
        outputs = (
            begin
            | "Units" >> beam.Create(list(self.units))
            | "SpreadUnits" >> beam.Reshuffle()
            | "ReadUnit" >> staged(beam.ParDo(_ReadUnit(self.adapter)))
        )
        return StageOutput.of(outputs)


class _ReadUnit(ThreadedDoFn):
    def __init__(self, adapter: Adapter) -> None:
        super().__init__()
        self.adapter = adapter

    def work(self, element: WorkUnit, one: Any, two: Any) -> Iterator[object]:
        """Read one unit, batch by batch."""
        for batch in self.adapter.read(element):
            yield from emit(
                STAGE,
                batch.drafts,
                batch.dead,
                {
                    "in": batch.records,
                    "out": batch.records - batch.dead.num_rows - sum(batch.dropped.values()),
                    **{f"dropped:{rule}": number for rule, number in batch.dropped.items()},
                    "note:pairs": batch.drafts.num_rows,
                    **{f"note:{name}": number for name, number in batch.notes.items()},
                },
            )
        progress.advance("bytes read", element.size)
