"""Clips that are files beside the shards of an output folder: which of them rows name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.dataset.shard import leaves_of
from pipelines.layout import Layout
from schemas.clips import CLIP_COLUMNS, CLIPS, clip_place, repo_of_clip
from transforms.beamkit import files

_PATHS = tuple(f"{column}.path" for column in CLIP_COLUMNS)


def clips_named(layout: Layout, subsets: Mapping[str, Any]) -> dict[str, str]:
    """Where every such clip lies in the folder of the dataset, with the repository that rows name.

    Args:
        layout: the output folder.
        subsets: the records of what was built into it.
    """
    found: dict[str, str] = {}
    for subset, entry in subsets.items():
        for name in entry["shards"]:
            for path in _paths(layout.shard(subset, name)):
                place, repo = clip_place(path), repo_of_clip(path)
                if place is not None and repo is not None:
                    found[place] = repo
    return dict(sorted(found.items()))


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


def remove_unnamed_clips(layout: Layout, subsets: Mapping[str, Any]) -> None:
    """Remove clips that no row of the dataset names any more."""
    there = [path for path, _ in files.find(layout.clips, "*", "*")]
    if there:
        named = {files.join(layout.output, place) for place in clips_named(layout, subsets)}
        files.remove([path for path in there if path not in named])


def is_clip(path: str) -> bool:
    """Whether a file of a repository is such a clip, by its place."""
    return path.startswith(f"{CLIPS}/")
