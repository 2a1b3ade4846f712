"""Which subsets are built, and which are left out where only commercial use will do."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from pipelines.layout import Layout
from pipelines.readiness import choose, forbidden, unclear, why_not
from pipelines.recipe import load_recipe
from pipelines.resources import shipped
from pipelines.run import RunRequest, run
from pipelines.run_record import write_record
from pipelines.sample_corpora import write_corpora
from pipelines.sample_recipe import write_sample_recipe
from pipelines.watching import Watcher
from transforms.beamkit.errors import BuildError

RECIPE = load_recipe(shipped("beam_config.yaml"))
FORBIDDEN = [
    "RLAIF-V", "Omni-RLAIF-V", "Align-Anything-TA2T", "Align-Anything-T2A", "EditReward-Data",
    "Measured-TI2T", "Measured-TA2T", "Measured-TI2I",
]  # fmt: skip


def test_without_the_flag_licences_leave_nothing_out() -> None:
    ready, left_out = choose(RECIPE, [])
    assert {"RLAIF-V", "EditReward-Data"} <= set(ready)
    assert not any("non-commercial" in reason for reason in left_out.values())


def test_with_it_subsets_of_corpora_that_forbid_commercial_use_are_left_out() -> None:
    ready, left_out = choose(RECIPE, [], commercial_only=True)
    found = [name for name, reason in left_out.items() if reason.startswith("non-commercial")]
    assert found == forbidden(RECIPE, RECIPE.subsets) == FORBIDDEN
    assert left_out["RLAIF-V"] == (
        "non-commercial: its corpus is under cc-by-nc-4.0, and --commercial-only is set"
    )
    before, _ = choose(RECIPE, [])
    assert ready == [name for name in before if name not in FORBIDDEN]


def test_one_that_is_asked_for_by_name_is_refused() -> None:
    with pytest.raises(BuildError, match="RLAIF-V can't be built: non-commercial"):
        choose(RECIPE, ["RLAIF-V"], commercial_only=True)
    assert choose(RECIPE, ["RLAIF-V"]) == (["RLAIF-V"], {})


def test_the_licence_is_named_before_any_other_hindrance(tmp_path: Path) -> None:
    published = replace(RECIPE.relabel.published, path="nowhere")
    recipe = replace(RECIPE, relabel=replace(RECIPE.relabel, published=published))
    name = "Omni-RLAIF-V"
    assert why_not(recipe, name) is None  # what lies beside the recipe is not looked at
    assert str(why_not(recipe, name, tmp_path)).startswith("needs criteria")
    assert str(why_not(recipe, name, tmp_path, commercial_only=True)).startswith("non-commercial")


def test_a_reason_names_the_field_and_not_the_folder(tmp_path: Path) -> None:
    published = replace(RECIPE.relabel.published, path=str(tmp_path / "OmniRewardData"))
    recipe = replace(RECIPE, relabel=replace(RECIPE.relabel, published=published))
    assert why_not(recipe, "Omni-RLAIF-V", tmp_path) == (
        "needs criteria: the folder relabel.published.path has no Omni-RLAIF-V"
    )


def test_a_licence_in_another_spelling_forbids_as_much() -> None:
    corpora = {**RECIPE.corpora, "hpdv2": replace(RECIPE.corpora["hpdv2"], licence="CC BY-NC 4.0")}
    recipe = replace(RECIPE, corpora=corpora)
    assert str(why_not(recipe, "HPDv2", commercial_only=True)).startswith("non-commercial")
    assert "HPDv2" in forbidden(recipe, recipe.subsets)


def test_unknown_licences_are_not_left_out_but_told() -> None:
    ready, _ = choose(RECIPE, [], commercial_only=True)
    assert unclear(RECIPE, ready) == [
        "Skywork-Reward-Preference", "Omni-Skywork-Reward-Preference", "OmniAlign-V-DPO",
        "Omni-VLFeedback", "Measured-T2T",
    ]  # fmt: skip


def test_a_dataset_that_holds_what_is_forbidden_is_refused(tmp_path: Path) -> None:
    layout = Layout.of(str(tmp_path))
    write_record(layout, {"subsets": {"RLAIF-V": {}, "Skywork-Reward-Preference": {}}})
    request = RunRequest(RECIPE, tmp_path, layout, ("HPDv2",), commercial_only=True)
    with pytest.raises(BuildError, match=r"from an earlier build: RLAIF-V\. Name another folder"):
        run(request, Watcher(Console(quiet=True), quiet=True))


def test_the_plan_shows_what_is_left_out_and_warns_of_unknown_licences(
    omnireward: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    planted = write_corpora(tmp_path, 0.0005, only=["skywork", "rlaif_v"])
    recipe = write_sample_recipe(tmp_path, planted)
    plan = ("build", "--recipe", recipe, "-o", tmp_path / "out", "--plan", "--commercial-only")
    done = omnireward(*plan)
    assert done.returncode == 0, done.stderr
    assert "no licence is known for the corpora of Skywork-Reward-Preference" in done.stderr
    assert "Left out" in done.stdout
    told = " ".join(done.stdout.split())
    assert "RLAIF-V non-commercial: its corpus is under cc-by-nc-4.0" in told
    refused = omnireward(*plan, "-s", "RLAIF-V")
    assert refused.returncode == 3
    assert "RLAIF-V can't be built: non-commercial" in refused.stderr
