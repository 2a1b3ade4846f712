"""Row rules in a build: letters by the rule's name, counts that add up, no more made again."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
from sample_build import Built, Sample, build_with

from pipelines.recipe import Recipe
from transforms.beamkit.counts import dead

TEXTS, PICTURES = NAMES = ("Measured-T2T", "EvalMuse")


def with_rules(recipe: Recipe, **rules: Any) -> Recipe:
    changed = replace(recipe.quality.rules, **rules)
    return replace(recipe, quality=replace(recipe.quality, rules=changed))


def rows_of(built: Built, subset: str) -> pl.DataFrame:
    columns = ["row_id", "response_a_text", "response_b_text"]
    return pl.read_parquet(built.output / "data" / subset / "*.parquet", columns=columns)


def test_a_stricter_rule_refuses_rows_by_its_name_and_leaves_the_rest(
    sample: Sample, tmp_path: Path
) -> None:
    recipe = sample.whole()
    before = build_with(recipe, sample.folder, tmp_path, NAMES)
    rows = rows_of(before, TEXTS)
    longer = pl.max_horizontal(pl.col(f"response_{side}_text").str.len_chars() for side in "ab")
    limit = int(rows.select(longer.median()).item())
    kept, lost = rows.filter(longer <= limit), rows.filter(longer > limit)
    assert kept.height
    assert lost.height
    picture = next((before.output / "data" / PICTURES).iterdir())
    written = picture.stat().st_mtime_ns

    after = build_with(with_rules(recipe, max_response_chars=limit), sample.folder, tmp_path, NAMES)
    assert rows_of(after, TEXTS)["row_id"].to_list() == kept["row_id"].to_list()
    record = after.record["subsets"][TEXTS]
    counts = record["counts"]["quality"]
    assert counts == {
        "dead:response_too_long": lost.height,
        "in": rows.height,
        "out": kept.height,
    }
    assert record["counts"]["trim"]["in"] == record["rows"] == kept.height
    assert record["unbalanced"] == []
    assert record["resumed"] == "relabel"  # nothing before the rules was done again
    letters = pl.read_parquet(after.output / "dead_letters" / f"{TEXTS}.parquet")
    mine = letters.filter(pl.col("stage") == "quality")
    assert Counter(mine["reason"]) == {"response_too_long": lost.height}
    assert set(mine["corpus"]) == {"skywork"}
    assert mine["seen"].str.contains("characters$").all()
    assert letters.height == sum(map(dead, record["counts"].values()))
    assert picture.stat().st_mtime_ns == written  # its rows are the same: not written again
    assert dead(after.record["subsets"][PICTURES]["counts"]["quality"]) == 0

    # A rule taken away gives the rows back, and the very bytes.
    again = build_with(with_rules(recipe, max_response_chars=limit, skip=("response_too_long",)),
                       sample.folder, tmp_path, NAMES)  # fmt: skip
    assert again.digests() == before.digests()
