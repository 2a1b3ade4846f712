"""What became of rows between two versions of shards, against a plain count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
