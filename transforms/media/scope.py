"""The rank scope: only drafts whose media lie near the beginning of their archives go on.

A sample of all records needs all of an archive that can only be read from its beginning. Where
that is too much, the recipe names the bytes that may be read, and only what lies in them is ranked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc

from transforms.beamkit.outcome import StageOutput, emit, staged
from transforms.media.containers import within
from transforms.media.locate import MEDIA_COLUMNS, Piece, wanted_media

STAGE: Final = "scope"
RULE: Final = "rank_scope"

#: A medium that lies in the scope: its container and its member.
Place = tuple[str, str]


class KeepInScope(beam.PTransform):
    """Keeps drafts all of whose media lie within the first `scope` bytes of their archives.

    `root` is where the corpus's containers lie. Media outside of archives are in any scope.
    Counts: ``dropped:rank_scope``.
    """

    def __init__(self, root: str, scope: int) -> None:
        super().__init__()
        self.root, self.scope = root, scope

    def expand(self, drafts: beam.PCollection[pa.Table]) -> StageOutput:
        """List what lies in the scope, then filter."""
        inside = (
            drafts
            | "Wanted" >> beam.FlatMap(wanted_media)
            | "ByContainer" >> beam.GroupByKey()
            | "Within" >> beam.FlatMap(_within, self.root, self.scope)
        )
        kept = drafts | "Keep" >> staged(beam.ParDo(_Keep(), beam.pvalue.AsList(inside)))
        return StageOutput.of(kept)


def _within(
    element: tuple[Piece, Iterable[list[str]]], root: str, scope: int
) -> Iterator[list[Place]]:
    (container, _, _), groups = element
    members = {member for group in groups for member in group}
    inside = within(root, container, members, scope)
    yield [(container, member) for member in sorted(inside)]


class _Keep(beam.DoFn):
    def start_bundle(self) -> None:
        self._inside: frozenset[Place] | None = None

    def process(self, element: pa.Table, inside: list[list[Place]]) -> Iterator[object]:
        if self._inside is None:  # made once for all tables of a bundle
            self._inside = frozenset(place for places in inside for place in places)
        kept = element.filter(keep_mask(element, self._inside))
        counts = {
            "in": element.num_rows,
            "out": kept.num_rows,
            f"dropped:{RULE}": element.num_rows - kept.num_rows,
        }
        yield from emit(STAGE, kept, None, counts)


def keep_mask(drafts: pa.Table, inside: frozenset[Place]) -> pa.Array:
    """For each draft whether all of its media are among those that lie in the scope."""
    keep = pa.array([True] * drafts.num_rows, pa.bool_())
    for column in MEDIA_COLUMNS:
        keep = pc.and_(
            keep,
            pa.array(
                [
                    all((ref["container"], ref["member"]) in inside for ref in refs or ())
                    for refs in drafts[column].to_pylist()
                ],
                pa.bool_(),
            ),
        )
    return keep
