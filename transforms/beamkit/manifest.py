"""The commit of a unit: bundle files under attempt names, then one manifest that lists the winners.

A unit is a (stage, subset). Its bundles write files that no other attempt can overwrite; when all
are done one manifest is put in place by rename. Readers follow the manifest and nothing else, so
a killed or retried bundle leaves files that nobody reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

import apache_beam as beam

from transforms.beamkit import files
from transforms.beamkit.outcome import Count, add_counts


@dataclass(frozen=True)
class Part:
    """One file that a bundle wrote: what it holds (`role`), rows and bytes."""

    role: str
    path: str
    rows: int
    size: int
    digest: str = ""


@dataclass(frozen=True)
class Manifest:
    """A finished unit. `inputs` is the digest of all that it was made from."""

    unit: str
    inputs: str
    parts: tuple[Part, ...] = ()
    counts: dict[str, dict[str, int]] = field(default_factory=dict)

    def of_role(self, role: str) -> list[Part]:
        """Its files of one role, in order of path."""
        return sorted((part for part in self.parts if part.role == role), key=lambda p: p.path)

    def to_json(self) -> bytes:
        """As it is written."""
        return json.dumps(asdict(self), indent=1, sort_keys=True).encode()

    @staticmethod
    def from_json(data: bytes) -> Manifest:
        """As it was written."""
        value = json.loads(data)
        parts = tuple(Part(**part) for part in value.pop("parts"))
        return Manifest(parts=parts, **value)


def read_manifest(path: str) -> Manifest | None:
    """The manifest at a path; None where there is none or it was cut short."""
    if not files.exists(path):
        return None
    try:
        return Manifest.from_json(files.read_bytes(path))
    except (ValueError, TypeError, KeyError):
        return None


def finished(path: str, inputs: str) -> Manifest | None:
    """The manifest of a unit that is finished for these inputs, all its files still there."""
    manifest = read_manifest(path)
    if manifest is None or manifest.inputs != inputs:
        return None
    return manifest if all(files.exists(part.path) for part in manifest.parts) else None


class CommitManifest(beam.PTransform):
    """Collects the parts and counts of a unit and puts its manifest in place.

    Input: the parts. Output: one `Manifest`, when it is on disk.
    """

    def __init__(self, path: str, unit: str, inputs: str, counts: beam.PCollection[Count]) -> None:
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
