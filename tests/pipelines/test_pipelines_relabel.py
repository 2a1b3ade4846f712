"""Instruction subsets from end to end: measured criteria, and criteria from (simulated) models."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sample_build import Sample, build_with

from pipelines.recipe import Recipe
from pipelines.run import forget
from schemas.ids import row_id
from tests.transforms.relabel.simulated import (
    Mind,
    Simulated,
    SimulatedJudge,
    generator,
    obeys_the_first,
    simulated,
)
from transforms.beamkit.errors import BuildError
from transforms.relabel.settings import Calibration, Judge, Propose
from transforms.relabel.settings_models import ModelSettings, Prices

SUBSET = "Omni-Skywork-Reward-Preference"
JUDGES = ("one", "two", "three")


@pytest.fixture
def models() -> Iterator[Simulated]:
    minds: dict[str, Mind] = {"writer": generator}
    minds |= {name: SimulatedJudge(seed=at) for at, name in enumerate(JUDGES)}
    with simulated(minds) as server:
        yield server


def recipe_with(sample: Sample, server: Simulated, target: int = 20, **more: Any) -> Recipe:
    recipe = sample.recipe
    block = ModelSettings(server.base_url, prices=Prices(1.0, 2.0))
    relabel = replace(
        recipe.relabel,
        origin="llm",
        propose=Propose(model="writer"),
        judge=Judge(models=JUDGES),
        calibration=Calibration(gold_share=0.0),
        models=dict.fromkeys(("writer", *JUDGES), block),
        first_wave=8,
        **more,
    )
    subsets = {**recipe.subsets}
    subsets[SUBSET] = replace(subsets[SUBSET], target=target, min_count=0, criteria="llm")
    return replace(recipe, relabel=relabel, subsets=subsets)


def rows_of(output: Path, subset: str) -> pl.DataFrame:
    return pl.read_parquet(output / "data" / subset / "*.parquet")


def test_true_criteria_become_rows_whose_label_holds(
    sample: Sample, models: Simulated, tmp_path: Path
) -> None:
    built = build_with(recipe_with(sample, models), sample.folder, tmp_path, (SUBSET,))
    rows = rows_of(tmp_path, SUBSET)
    assert rows.height == 20
    for row in rows.iter_rows(named=True):
        longer = len(row["response_a_text"]) > len(row["response_b_text"])
        assert row["preference"] == ("a" if longer == ("length" in row["criterion"]) else "b")
        assert row["flipped"] == (row["preference"] != row["source_preference"])
        assert row["row_id"] == row_id(SUBSET, row["pair_id"], row["criterion"])
        assert (row["criterion_origin"], row["agreement"], row["n_votes"]) == ("llm", 1.0, 3)
    assert 0.2 < rows["flipped"].mean() < 0.8  # type: ignore[operator]
    labels = pl.read_parquet(tmp_path / "labels" / f"{SUBSET}.parquet")
    judged = labels.filter(pl.col("step") == "judge")
    assert judged.height == 6 * labels.filter(pl.col("step") == "propose").height
    assert set(judged["order"]) == {"ab", "ba"}
    calls = sum(models.calls.values())
    assert labels["cost_usd"].sum() == pytest.approx(calls * (100 * 1 + 20 * 2) / 1e6)
    assert built.record["subsets"][SUBSET]["unbalanced"] == []


def test_no_answer_is_bought_twice_and_only_what_is_needed(
    sample: Sample, models: Simulated, tmp_path: Path
) -> None:
    recipe = recipe_with(sample, models, target=12)
    first = build_with(recipe, sample.folder, tmp_path, (SUBSET,))
    calls = dict(models.calls)
    assert calls["writer"] < 24
    from pipelines.layout import Layout
    from pipelines.run import RunRequest

    forget(RunRequest(recipe, sample.folder, Layout.of(str(tmp_path)), (SUBSET,)))
    second = build_with(recipe, sample.folder, tmp_path, (SUBSET,))
    assert models.calls == calls
    assert second.digests() == first.digests()


def test_judges_that_obey_what_they_read_first_confirm_nothing(
    sample: Sample, tmp_path: Path
) -> None:
    minds: dict[str, Mind] = {"writer": generator, **dict.fromkeys(JUDGES, obeys_the_first)}
    with simulated(minds) as server:
        build_with(recipe_with(sample, server, target=5), sample.folder, tmp_path, (SUBSET,))
    letters = pl.read_parquet(tmp_path / "dead_letters" / f"{SUBSET}.parquet")
    lost = letters.filter(pl.col("stage") == "relabel")
    assert rows_of(tmp_path, SUBSET).height == 0
    assert set(lost["reason"]) == {"no_votes"}
    assert lost["seen"].str.contains("one unsure, three unsure, two unsure").all()


def test_a_budget_ends_a_run_cleanly_and_a_larger_one_goes_on(
    sample: Sample, models: Simulated, tmp_path: Path
) -> None:
    recipe = recipe_with(sample, models, budget=0.05)
    with pytest.raises(BuildError, match=r"the budget is used up after \d+ rows of 20"):
        build_with(recipe, sample.folder, tmp_path, (SUBSET,))
    spent = sum(models.calls.values())
    assert 0 < spent * 140 / 1e6 <= 0.05
    more = replace(recipe, relabel=replace(recipe.relabel, budget=5.0))
    build_with(more, sample.folder, tmp_path, (SUBSET,))
    assert rows_of(tmp_path, SUBSET).height == 20
    bodies = models.bodies
    assert len(set(bodies)) == len(bodies)  # nothing was asked twice


MEASURED = ("Measured-T2T", "Measured-T2I", "Measured-T2A")


def test_measured_criteria_for_texts_pictures_and_sounds(sample: Sample, tmp_path: Path) -> None:
    recipe = sample.recipe
    subsets = {
        name: replace(recipe.subsets[name], target=None if name == "Measured-T2T" else 12,
                      min_count=0)
        for name in MEASURED
    }  # fmt: skip
    built = build_with(replace(recipe, subsets=subsets), sample.folder, tmp_path, MEASURED)
    for name in MEASURED:
        rows = rows_of(tmp_path, name)
        assert rows.height >= 5
        assert set(rows["criterion_origin"]) == {"measured"}
        assert rows["criterion"].str.ends_with(".").all()
        labels = pl.read_parquet(tmp_path / "labels" / f"{name}.parquet")
        facts = {row["pair_id"]: json.loads(row["producer"]["parameters"])
                 for row in labels.iter_rows(named=True)}  # fmt: skip
        for row in rows.iter_rows(named=True):
            fact = facts[row["pair_id"]]
            more = "a" if fact["a"] > fact["b"] else "b"
            less = "b" if more == "a" else "a"
            assert row["preference"] == (more if fact["direction"] == "more" else less)
        assert built.record["subsets"][name]["unbalanced"] == []
    flipped = rows_of(tmp_path, "Measured-T2T")["flipped"].mean()
    assert 0.35 < flipped < 0.65  # type: ignore[operator]


def test_an_estimate_asks_nothing_and_bounds_what_a_build_pays(
    sample: Sample, models: Simulated, tmp_path: Path
) -> None:
    from rich.console import Console

    from pipelines.estimating import estimate_view, estimates
    from pipelines.layout import Layout
    from pipelines.run import RunRequest
    from pipelines.watching import Watcher

    recipe = recipe_with(sample, models)
    request = RunRequest(recipe, sample.folder, Layout.of(str(tmp_path)), (SUBSET,))
    found = estimates(request, Watcher(Console(quiet=True), quiet=True))
    assert models.calls == {}
    roles = [(one.model, one.role) for one in found[SUBSET]]
    assert roles == [("writer", "propose"), *((name, "judge") for name in JUDGES)]
    build_with(recipe, sample.folder, tmp_path, (SUBSET,))
    for one in found[SUBSET]:
        assert models.calls[one.model] <= one.calls[1]
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(estimate_view(found))
    assert "writer" in console.export_text()
