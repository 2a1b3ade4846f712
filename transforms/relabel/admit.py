"""The composite that lets only those drafts go on that an origin can label at all."""

from __future__ import annotations

from collections.abc import Iterator

import apache_beam as beam
import pyarrow as pa

from transforms.beamkit.outcome import StageOutput, emit, staged
from transforms.relabel.origin import Origin

#: The stage's name in counts.
ADMIT = "admit"


class KeepAdmitted(beam.PTransform):
    """Drafts in, those that the origin admits out; the others are counted, `not_asked_about`."""

    def __init__(self, origin: Origin) -> None:
        super().__init__()
        self.origin = origin

    def expand(self, drafts: beam.PCollection[pa.Table]) -> StageOutput:
        """Table by table."""
        return StageOutput.of(drafts | "Admit" >> staged(beam.ParDo(_Admit(self.origin))))


class _Admit(beam.DoFn):
    def __init__(self, origin: Origin) -> None:
        self.origin = origin

    def process(self, element: pa.Table) -> Iterator[object]:
        mask = self.origin.admits(element)
        kept = element if mask is None else element.filter(mask)
        counts = {
            "in": element.num_rows,
            "out": kept.num_rows,
            "dropped:not_asked_about": element.num_rows - kept.num_rows,
        }
        yield from emit(ADMIT, kept, None, counts)
