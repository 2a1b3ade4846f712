"""Clips that are files beside the shards of an output folder: which of them rows name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.dataset.shard import leaves_of
from pipelines.layout import Layout
from pipelines.planning import WRITE
from schemas.clips import CLIP_COLUMNS, CLIPS, clip_place, repo_of_clip
from transforms.beamkit import files
from transforms.beamkit.manifest import WORK, read_manifest
from transforms.writing.write_subset import SHARD_ROLE

_PATHS = tuple(f"{column}.path" for column in CLIP_COLUMNS)


def clips_named(layout: Layout, subsets: Mapping[str, Any]) -> dict[str, str]:
    """Where every such clip lies in the folder of the dataset, with the repository that rows name.

    Args:
        layout: the output folder.
        subsets: the records of what was built into it.
    """
    return clips_of(
        layout.shard(name, shard) for name in subsets for shard in subsets[name]["shards"]
    )


def clips_of(shards: Iterable[str]) -> dict[str, str]:
    """The same of the rows of some shards."""
    return dict(sorted(item for shard in shards for item in _named(shard)))


def _named(shard: str) -> Iterator[tuple[str, str]]:
    """The clips that rows of a shard name: place and repository."""
    for path in _paths(shard):
        place, repo = clip_place(path), repo_of_clip(path)
        if place is not None and repo is not None:
            yield place, repo


def _paths(shard: str) -> Iterable[str]:
    """What the cells of a shard's clips say; no byte of a clip is read."""
    with files.open_read(shard) as stream:
        file = pq.ParquetFile(stream, pre_buffer=False)
        columns = leaves_of(file.metadata, _PATHS)
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, columns=columns)
            for column in table.columns:
                flat = pc.list_flatten(column) if pa.types.is_list(column.type) else column
                yield from pc.unique(pc.struct_field(flat, "path")).drop_null().to_pylist()


def clip_bytes(layout: Layout, subset: str, entry: Mapping[str, Any]) -> int:
    """Bytes of the clips that rows of a subset name, each once; `entry` is its record."""
    sizes = dict(files.find(layout.clips, "*", "*"))
    if not sizes:
        return 0
    named = clips_named(layout, {subset: entry})
    return sum(sizes.get(files.join(layout.output, place), 0) for place in named)


def remove_unnamed_clips(layout: Layout) -> None:
    """Remove clips that no row in the output folder names any more.

    All shards count that lie there, not those of a run record alone: a build that was killed has
    put subsets in place that no record has yet, or has written shards that have no place yet, and
    the next one takes them over as they are. If one of them can't be read, nothing is removed.
    """
    there = [path for path, _ in files.find(layout.clips, "*", "*")]
    if not there:
        return
    try:
        named = {place for shard in _all_shards(layout) for place, _ in _named(shard)}
    except (pa.ArrowInvalid, OSError):
        return
    keep = {files.join(layout.output, place) for place in named}
    files.remove([path for path in there if path not in keep])


def _all_shards(layout: Layout) -> Iterator[str]:
    """Shards in place, and those that a finished unit has written and not yet put there."""
    yield from (path for path, _ in files.find(layout.output, "data", "*", "*.parquet"))
    for path, _ in files.find(layout.output, WORK, "*", f"{WRITE}.json"):
        manifest = read_manifest(path)
        for part in manifest.of_role(SHARD_ROLE) if manifest else ():
            if files.exists(part.path):
                yield part.path


def is_clip(path: str) -> bool:
    """Whether a file of a repository is such a clip, by its place."""
    return path.startswith(f"{CLIPS}/")
