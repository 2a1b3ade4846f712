"""Planted duplicates, contradictions and leaked benchmark items, through whole builds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console
from sample_build import Built, Sample, build_with

from pipelines.benchmarks.add import AddRequest, add_benchmark
from pipelines.layout import Layout
from pipelines.recipe import Recipe
from pipelines.run import RunRequest, run
from pipelines.sample_corpora import write_corpora
from pipelines.sample_recipe import write_sample_recipe
from pipelines.watching import Watcher
from transforms.dedup.settings import DedupSettings, SplitSettings

#: Subset -> corpus: text, pictures in prompts, pictures, clips as frames, sounds, views of models.
SUBSETS = {
    "Skywork-Reward-Preference": "skywork",
    "RLAIF-V": "rlaif_v",
    "HPDv2": "hpdv2",
    "VideoDPO": "videodpo",
    "Audio-Alpaca": "audio_alpaca",
    "3DRewardDB": "rewarddb_3d",
}


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    folder = tmp_path_factory.mktemp("copies")
    planted = write_corpora(folder, scale=0.004, only=list(SUBSETS.values()), copies=True)
    return Sample(folder, planted, write_sample_recipe(folder, planted))


@pytest.fixture(scope="module")
def built(copies: Sample, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Built with fingerprints of all benchmarks that the corpora leak items of."""
    recipe = copies.whole()
    rules = recipe.decontamination
    names = benchmarks_of(copies)
    for name in names:
        request = AddRequest(name, copies.folder / "benchmarks" / name)
        add_benchmark(request, str(copies.folder / rules.fingerprints), rules.print, recipe.media)
    recipe = replace(recipe, decontamination=replace(rules, benchmarks=tuple(names)))
    output = tmp_path_factory.mktemp("built")
    return build_with(recipe, copies.folder, output, list(SUBSETS))


def benchmarks_of(copies: Sample) -> list[str]:
    return sorted(path.name for path in (copies.folder / "benchmarks").iterdir())


def duplicates_of(built: Built, subset: str) -> pl.DataFrame:
    return pl.read_parquet(built.output / "duplicates" / f"{subset}.parquet")


def test_planted_copies_go_and_nothing_else(copies: Sample, built: Built) -> None:
    missed = total = wrong = rows = 0
    for subset, corpus in SUBSETS.items():
        gone = set(duplicates_of(built, subset)["key"])
        truth = copies.planted[corpus]
        total += len(truth.copies)
        missed += sum(copy.key not in gone and copy.of not in gone for copy in truth.copies)
        exact = [copy for copy in truth.copies if copy.kind == "exact"]
        assert all(copy.key in gone or copy.of in gone for copy in exact), subset
        known = {key for copy in truth.copies for key in (copy.key, copy.of)}
        # A record that lists one asset twice, a planted fault, gives equal pairs: no false ones.
        removed = duplicates_of(built, subset).filter(pl.col("row_id") != pl.col("matched_row"))
        wrong += len(set(removed["key"]) - known)
        rows += built.record["subsets"][subset]["rows"]
        assert not gone & {copy.key for copy in truth.lookalikes}, subset
        assert built.record["subsets"][subset]["unbalanced"] == []
    assert total > 100
    assert missed <= 0.05 * total
    assert wrong <= 0.001 * rows


def test_of_a_contradicted_pair_nothing_stays(copies: Sample, built: Built) -> None:
    for subset, corpus in SUBSETS.items():
        rules = dict(duplicates_of(built, subset).select("key", "rule").rows())
        for copy in copies.planted[corpus].copies:
            if copy.kind == "contradiction":
                assert rules.get(copy.key) == rules.get(copy.of) == "contradiction", subset


def test_what_was_removed_names_a_row_that_stays_or_was_removed_before(built: Built) -> None:
    for subset in SUBSETS:
        removed = duplicates_of(built, subset)
        rows = pl.read_parquet(built.output / "data" / subset / "*.parquet", columns=["row_id"])
        known = set(rows["row_id"]) | set(removed["row_id"])
        assert set(removed["matched_row"]) <= known
        assert removed["strength"].is_between(0, 1).all()


def test_a_larger_target_keeps_the_rows_of_a_smaller_one(copies: Sample, tmp_path: Path) -> None:
    ids = []
    for target in (150, 180):
        recipe = copies.recipe
        name = "Skywork-Reward-Preference"
        subsets = {name: replace(recipe.subsets[name], target=target, min_count=0)}
        output = tmp_path / str(target)
        build_with(replace(recipe, subsets=subsets), copies.folder, output, (name,))
        rows = pl.read_parquet(output / "data" / name / "*.parquet", columns=["row_id"])
        ids.append(set(rows["row_id"]))
    assert len(ids[0]) == 150
    assert len(ids[1]) == 180
    # All but what a copy beyond the smaller target contradicts.
    assert len(ids[0] - ids[1]) <= 2


def held_out(recipe: Recipe) -> Recipe:
    return replace(recipe, dedup=DedupSettings(split=SplitSettings(validation=0.2)))


def test_no_group_is_on_both_sides_of_a_split(copies: Sample, tmp_path: Path) -> None:
    names = ("HPDv2", "RLAIF-V")
    built = build_with(held_out(copies.whole()), copies.folder, tmp_path, names)
    sides: dict[str, set[str]] = {}
    for name in names:
        for split in ("train", "validation"):
            files = sorted((tmp_path / "data" / name).glob(f"{split}-*.parquet"))
            assert files, (name, split)
            rows = pl.read_parquet(files, columns=["prompt_group", "media_group"])
            for kind in rows.columns:
                for group in rows[kind].drop_nulls():
                    sides.setdefault(f"{kind}/{group}", set()).add(split)
        assert built.record["subsets"][name]["unbalanced"] == []
    assert all(len(seen) == 1 for seen in sides.values())


def test_leaked_items_go_and_are_named(copies: Sample, built: Built) -> None:
    missed = total = 0
    for subset, corpus in SUBSETS.items():
        found = pl.read_parquet(built.output / "contamination" / f"{subset}.parquet")
        gone = set(found.filter(pl.col("removed"))["key"])
        told = set(found["key"])
        keys = pl.read_parquet(built.output / "data" / subset / "*.parquet", columns=["source"])
        published = set(keys["source"].struct.field("key"))
        assert not gone & published
        for leak in copies.planted[corpus].leaks:
            if leak.contaminates:
                total += 1
                missed += leak.key not in gone
            else:
                assert leak.key in told, (subset, leak)
    assert total >= 10
    assert missed <= 0.05 * total
    against = built.record["decontamination"]["fingerprints"]
    assert sorted(against) == benchmarks_of(copies)
    assert all(len(entry["digest"]) == 64 for entry in against.values())


def test_a_listed_benchmark_without_a_fingerprint_fails_the_build(
    copies: Sample, tmp_path: Path
) -> None:
    recipe = copies.whole()
    listed = replace(recipe.decontamination, benchmarks=("nowhere",), fingerprints="none")
    _, failures = run(
        RunRequest(
            replace(recipe, decontamination=listed), copies.folder, Layout.of(str(tmp_path)),
            ("RLAIF-V",),
        ),
        Watcher(Console(quiet=True), quiet=True),
    )  # fmt: skip
    assert [failure.subset for failure in failures] == ["decontamination"]
    assert failures[0].reason.startswith("no fingerprint of nowhere in")
    waived = replace(listed, waived={"nowhere": "it is not public"})
    built = build_with(
        replace(recipe, decontamination=waived), copies.folder, tmp_path, ("RLAIF-V",)
    )
    assert built.record["decontamination"]["waived"] == {"nowhere": "it is not public"}
