"""A dataset as it can be read: subsets, splits, files, rows, and the record of its build."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from pipelines.dataset.listing import RECORDS, found_shards
from pipelines.dataset.place import Place, place_of
from pipelines.dataset.shard import Shard
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError

if TYPE_CHECKING:
    import polars as pl

_MAX_RECORD_BYTES: Final = 256 * 1024 * 1024


@dataclass(frozen=True)
class Dataset:
    """A dataset that was found. Nothing of its files is read before it is asked for.

    Attributes:
        place: where it lies.
        shards: its files, in order of subset (as built), split and number.
        run_record: what its build wrote down; empty where there is no record.
    """

    place: Place
    shards: tuple[Shard, ...]
    run_record: Mapping[str, Any] = field(repr=False)

    @staticmethod
    def open(path: str) -> Dataset:
        """Find a dataset: the output folder of a build, or ``owner/name@v1.0.0`` on the Hub.

        Raises:
            BuildError: there is none.
        """
        place = place_of(path)
        record = _record(place)
        shards = found_shards(place, record.get("subsets", {}))
        if not shards:
            raise BuildError(
                f"{path}: no dataset here: no data/<subset>/*.parquet"
                + ("" if place.on_hub else f"; build one with: omnireward build --output {path}")
            )
        return Dataset(place, shards, record)

    @cached_property
    def subsets(self) -> tuple[str, ...]:
        """Names of the subsets, in the order of the recipe where it is known."""
        return tuple(dict.fromkeys(shard.subset for shard in self.shards))

    @cached_property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits of any subset: ``train``, perhaps ``validation``."""
        return tuple(dict.fromkeys(shard.split for shard in self.shards))

    def files(self, subset: str, split: str | None = None) -> tuple[Shard, ...]:
        """The files of a subset, or of one of its splits; none where it has no such split.

        Raises:
            BuildError: there is no such subset.
        """
        self._check(subset)
        return tuple(
            shard
            for shard in self.shards
            if shard.subset == subset and split in (None, shard.split)
        )

    def chosen(self, names: Sequence[str] | None) -> tuple[str, ...]:
        """These subsets, or all, each checked to be there.

        Raises:
            BuildError: there is no such subset.
        """
        for name in names or ():
            self._check(name)
        return tuple(dict.fromkeys(names)) if names else self.subsets

    def rows(self, subset: str, split: str | None = None) -> int:
        """Rows of a subset by the footers of its files."""
        return sum(shard.metadata().num_rows for shard in self.files(subset, split))

    def tables(
        self, subset: str, columns: Sequence[str] | None = None, split: str | None = None
    ) -> Iterator[pa.Table]:
        """The rows of a subset, file by file, up to a thousand at a time.

        `columns` may name single fields (`Shard.batches`): ``response_a_image.path`` spares the
        reading of the pictures.
        """
        for shard in self.files(subset, split):
            yield from shard.batches(columns)

    def find(self, subset: str, ids: Set[str]) -> dict[str, dict[str, Any]]:
        """The rows of a subset with these ids, by id, media included; ids that it lacks are left
        out.
        """
        if not ids or subset not in self.subsets:
            return {}
        return {row["row_id"]: row for shard in self.files(subset) for row in shard.find(ids)}

    def scan(
        self, subset: str, columns: Sequence[str] | None = None, split: str | None = None
    ) -> pl.LazyFrame:
        """The rows of a subset as a lazy frame; with `columns`, no others are read.

        Works on the Hub too. Columns are named whole here; a medium comes with its bytes.
        """
        from pipelines.dataset.scanning import lazy

        return lazy(self.files(subset, split), columns)

    def _check(self, subset: str) -> None:
        if subset not in self.subsets:
            raise BuildError(
                f"{self.place.said}: no subset {subset!r}; there is {', '.join(self.subsets)}"
            )


def _record(place: Place) -> dict[str, Any]:
    for name in RECORDS:
        path = files.join(place.root, name)
        if not files.exists(path):
            continue
        with files.open_read(path) as stream:
            data = stream.read(_MAX_RECORD_BYTES)
        try:
            value = json.loads(data)
        except ValueError:
            raise BuildError(f"{path}: not JSON; run the build again") from None
        if isinstance(value, dict) and isinstance(value.get("subsets", {}), dict):
            return value
        raise BuildError(f"{path}: not the record of a build; run the build again")
    return {}
