"""Finding rows of a roster by pair and by shard: the same as looking at every row."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pytest

from schemas.flight import PREPARED_SCHEMA, ROSTER_SCHEMA
from transforms.beamkit.manifest import Manifest
from transforms.writing.prepared import shard_of
from transforms.writing.roster import of_pairs, of_shard, read_roster, write_roster


def roster(number: int, seed: int = 3) -> pa.Table:
    """Rows of which every third is under a second criterion too: two rows of one pair."""
    rng = random.Random(seed)
    rows = []
    for at in range(number):
        pair = f"{rng.getrandbits(128):032x}"
        rows += [
            {
                **dict.fromkeys(ROSTER_SCHEMA.names),
                "pair_id": pair, "row_id": f"{rng.getrandbits(128):032x}", "key": f"k{at}",
                "split": rng.choice(["train", "train", "validation"]),
            }
            for _ in range(2 if at % 3 == 0 else 1)
        ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=ROSTER_SCHEMA)


def unit(rows: pa.Table, folder: Path) -> Manifest:
    return Manifest("S/select", "", (write_roster(rows, str(folder / "roster.arrow")),))


def pairs(ids: list[str]) -> pa.Table:
    rows = [{**dict.fromkeys(PREPARED_SCHEMA.names), "pair_id": one} for one in ids]
    return pa.Table.from_pylist(rows, schema=PREPARED_SCHEMA)


def test_rows_of_pairs_are_all_of_theirs_once_and_in_the_roster_s_order(tmp_path: Path) -> None:
    manifest = unit(roster(200), tmp_path)
    every = read_roster(manifest).to_pylist()
    known = sorted({row["pair_id"] for row in every})
    wanted = random.Random(1).sample(known, 40)
    asked = [*wanted, *wanted[:5], "0" * 32, "f" * 32]
    found = of_pairs(manifest, pairs(asked)).to_pylist()
    assert found == [row for row in every if row["pair_id"] in wanted]
    assert len(found) > len(wanted)


def test_no_rows_are_found_in_an_empty_roster_nor_for_no_pairs(tmp_path: Path) -> None:
    full, empty = tmp_path / "full", tmp_path / "empty"
    full.mkdir()
    empty.mkdir()
    rows = roster(5)
    assert of_pairs(unit(rows, full), pairs([])).num_rows == 0
    ids = rows["pair_id"].to_pylist()
    assert of_pairs(unit(rows.slice(0, 0), empty), pairs(ids)).num_rows == 0


@pytest.mark.parametrize("count", [1, 2, 16, 64])
def test_the_rows_of_a_shard_are_those_whose_ids_say_so(count: int, tmp_path: Path) -> None:
    table = read_roster(unit(roster(150), tmp_path))
    places = shard_of(table["pair_id"], count).tolist()
    every = list(zip(places, table.to_pylist(), strict=True))
    for split in ("train", "validation"):
        for number in range(count):
            mine = of_shard(table, split, number, count).to_pylist()
            assert mine == [row for at, row in every if at == number and row["split"] == split]


def test_a_slice_of_a_roster_has_its_own_shards(tmp_path: Path) -> None:
    table = read_roster(unit(roster(60), tmp_path)).slice(20, 30)
    first = of_shard(table, "train", 0, 2).to_pylist()
    assert first == [
        row
        for row in table.to_pylist()
        if row["split"] == "train" and int(row["pair_id"][0], 16) < 8
    ]
