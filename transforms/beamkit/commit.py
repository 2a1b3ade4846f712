"""The commit of a unit: gather what its bundles wrote, then put one manifest in place."""

from __future__ import annotations

from collections.abc import Iterable

import apache_beam as beam

from transforms.beamkit.counts import Count, add_counts
from transforms.beamkit.manifest import Manifest, Part, write_manifest


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
        """Hand everything to one worker; a unit has thousands of parts and counts at most."""
        return (
            pcoll.pipeline
            | "Begin" >> beam.Impulse()
            | "WriteManifest"
            >> beam.Map(
                _commit,
                self.path,
                self.unit,
                self.inputs,
                beam.pvalue.AsIter(pcoll),
                beam.pvalue.AsIter(self.counts),
            )
        )


def _commit(
    _: bytes,
    path: str,
    unit: str,
    inputs: str,
    parts: Iterable[Part],
    counts: Iterable[Count],
) -> Manifest:
    ordered = tuple(sorted(parts, key=lambda part: (part.role, part.path)))
    manifest = Manifest(unit=unit, inputs=inputs, parts=ordered, counts=add_counts(counts))
    write_manifest(path, manifest)
    return manifest
