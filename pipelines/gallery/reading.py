"""The rows of a built dataset as pages read them: few at a time, and never a medium unasked."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.dataset.clips import filled, root_of
from pipelines.layout import Layout
from pipelines.run_record import read_record
from schemas.pair import MEDIA_FEATURES, PAIR_SCHEMA
from transforms.beamkit.errors import BuildError

#: JSON beside a dataset that is larger than this is not read.
_MOST_JSON: Final = 64 << 20


@dataclass(frozen=True)
class Shard:
    """A Parquet file of a subset: rows of each of its row groups."""

    subset: str
    path: Path
    groups: tuple[int, ...]

    @property
    def rows(self) -> int:
        """How many rows it holds."""
        return sum(self.groups)


@dataclass(frozen=True)
class Place:
    """Where a row lies: a shard, a row group of it, and the row in the group."""

    shard: Shard
    group: int
    row: int


@dataclass(frozen=True)
class Built:
    """A built dataset: its folder, the record of its last run, its shards in the record's order."""

    output: Path
    record: Mapping[str, Any]
    shards: tuple[Shard, ...]

    @property
    def subsets(self) -> tuple[str, ...]:
        """Names of the subsets that have files."""
        return tuple(dict.fromkeys(shard.subset for shard in self.shards))

    @property
    def rows(self) -> int:
        """Rows of all subsets."""
        return sum(shard.rows for shard in self.shards)

    def of(self, subset: str) -> tuple[Shard, ...]:
        """The shards of a subset."""
        return tuple(shard for shard in self.shards if shard.subset == subset)


def open_built(output: Path) -> Built:
    """Read the run record and the footers of a dataset's shards.

    Raises:
        BuildError: there is no dataset, or a file of it is missing or no Parquet.
    """
    record = read_record(Layout.of(str(output)))
    if record is None or not isinstance(record.get("subsets"), dict):
        raise BuildError(
            f"{output}: no run_record.json of a build here; "
            f"build the dataset with: omnireward build --output {output}"
        )
    found = [
        _shard(output, subset, name)
        for subset, entry in record["subsets"].items()
        for name in entry.get("shards", {})
    ]
    return Built(output, record, tuple(found))


def _shard(output: Path, subset: str, name: str) -> Shard:
    path = Path(Layout.of(str(output)).shard(subset, name))
    if not path.resolve().is_relative_to((output / "data").resolve()):
        raise BuildError(f"{output}: run_record.json names a shard outside of data/: {name!r}")
    try:
        meta = pq.read_metadata(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise BuildError(
            f"{path}: this shard of run_record.json can't be read ({error}); build the subset again"
        ) from error
    groups = tuple(meta.row_group(number).num_rows for number in range(meta.num_row_groups))
    return Shard(subset, path, groups)


def paths_only() -> list[str]:
    """The columns of a row, of media the names alone: no byte of a medium is read with them."""
    columns = []
    for field in PAIR_SCHEMA:
        feature = MEDIA_FEATURES.get(
            field.name.removeprefix("response_a_").removeprefix("response_b_")
        )
        if feature is None:
            columns.append(field.name)
        else:
            inner = ".list.element" if feature.startswith("List:") else ""
            columns.append(f"{field.name}{inner}.path")
    return columns


def read_places(
    places: Sequence[Place], columns: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """The rows at some places, in their order; each row group is read once, one at a time."""
    rows: dict[Place, dict[str, Any]] = {}
    by_group: dict[tuple[Path, int], list[Place]] = {}
    for place in places:
        by_group.setdefault((place.shard.path, place.group), []).append(place)
    for (path, group), wanted in by_group.items():
        with pq.ParquetFile(path, memory_map=True) as file:
            table = file.read_row_group(group, columns=None if columns is None else list(columns))
        taken = table.take([place.row for place in wanted]).to_pylist()
        if columns is None:
            taken = [filled(row, root_of(str(path))) for row in taken]
        rows.update(zip(wanted, taken, strict=True))
    return [rows[place] for place in places]


def some_rows(
    shards: Sequence[Shard], number: int, seed: str, groups: int = 2
) -> list[dict[str, Any]]:
    """A few rows with their media, the same for the same seed.

    They are from so many row groups, and of more only where those don't hold `number` rows: large
    media make groups of few.
    """
    found = [
        (shard, group, size)
        for shard in shards
        for group, size in enumerate(shard.groups)
        if size > 0
    ]
    rng = random.Random(seed)  # noqa: S311 - not for secrets
    chosen: list[int] = []
    for which in rng.sample(range(len(found)), len(found)):
        if len(chosen) >= groups and sum(found[one][2] for one in chosen) >= number:
            break
        chosen.append(which)
    chosen.sort()
    places = [
        Place(found[which][0], found[which][1], row)
        for which in chosen
        for row in range(found[which][2])
    ]
    picks = sorted(rng.sample(range(len(places)), min(number, len(places))))
    return read_places([places[pick] for pick in picks])


def votes_of(built: Built, rows: Sequence[Mapping[str, Any]]) -> list[list[dict[str, Any]]]:
    """The labels of each row: those of its pair under its criterion, in the table's order."""
    import polars as pl

    found: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    wanted: dict[str, set[str]] = {}
    for row in rows:
        if row.get("criterion"):
            wanted.setdefault(row["subset"], set()).add(row["pair_id"])
    for subset, pairs in wanted.items():
        path = Path(Layout.of(str(built.output)).labels(subset))
        if not path.exists():
            continue
        labels = (
            pl.scan_parquet(path, glob=False)
            .filter(pl.col("pair_id").is_in(sorted(pairs)))
            .collect()
        )
        for label in labels.iter_rows(named=True):
            found.setdefault((subset, label["pair_id"], label["criterion"]), []).append(label)
    return [
        found.get((row["subset"], row["pair_id"], row.get("criterion") or ""), []) for row in rows
    ]


def json_beside(output: Path, *names: str) -> dict[str, Any] | None:
    """A JSON object under the output folder; None where there is none that can be read."""
    path = output.joinpath(*names)
    try:
        if path.stat().st_size > _MOST_JSON:
            return None
        value = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def side_tables(output: Path, folder: str) -> Iterator[tuple[str, Path]]:
    """The side tables of a folder by subset: dead letters, duplicates, contamination, labels.

    Those of subsets that the run record does not name are of a former build.
    """
    record = read_record(Layout.of(str(output))) or {}
    for path in sorted((output / folder).glob("*.parquet")):
        is_of_build = path.stem in record.get("subsets", {path.stem})
        if is_of_build and not path.name.endswith(".where.parquet"):
            yield path.stem, path
