"""`build --commercial-only` gives the part of the dataset that does not forbid commercial use."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from sample_build import Built, build_with

from pipelines.recipe import Recipe, load_recipe
from pipelines.sample_corpora import write_corpora
from pipelines.sample_recipe import write_sample_recipe

_NAMES = ("RLAIF-V", "Skywork-Reward-Preference")


def rows_of(built: Built) -> pl.DataFrame:
    return pl.scan_parquet(built.output / "data" / "*" / "*.parquet").select(
        "row_id", "subset", "nc", pl.col("source").struct.field("licence")
    ).collect()  # fmt: skip


def small(folder: Path) -> Recipe:
    """A recipe of two subsets, one of which forbids commercial use and comes first."""
    planted = write_corpora(folder, 0.0003, only=["skywork", "rlaif_v"])
    recipe = load_recipe(write_sample_recipe(folder, planted))
    subsets = {name: replace(recipe.subsets[name], target=None, min_count=0) for name in _NAMES}
    quality = replace(recipe.quality, max_dead_share=1.0)
    return replace(recipe, subsets=subsets, quality=quality)


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Built, Built]:
    folder = tmp_path_factory.mktemp("commercial")
    recipe = small(folder)
    whole = build_with(recipe, folder, folder / "whole", ())
    part = build_with(recipe, folder, folder / "part", (), commercial_only=True)
    return whole, part


def test_it_is_exactly_the_part_that_is_free(builds: tuple[Built, Built]) -> None:
    whole, part = map(rows_of, builds)
    assert whole["nc"].any()
    assert not whole["nc"].all()
    assert not part["nc"].any()
    free = set(whole.filter(~pl.col("nc"))["row_id"])
    more = set(part["row_id"]) - free
    assert free <= set(part["row_id"])
    # A copy of a row that may not be taken is no copy any more: it may come back, nothing else may.
    removed = pl.read_parquet(
        builds[0].output / "duplicates" / "*.parquet"
    ).filter(pl.col("matched_subset") == "RLAIF-V")  # fmt: skip
    assert more <= set(removed["row_id"])


def test_the_free_subsets_are_the_same_bytes_and_the_others_are_told(
    builds: tuple[Built, Built],
) -> None:
    whole, part = builds
    assert list(part.record["subsets"]) == ["Skywork-Reward-Preference"]
    assert "cc-by-nc-4.0" in part.record["left_out"]["RLAIF-V"]
    shards = {name: digest for name, digest in whole.digests().items() if name in part.digests()}
    assert shards == part.digests()


def test_the_audit_of_licences_says_the_same(builds: tuple[Built, Built]) -> None:
    from pipelines.auditing import run_audits
    from transforms.quality.settings_audits import AuditSettings, Bounds

    settings = AuditSettings(sample=0, texts=0, checks={"licences": Bounds()})
    whole, part = (
        next(one for one in run_audits(str(built.output), settings) if one.scope == "dataset")
        for built in builds
    )
    rows = rows_of(builds[0])
    assert whole.value == pytest.approx((~rows["nc"]).mean())
    assert part.value == 1.0
    assert {one["licence"] for one in whole.details["licences"]} == set(rows["licence"])
