"""What every stage gives: rows that go on, dead letters, and counts that add up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc

from transforms.beamkit.counts import Count

DEAD = "dead"
COUNTS = "counts"


class StageOutput(NamedTuple):
    """The three collections of a stage: tables, dead-letter tables, and `Count`s."""

    rows: beam.PCollection[pa.Table]
    dead: beam.PCollection[pa.Table]
    counts: beam.PCollection[Count]

    @staticmethod
    def of(outputs: beam.pvalue.DoOutputsTuple) -> StageOutput:
        """From a ParDo with the tagged outputs `DEAD` and `COUNTS`."""
        return StageOutput(outputs.rows, outputs[DEAD], outputs[COUNTS])


def staged(work: beam.ParDo) -> beam.ParDo:
    """A ParDo of a stage with its three outputs, each with its type.

    Without types Beam pickles whole tables, if only to estimate their size.
    """
    typed = work.with_output_types(pa.Table, **{DEAD: pa.Table, COUNTS: tuple[str, str, int]})
    return typed.with_outputs(DEAD, COUNTS, main="rows")


def emit(
    stage: str,
    rows: pa.Table | None,
    dead: pa.Table | None,
    counts: Mapping[str, int],
) -> Iterable[object]:
    """The elements of one batch, tagged; dead letters are counted by reason here."""
    if rows is not None and rows.num_rows:
        yield rows
    if dead is not None and dead.num_rows:
        yield beam.pvalue.TaggedOutput(DEAD, dead)
        for entry in pc.value_counts(dead["reason"]).to_pylist():
            yield beam.pvalue.TaggedOutput(
                COUNTS, (stage, f"dead:{entry['values']}", entry["counts"])
            )
    for what, number in counts.items():
        if number:
            yield beam.pvalue.TaggedOutput(COUNTS, (stage, what, number))
