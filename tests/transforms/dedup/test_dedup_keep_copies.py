"""`copies: keep`: only rows of one id go, whatever else is alike, here and in earlier subsets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import polars as pl
import pyarrow as pa
import pytest

from schemas.flight import PREPARED_SCHEMA
from transforms.dedup.decide import Decision, Earlier, decide
from transforms.dedup.likeness import ByPrints, row_prints
from transforms.dedup.settings import DedupSettings

REMOVE = DedupSettings(near=None)
KEEP = replace(REMOVE, copies="keep")
#: Row id, pair id, key, preference: two criteria of a pair, one of them twice, and another pair.
ROWS = [("1a", "1", "k1", "a"), ("1b", "1", "k2", "b"), ("1a", "1", "k3", "a"),
        ("2a", "2", "k4", "a")]  # fmt: skip


def prepared(rows: Iterable[tuple[str, str, str, str]]) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "row_id": row, "pair_id": pair, "key": key, "rank": rank, "preference": preference,
                "prompt": [{"role": "user", "content": f"Q {pair}"}], "prompt_media": [],
                "a_text": "good", "b_text": "bad", "a_media": [], "b_media": [],
                "payload_bytes": 1,
            }
            for rank, (row, pair, key, preference) in enumerate(rows)
        ],
        schema=PREPARED_SCHEMA,
    )  # fmt: skip


def decided(
    rows: Iterable[tuple[str, str, str, str]],
    settings: DedupSettings,
    earlier: Iterable[Earlier] = (),
) -> Decision:
    prints = row_prints(prepared(rows), settings)
    return decide("S", prints, {}, [*earlier], ByPrints(settings), settings)


def test_criteria_of_one_pair_stay_and_a_repeated_row_goes() -> None:
    found = decided(ROWS, KEEP)
    assert found.roster["row_id"].to_pylist() == ["1a", "1b", "2a"]
    assert found.roster["key"].to_pylist() == ["k1", "k2", "k4"]
    told = pl.DataFrame(found.duplicates)
    assert told.select("key", "rule", "matched_key").rows() == [("k3", "duplicate_exact", "k1")]
    assert ("dedup", "out", 3) in found.counts
    assert decided(ROWS, REMOVE).roster["row_id"].to_pylist() == ["2a"]


def test_one_row_that_prefers_both_is_a_contradiction() -> None:
    found = decided([ROWS[0], ("1a", "1", "k5", "b"), ROWS[3]], KEEP)
    assert found.roster["row_id"].to_pylist() == ["2a"]


def test_what_an_earlier_subset_has_stays_here_too() -> None:
    before = Earlier(decided([ROWS[3]], KEEP).index, True)
    assert decided([ROWS[3]], KEEP, [before]).roster.num_rows == 1
    assert decided([ROWS[3]], REMOVE, [before]).roster.num_rows == 0


def test_a_misspelt_choice_is_refused() -> None:
    with pytest.raises(ValueError, match="copies: 'drop' is none of remove, keep"):
        DedupSettings(copies="drop")  # type: ignore[arg-type]
