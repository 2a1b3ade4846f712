"""What a build reads, fetches and stores: estimated from sizes alone, before anything moves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.planning import SubsetPlan
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub.address import is_hub
from transforms.beamkit.hub.cache import bound, held
from transforms.beamkit.hub.notes import recall_note
from transforms.media.containers.tar_index import KIND as TAR_INDEX
from transforms.sampling.rank import reserved
from transforms.sources.adapter import SourceFile
from transforms.sources.work_unit import WorkUnit

_GZIPPED: Final = (".tar.gz", ".tgz")


@dataclass(frozen=True)
class Load:
    """Bytes of one subset's corpus: an estimate, rather too high than too low.

    `text` and `media` are read of records and of media, `kept` of the media stays in the store.
    `cached` of it all is in the local cache; `on_hub` says whether the rest has to be fetched.
    `at_most`: how many records there are is not known, so all media are counted.
    """

    text: int
    media: int
    kept: int
    cached: int
    on_hub: bool
    at_most: bool = False

    @property
    def fetched(self) -> int:
        """Bytes that move over the network."""
        return max(0, self.text + self.media - self.cached) if self.on_hub else 0

    @property
    def disk(self) -> int:
        """Bytes that the build adds to the output folder and the store, the cache not counted.

        Text is there twice (prepared, in shards), media too (in the store, in shards).
        """
        return 2 * (self.text + self.kept)


def load_of(plan: SubsetPlan) -> Load:
    """Estimate what building a subset reads; footers of Parquet files are looked at for it.

    Raises:
        BuildError: a file is missing, damaged, or not what its name says.
    """
    share = drawn_share(plan)
    records = {unit.file for unit in _each(plan.work_units) if unit.format != "name"}
    projection: Sequence[str] | None = getattr(plan.adapter, "PROJECTION", None)
    text = media = kept = 0
    for source in plan.sources:
        if source.name.lower().endswith(".parquet"):
            columns, cells = _table_bytes(source, projection, share)
            text += columns if source.name in records else 0
            media += cells if plan.has_media else 0
            kept += cells if plan.has_media else 0
        elif source.name in records:
            text += source.size
        elif plan.has_media:
            wanted = min(int(share * source.size), plan.rank_scope or source.size)
            media += _streamed(source, plan.rank_scope) or wanted
            kept += wanted
    on_hub = is_hub(plan.root)
    known = dict(plan.input_digests)
    cached = sum(held(known[source.name]) for source in plan.sources) if on_hub else 0
    at_most = plan.has_media and plan.drawn is not None and not plan.rows
    return Load(text, media, kept, cached, on_hub, at_most)


def drawn_share(plan: SubsetPlan) -> float:
    """The share of a corpus's records whose media are read; 1 where its size is not known."""
    target, rows = plan.drawn, plan.rows
    if target is None or not rows:
        return 1.0
    return min(1.0, reserved(target, plan.sampling.reserve) / rows)


def _each(units: Iterable[WorkUnit]) -> Iterable[WorkUnit]:
    for unit in units:
        yield from _each(unit.parts) if unit.parts else (unit,)


def _streamed(source: SourceFile, scope: int | None) -> int:
    """Bytes of an archive that is read from its beginning; 0 for one read by place."""
    name = source.name.lower()
    by_index = name.endswith(".tar") and recall_note(TAR_INDEX, source.path) is not None
    if by_index or not name.endswith((".tar", *_GZIPPED)):
        return 0
    return min(source.size, scope or source.size)


def _table_bytes(
    source: SourceFile, projection: Sequence[str] | None, share: float
) -> tuple[int, int]:
    """Compressed bytes of a Parquet file: of the columns of records, and of the cells of media.

    A row group's media are read together: it is spared only if none of its rows is drawn.
    """
    with files.open_read(source.path) as stream:
        try:
            meta = pq.read_metadata(stream)
        except (pa.ArrowInvalid, OSError) as error:
            raise BuildError(f"{source.path}: not a readable Parquet file: {error}") from None
    text = cells = 0.0
    for group in map(meta.row_group, range(meta.num_row_groups)):
        hit = 1 - (1 - share) ** group.num_rows
        for chunk in map(group.column, range(group.num_columns)):
            top = chunk.path_in_schema.split(".")[0]
            if projection is None or top in {name.split(".")[0] for name in projection}:
                text += chunk.total_compressed_size
            elif _holds_bytes(chunk):
                cells += hit * chunk.total_compressed_size
    return int(text), int(cells)


def _holds_bytes(chunk: Any) -> bool:
    return chunk.path_in_schema.endswith(".bytes") or (
        chunk.physical_type == "BYTE_ARRAY" and not chunk.is_stats_set
    )


def of_corpus(loads: Sequence[Load], total: int) -> Load:
    """What several subsets of one corpus read together: its records once, media for each."""
    return Load(
        max(load.text for load in loads),
        min(sum(load.media for load in loads), total),
        min(sum(load.kept for load in loads), total),
        max(load.cached for load in loads),
        loads[0].on_hub,
        any(load.at_most for load in loads),
    )


def by_corpus(plans: Sequence[SubsetPlan], loads: Mapping[str, Load]) -> dict[str, Load]:
    """What each corpus on the Hub contributes, its subsets taken together."""
    grouped: dict[str, list[SubsetPlan]] = {}
    for plan in plans:
        if plan.name in loads:
            grouped.setdefault(plan.subset.corpus, []).append(plan)
    return {
        corpus: of_corpus(
            [loads[plan.name] for plan in members],
            sum(source.size for source in members[0].sources),
        )
        for corpus, members in grouped.items()
    }


def disk_peak(loads: Mapping[str, Load]) -> int:
    """The most bytes that the build adds to the disk, the cache of what is fetched included."""
    cached = sum(load.text + load.kept for load in loads.values() if load.on_hub)
    return sum(load.disk for load in loads.values()) + min(bound(), cached)


def hours(size: int, megabits: float) -> float:
    """How long so many bytes take at a bandwidth in megabits a second."""
    return size * 8 / (megabits * 1e6) / 3600
