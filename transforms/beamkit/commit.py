"""The commit of a unit: gather what its bundles wrote, then put one manifest in place."""

from __future__ import annotations

from collections.abc import Iterable

import apache_beam as beam

from transforms.beamkit import files
from transforms.beamkit.counts import Count, add_counts
from transforms.beamkit.manifest import Manifest, Part


class CommitManifest(beam.PTransform):
    """Collects the parts and counts of a unit and puts its manifest in place.

    Input: the parts. Output: one `Manifest`, when it is on disk. `inputs` may be a side input,
    where what identifies the unit is known only once it runs.
    """

    def __init__(
        self,
        path: str,
        unit: str,
        inputs: str | beam.pvalue.AsSingleton,
        counts: beam.PCollection[Count],
    ) -> None:
        super().__init__()
        self.path, self.unit, self.inputs, self.counts = path, unit, inputs, counts

    def expand(self, pcoll: beam.PCollection[Part]) -> beam.PCollection[Manifest]:
        """Gather everything on one worker; a unit has thousands of parts at most."""
        parts = pcoll | "GatherParts" >> beam.combiners.ToList()
        counts = (
            self.counts
            | "KeyCounts" >> beam.Map(lambda count: ((count[0], count[1]), count[2]))
            | "SumCounts" >> beam.CombinePerKey(sum)
            | "GatherCounts" >> beam.combiners.ToList()
        )
        return parts | "WriteManifest" >> beam.Map(
            _commit, self.path, self.unit, self.inputs, beam.pvalue.AsSingleton(counts)
        )


def _commit(
    parts: Iterable[Part],
    path: str,
    unit: str,
    inputs: str,
    counts: Iterable[tuple[tuple[str, str], int]],
) -> Manifest:
    flat = [(stage, what, number) for (stage, what), number in counts]
    ordered = tuple(sorted(parts, key=lambda part: (part.role, part.path)))
    manifest = Manifest(unit=unit, inputs=inputs, parts=ordered, counts=add_counts(flat))
    files.write_once(path, manifest.to_json())
    return manifest
