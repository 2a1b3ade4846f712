"""Units in the middle of the graph: where they write, and how they work through others' files.

A unit of a stage reads pairs and rosters that belong to another stage; who wires the graph hands it
the functions for that (`Books`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import pyarrow as pa

from transforms.beamkit.gather import Gather
from transforms.beamkit.manifest import Manifest, Part


@dataclass(frozen=True)
class UnitTarget:
    """A unit: its name, folder of work and manifest.

    `inputs` gives the digest of all inputs from the manifest of the unit before it.
    """

    unit: str
    inputs: Callable[[Manifest], str]
    work: str
    manifest: str


@dataclass(frozen=True)
class Books:
    """How prepared pairs and rosters are read and written: both belong to other stages.

    `read_pairs` reads one file, all columns or those named; `of_pairs` finds the rows of a unit's
    roster that belong to what was read.
    """

    pairs_role: str
    dead_role: str
    read_pairs: Callable[[Part, Sequence[str] | None], pa.Table]
    read_roster: Callable[[Manifest], pa.Table]
    of_pairs: Callable[[Manifest, pa.Table], pa.Table]
    write_roster: Callable[[pa.Table, str], Part]


class EachFile(beam.PTransform):
    """Input: manifests. Output: one list of the parts that `work` makes of their files of a role.

    `work` is given the files one by one, wherever there is a worker; `side` are its side inputs.
    """

    def __init__(self, role: str, work: beam.DoFn, *side: Any) -> None:
        super().__init__()
        self.role, self.work, self.side = role, work, side

    def expand(self, manifests: beam.PCollection[Manifest]) -> beam.PCollection[list[Part]]:
        """Spread the files, work, gather."""
        return (
            manifests
            | "Files" >> beam.FlatMap(lambda manifest, role: manifest.of_role(role), self.role)
            | "SpreadFiles" >> beam.Reshuffle()
            | "Work" >> beam.ParDo(self.work, *self.side).with_output_types(Part)
            | "Gather" >> Gather()
        )
