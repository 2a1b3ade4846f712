"""What became of rows between two versions of shards, against a plain count."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.publishing import rows as rows_module
from pipelines.publishing.rows import RowChanges, changes_between, footer_of
from schemas.pair import PAIR_SCHEMA
from transforms.beamkit.errors import BuildError

#: Label by (pair, criterion), which make a row's id.
Rows = Mapping[tuple[int, int], str]
ROWS = st.dictionaries(
    st.tuples(st.integers(0, 5), st.integers(0, 2)), st.sampled_from(["a", "b", "tie"])
)


def _write(file: Path, rows: Rows, media: Sequence[str] = ()) -> str:
    values = [
        {
            "row_id": f"row-{pair}-{criterion}",
            "pair_id": f"pair-{pair}",
            "preference": label,
            "prompt_info": [{"digest": digest} for digest in media],
        }
        for (pair, criterion), label in rows.items()
    ]
    pq.write_table(pa.Table.from_pylist(values, PAIR_SCHEMA), file, row_group_size=3)
    return str(file)


def _plainly(before: Rows, after: Rows) -> RowChanges:
    gone = [key for key in before if key not in after]
    come = [key for key in after if key not in before]
    pairs = {pair for pair, _ in gone} & {pair for pair, _ in come}
    criteria = sum(
        min(sum(key[0] == pair for key in gone), sum(key[0] == pair for key in come))
        for pair in pairs
    )
    relabelled = sum(before[key] != after[key] for key in before.keys() & after.keys())
    return RowChanges(len(come) - criteria, len(gone) - criteria, relabelled, criteria)


@settings(max_examples=40)
@given(ROWS, ROWS)
def test_against_a_plain_count(before: Rows, after: Rows) -> None:
    with TemporaryDirectory() as folder:
        old = _write(Path(folder) / "old.parquet", before)
        new = _write(Path(folder) / "new.parquet", after)
        assert changes_between([old], [new]) == _plainly(before, after)


def _shards(folder: Path, rows: Rows, counts: Mapping[str, int]) -> list[str]:
    """Shards as they are built: the top bits of a pair's id say in which it is; splits have each
    a number of their own, and a pair is of one split.
    """
    folder.mkdir()
    found: dict[str, list[dict[str, object]]] = {}
    names = list(counts)
    for (pair, criterion), label in rows.items():
        digest = hashlib.sha256(f"{pair}".encode()).hexdigest()[:32]
        split = names[(pair + len(rows)) % len(names)]
        number = int(digest[:4], 16) * counts[split] // 65_536
        name = f"{split}-{number:05d}-of-{counts[split]:05d}.parquet"
        found.setdefault(name, []).append(
            {
                "row_id": hashlib.sha256(f"{pair} {criterion}".encode()).hexdigest()[:32],
                "pair_id": digest,
                "preference": label,
                "prompt_info": [{"digest": f"medium {pair % 3}"}],
            }
        )
    for name, values in found.items():
        pq.write_table(pa.Table.from_pylist(values, PAIR_SCHEMA), folder / name, row_group_size=3)
    return [str(folder / name) for name in found]


COUNTS = st.fixed_dictionaries(
    {"train": st.sampled_from([1, 2, 4, 8]), "validation": st.sampled_from([1, 2])}
)


@settings(max_examples=40, deadline=None)
@given(ROWS, ROWS, COUNTS, COUNTS)
def test_range_by_range_as_all_at_once(
    before: Rows, after: Rows, old_counts: Mapping[str, int], new_counts: Mapping[str, int]
) -> None:
    with TemporaryDirectory() as folder:
        old = _shards(Path(folder) / "old", before, old_counts)
        new = _shards(Path(folder) / "new", after, new_counts)
        then, now = ({pair % 3 for pair, _ in rows} for rows in (before, after))
        wanted = replace(_plainly(before, after), media=len(now - then), media_gone=len(then - now))
        assert changes_between(old, new) == wanted


def test_each_shard_is_read_once_and_few_are_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = {(pair, 0): "a" for pair in range(400)}
    read: list[str] = []
    held: list[int] = []
    tables, compared = rows_module._tables, rows_module._compared

    def reading(path: str) -> list[pa.Table]:
        read.append(path)
        return tables(path)

    def comparing(old: pl.DataFrame, new: pl.DataFrame) -> RowChanges:
        held.append(len(old) + len(new))
        return compared(old, new)

    monkeypatch.setattr(rows_module, "_tables", reading)
    monkeypatch.setattr(rows_module, "_compared", comparing)
    counts = {"train": 8, "validation": 1}
    old = _shards(tmp_path / "old", rows, counts)
    new = _shards(tmp_path / "new", {**rows, (400, 0): "a"}, counts)
    changes_between(old, new)
    assert sorted(read) == sorted([*old, *new])
    assert sum(held) == 801
    assert max(held) < 200


def test_media_are_counted_once(tmp_path: Path) -> None:
    rows = {(0, 0): "a", (1, 0): "b"}
    old = _write(tmp_path / "old.parquet", rows, ["one", "two"])
    new = _write(tmp_path / "new.parquet", rows, ["two", "three", "four"])
    assert changes_between([old], [new]) == RowChanges(media=2, media_gone=1)
    assert changes_between([], [new]) == RowChanges(added=2, media=3)
    assert changes_between([old], []) == RowChanges(removed=2, media_gone=2)
    assert changes_between([], []) == RowChanges()


def test_a_footer(tmp_path: Path) -> None:
    file = _write(tmp_path / "one.parquet", {(0, 0): "a"})
    assert footer_of(file) == (1, PAIR_SCHEMA.metadata[b"omni_reward_schema"].decode())
    (tmp_path / "no.parquet").write_bytes(b"PAR1 is not all")
    with pytest.raises(BuildError, match="not a Parquet file"):
        footer_of(str(tmp_path / "no.parquet"))


def test_a_table_that_is_no_shard(tmp_path: Path) -> None:
    file = tmp_path / "other.parquet"
    pq.write_table(pa.table({"n": [1]}), file)
    with pytest.raises(BuildError, match="not a shard of pairs, it has no row_id, pair_id, pref"):
        changes_between([], [str(file)])
