"""Which files a dataset consists of, and which of them are known by digest without reading."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from pipelines.dataset.place import Place
from pipelines.dataset.shard import Shard, shard_at
from transforms.beamkit import files
from transforms.beamkit.hub.digests import SHA256

#: Where the record of the build lies: in an output folder, and in a published version.
RECORDS: Final = ("run_record.json", "provenance/run_record.json")


def found_shards(place: Place, recorded: Mapping[str, Any]) -> tuple[Shard, ...]:
    """The files of a dataset. `recorded` is what its record says of each subset.

    A file or a subset that the record does not name is a remnant of a former build, and is no part
    of it: it is not published either. Without a record all files count.
    """
    listed = _on_hub(place) if place.on_hub else _in_folder(place, recorded)
    named = {
        subset: set(entry["shards"]) for subset, entry in recorded.items() if entry.get("shards")
    }
    kept = (
        shard
        for shard in listed
        if (shard.subset in recorded or not recorded)
        and (shard.subset not in named or shard.path.rsplit("/", 1)[-1] in named[shard.subset])
    )
    return _ordered(kept, list(recorded))


def _on_hub(place: Place) -> Iterator[Shard]:
    from transforms.beamkit.hub.tree import matching

    for file in matching(files.join(place.root, "data", "*", "*.parquet")):
        subset = file.address.name.split("/")[-2]
        kind, _, value = file.digest.partition(":")
        digest = value if kind == SHA256 else None
        yield shard_at(subset, str(file.address), file.size, digest)


def _in_folder(place: Place, recorded: Mapping[str, Any]) -> Iterator[Shard]:
    for path, size in files.find(place.root, "data", "*", "*.parquet"):
        *_, subset, name = path.rsplit("/", 2)
        said = recorded.get(subset, {}).get("shards", {}).get(name, {})
        yield shard_at(subset, path, size, _digest(place, path, size, said))


def _digest(place: Place, path: str, size: int, said: Mapping[str, Any]) -> str | None:
    """The recorded digest, unless the file was changed after the record was written."""
    if said.get("bytes") != size or not isinstance(said.get("sha256"), str):
        return None
    if files.is_local(path):
        paths = [files.join(place.root, name) for name in RECORDS]
        written = next(os.stat(one).st_mtime_ns for one in paths if os.path.exists(one))
        if os.stat(path).st_mtime_ns > written:
            return None
    return str(said["sha256"])


def _ordered(shards: Iterable[Shard], names: Sequence[str]) -> tuple[Shard, ...]:
    """Shards in the order of the subsets' names, then of split and number."""
    at = {name: number for number, name in enumerate(names)}
    return tuple(
        sorted(
            shards,
            key=lambda one: (at.get(one.subset, len(at)), one.subset, one.split, one.number),
        )
    )
