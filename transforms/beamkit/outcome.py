"""What every stage gives: rows that go on, dead letters, and counts that add up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc

#: ``(stage, what, how many)``. `what` is ``in``, ``out``, ``dead:<reason>``, ``dropped:<rule>``,
#: or ``note:<name>`` for an observation that loses no record.
Count = tuple[str, str, int]

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


def add_counts(counts: Iterable[Count]) -> dict[str, dict[str, int]]:
    """Sum counts by stage and name: ``{"sources": {"in": 10, "out": 9, "dead:x": 1}}``."""
    total: dict[str, dict[str, int]] = {}
    for stage, what, number in counts:
        names = total.setdefault(stage, {})
        names[what] = names.get(what, 0) + number
    return {stage: dict(sorted(names.items())) for stage, names in sorted(total.items())}


def unbalanced(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Stages where ``in`` is not ``out + dead + dropped``, said in words; empty when all add up."""
    wrong = []
    for stage, names in counts.items():
        came = names.get("in", 0)
        left = sum(
            number
            for what, number in names.items()
            if what == "out" or what.startswith(("dead:", "dropped:"))
        )
        if came != left:
            wrong.append(f"{stage}: {came} in, {left} accounted for")
    return wrong
