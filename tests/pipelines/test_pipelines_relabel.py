"""Instruction subsets from end to end: measured criteria, and criteria from (simulated) models."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from rich.console import Console
from sample_build import Sample, build_with

from pipelines.calibrating import calibrated, calibration_view
from pipelines.estimating import estimate_view, estimates
from pipelines.layout import Layout
from pipelines.recipe import Recipe
from pipelines.run import RunRequest, forget
from pipelines.watching import Watcher
from schemas.ids import row_id
from tests.transforms.relabel.asking import QUICK
from tests.transforms.relabel.labelling import check_sales
from tests.transforms.relabel.llm_server import Script, running
from tests.transforms.relabel.llm_server.behaviour import PASSING
from tests.transforms.relabel.simulated import Mind, SimulatedJudge, generator
from transforms.beamkit.errors import BuildError
from transforms.relabel.llm.session import total_spent
from transforms.relabel.settings import Calibration, Judge, Propose
from transforms.relabel.settings_models import ModelSettings, Prices

SUBSET = "Omni-Skywork-Reward-Preference"
JUDGES = ("one", "two", "three")
PRICES = Prices(1.0, 2.0)
MINDS: dict[str, Mind] = {
    "writer": generator,
    **{name: SimulatedJudge(seed=at) for at, name in enumerate(JUDGES)},
}


def recipe_with(sample: Sample, base_url: str, target: int | None = 10, **more: Any) -> Recipe:
    recipe = sample.recipe
    block = ModelSettings(base_url, prices=PRICES, retries=QUICK, timeout_s=1.5, concurrency=8)
    plain: dict[str, Any] = {
        "origin": "llm",
        "propose": Propose(model="writer", criteria=2, reversed=1),
        "judge": Judge(models=JUDGES),
        "calibration": Calibration(gold_share=0.0),
        "models": dict.fromkeys(("writer", *JUDGES), block),
        "first_wave": 8,
    }
    relabel = replace(recipe.relabel, **(plain | more))
    subsets = {**recipe.subsets}
    subsets[SUBSET] = replace(subsets[SUBSET], target=target, min_count=0, criteria="llm")
    return replace(recipe, relabel=relabel, subsets=subsets)


def rows_of(output: Path, subset: str) -> pl.DataFrame:
    return pl.read_parquet(output / "data" / subset / "*.parquet")


def check_rows(rows: pl.DataFrame) -> None:
    """What simulated judges confirm is true of the rows."""
    for row in rows.iter_rows(named=True):
        longer = len(row["response_a_text"]) > len(row["response_b_text"])
        assert row["preference"] == ("a" if longer == ("length" in row["criterion"]) else "b")
        assert row["flipped"] == (row["preference"] != row["source_preference"])
        assert row["row_id"] == row_id(SUBSET, row["pair_id"], row["criterion"])
        assert (row["criterion_origin"], row["agreement"], row["n_votes"]) == ("llm", 1.0, 3)


def check_balance(counts: Mapping[str, int], letters: pl.DataFrame) -> None:
    """Every pair is a row, a letter, or was not needed."""
    dead = {name: number for name, number in counts.items() if name.startswith("dead:")}
    not_needed = counts["dropped:not_needed"]
    assert counts["in"] == counts["out"] + sum(dead.values()) + not_needed
    lost = letters.filter(pl.col("stage") == "relabel")
    assert Counter(f"dead:{one}" for one in lost["reason"]) == Counter(dead)


def test_true_criteria_become_rows_in_spite_of_faults_and_nothing_is_paid_twice(
    sample: Sample, tmp_path: Path
) -> None:
    """Two lanes, three calls in ten meet a fault, and some questions never get an answer."""
    script = Script(fault_share=0.27, faults=PASSING, stubborn=0.03)
    with running(script, minds=MINDS) as server:
        recipe = recipe_with(sample, server.base_url, lanes=2, budget=20.0)
        request = RunRequest(recipe, sample.folder, Layout.of(str(tmp_path)), (SUBSET,))
        told = estimates(request, Watcher(Console(quiet=True), quiet=True))[SUBSET]
        assert not server.log
        built = build_with(recipe, sample.folder, tmp_path, (SUBSET,))
        answers = check_sales(server, str(tmp_path / ".work" / "answers"))
        spent = total_spent(str(tmp_path / ".work" / "answers"))
        assert server.cost(PRICES) <= spent + 1e-9 <= 20.0
        # Made anew from the same answers: none is bought again, and the files are the same.
        forget(request.layout, [SUBSET])
        again = build_with(recipe, sample.folder, tmp_path, (SUBSET,))
        assert check_sales(server, str(tmp_path / ".work" / "answers")) == answers
    assert again.digests() == built.digests()
    rows = rows_of(tmp_path, SUBSET)
    assert rows.height == 10
    check_rows(rows)
    record = built.record["subsets"][SUBSET]
    assert record["unbalanced"] == []
    letters = pl.read_parquet(tmp_path / "dead_letters" / f"{SUBSET}.parquet")
    check_balance(record["counts"]["relabel"], letters)
    labels = pl.read_parquet(tmp_path / "labels" / f"{SUBSET}.parquet")
    judged = labels.filter(pl.col("step") == "judge")
    assert set(judged["order"]) == {"ab", "ba"}
    assert labels["cost_usd"].sum() <= spent + 1e-9
    # The estimate was made of the same pairs.
    assert [(one.model, one.role) for one in told] == [
        ("writer", "propose"),
        *((name, "judge") for name in JUDGES),
    ]
    calls = Counter(tag.split("-")[0] for tag in answers)
    assert all(calls[one.model] <= one.calls[1] for one in told)
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(estimate_view({SUBSET: told}))
    assert "writer" in console.export_text()


@pytest.mark.full
def test_every_pair_of_a_subset_with_all_faults(sample: Sample, tmp_path: Path) -> None:
    """All that there are, faults of all kinds at three in ten: rows, letters, nothing else."""
    script = Script(fault_share=0.2, faults=PASSING, stubborn=0.1, seed=3)
    with running(script, minds=MINDS) as server:
        recipe = recipe_with(sample, server.base_url, target=None, lanes=3)
        built = build_with(recipe, sample.folder, tmp_path, (SUBSET,))
        check_sales(server, str(tmp_path / ".work" / "answers"))
    record = built.record["subsets"][SUBSET]
    counts = record["counts"]["relabel"]
    assert counts["dropped:not_needed"] == 0
    letters = pl.read_parquet(tmp_path / "dead_letters" / f"{SUBSET}.parquet")
    check_balance(counts, letters)
    check_rows(rows_of(tmp_path, SUBSET))
    assert len(set(letters.filter(pl.col("stage") == "relabel")["reason"])) >= 4


@pytest.mark.full
def test_gold_questions_are_asked_and_told(sample: Sample, tmp_path: Path) -> None:
    """These judges know lengths alone: what they say to other questions is told as it is."""
    with running(Script(), minds=MINDS) as server:
        gold = Calibration(gold_share=0.2, floor=0.0)
        recipe = recipe_with(sample, server.base_url, calibration=gold)
        build_with(recipe, sample.folder, tmp_path, (SUBSET,))
    layout = Layout.of(str(tmp_path))
    found = calibrated(layout, (SUBSET, "HPDv2"), ("judge", "task", "attribute"))
    assert set(found["judge"]) == set(JUDGES)
    assert found["attribute"].n_unique() > 3
    by_judge = calibrated(layout, (SUBSET,))
    assert by_judge["questions"].to_list() == [found["questions"].sum() // 3] * 3
    console = Console(width=140, record=True, file=io.StringIO())
    console.print(calibration_view(by_judge, 0.99))
    assert "no vote" in console.export_text()
    with pytest.raises(BuildError, match="no judge has answered gold questions"):
        calibrated(layout, ("HPDv2",))


@pytest.mark.parametrize(
    "measured",
    [
        ("Measured-T2T", "Measured-T2A"),
        pytest.param(("Measured-T2I", "Measured-TI2I"), marks=pytest.mark.full),
    ],
    ids=["texts_and_sounds", "pictures"],
)
def test_measured_criteria(sample: Sample, tmp_path: Path, measured: tuple[str, ...]) -> None:
    recipe = sample.recipe
    subsets = {
        name: replace(recipe.subsets[name], target=80 if name == "Measured-T2T" else 12,
                      min_count=0)
        for name in measured
    }  # fmt: skip
    built = build_with(replace(recipe, subsets=subsets), sample.folder, tmp_path, measured)
    for name in measured:
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
    if "Measured-T2T" in measured:
        flipped = rows_of(tmp_path, "Measured-T2T")["flipped"].mean()
        assert 0.35 < flipped < 0.65  # type: ignore[operator]
