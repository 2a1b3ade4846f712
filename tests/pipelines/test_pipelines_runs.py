"""A dataset built in several runs: what the record says holds for every subset of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sample_build import GENERAL, Sample, build_with

from pipelines.benchmarks.add import AddRequest, add_benchmark
from pipelines.cards import render_card
from pipelines.gate.check import run_gate
from pipelines.layout import Layout
from pipelines.publishing.gate_check import GateError, refuse_samples
from pipelines.recipe import Recipe
from pipelines.run_record import read_record, searched
from transforms.dedup.settings_benchmarks import DecontaminationSettings

SKYWORK, RLAIF, HPD = GENERAL
UP_TO_DATE = "subsets_made_by_the_recipe"


def cut(recipe: Recipe, *names: str, target: int = 12) -> Recipe:
    """The recipe with a few rows of some subsets."""
    subsets = {name: replace(recipe.subsets[name], target=target, min_count=0) for name in names}
    return replace(recipe, subsets=subsets)


def failed(output: Path) -> dict[str, tuple[str, ...]]:
    """The checks of the whole dataset that failed, with what was named."""
    gate = run_gate(str(output))
    return {one.expectation: one.row_ids for one in gate.dataset.expectations if not one.passed}


def test_a_subset_made_by_other_settings_fails_the_gate(sample: Sample, tmp_path: Path) -> None:
    recipe = cut(sample.whole(), SKYWORK, RLAIF)
    build_with(recipe, sample.folder, tmp_path, (SKYWORK, RLAIF))
    assert UP_TO_DATE not in failed(tmp_path)
    larger = cut(sample.whole(), SKYWORK, RLAIF, target=12)
    larger = replace(
        larger, subsets={**larger.subsets, RLAIF: replace(larger.subsets[RLAIF], target=14)}
    )
    build_with(larger, sample.folder, tmp_path, (RLAIF,))
    assert UP_TO_DATE not in failed(tmp_path)  # what changed is about this subset alone
    other = replace(larger, seed=larger.seed + 1)
    build_with(other, sample.folder, tmp_path, (RLAIF,))
    assert failed(tmp_path)[UP_TO_DATE] == (SKYWORK,)
    build_with(other, sample.folder, tmp_path, (SKYWORK, RLAIF))
    assert UP_TO_DATE not in failed(tmp_path)


def test_a_benchmark_counts_when_all_subsets_were_compared_with_it(
    sample: Sample, tmp_path: Path
) -> None:
    prints, output = tmp_path / "prints", tmp_path / "out"
    plain = cut(sample.whole(), SKYWORK, RLAIF)
    rules = DecontaminationSettings(benchmarks=("ours",), fingerprints=str(prints))
    waived = replace(plain, decontamination=replace(rules, waived={"ours": "not made yet"}))
    listed = replace(plain, decontamination=rules)

    first = build_with(waived, sample.folder, output, (SKYWORK, RLAIF)).record["decontamination"]
    assert first == {"fingerprints": {}, "waived": {"ours": "not made yet"}, "missing": {}}
    items = tmp_path / "items.jsonl"
    items.write_text('{"prompt": "What is the capital of France, and since when is it so?"}\n')
    add_benchmark(AddRequest("ours", items), str(prints), rules.print, plain.media)

    half = build_with(listed, sample.folder, output, (SKYWORK,)).record["decontamination"]
    assert half["fingerprints"] == {}
    assert half["waived"] == {"ours": "not made yet"}
    whole = build_with(listed, sample.folder, output, (RLAIF,)).record["decontamination"]
    assert list(whole["fingerprints"]) == ["ours"]
    assert whole["waived"] == whole["missing"] == {}


def entry(waived: dict[str, str] | None = None, **fingerprints: str) -> dict[str, Any]:
    told = {name: {"digest": digest} for name, digest in fingerprints.items()}
    return {"decontamination": {"fingerprints": told, "waived": waived or {}}}


@pytest.mark.parametrize(
    ("subsets", "expected"),
    [
        ({"A": entry(x="1"), "B": entry(x="1")}, (["x"], [], {})),
        ({"A": entry(x="1"), "B": entry(x="2")}, ([], [], {"x": ["A"]})),
        ({"A": entry(x="1"), "B": entry()}, ([], [], {"x": ["B"]})),
        ({"A": entry(x="1"), "B": entry({"x": "no"})}, ([], ["x"], {})),
        ({"A": entry(x="1"), "B": entry({"x": "no"}), "C": entry()}, ([], [], {"x": ["C"]})),
        ({"A": {}, "B": entry(x="1")}, (["x"], [], {})),
        ({"A": {}}, ([], [], {})),
    ],
)
def test_what_all_subsets_were_compared_with(
    subsets: dict[str, Any], expected: tuple[list[str], list[str], dict[str, list[str]]]
) -> None:
    found = searched(subsets)
    assert (list(found["fingerprints"]), list(found["waived"]), found["missing"]) == expected


def test_what_an_earlier_run_left_out_stays_on_record(sample: Sample, tmp_path: Path) -> None:
    recipe = sample.whole()
    closed = replace(recipe.corpora["hpdv2"], needs_mirror=True, path=None)
    recipe = replace(cut(recipe, SKYWORK, RLAIF, HPD), corpora={**recipe.corpora, "hpdv2": closed})
    first = build_with(recipe, sample.folder, tmp_path, ())
    assert list(first.record["left_out"]) == [HPD]
    again = build_with(recipe, sample.folder, tmp_path, (RLAIF,))
    assert again.record["left_out"] == first.record["left_out"]


def test_a_limit_cuts_the_subsets_that_are_built_alone(sample: Sample) -> None:
    recipe = sample.recipe
    limited = recipe.limited(3, [RLAIF])
    assert limited.subsets[RLAIF].target == 3
    assert limited.subsets[SKYWORK] == recipe.subsets[SKYWORK]
    assert recipe.limited(3).subsets[SKYWORK].target == 3
    assert recipe.cut_by(3, [RLAIF]) == {RLAIF: 3}
    assert recipe.cut_by(10**9, [RLAIF]) == recipe.cut_by(None) == {}


def test_what_a_limit_cut_is_on_record_and_is_not_published(
    sample: Sample, tmp_path: Path, omnireward: Callable[..., Any]
) -> None:
    output = tmp_path / "set"
    asked = ("--recipe", sample.recipe_file, "--subset", RLAIF, "--output", output)
    done = omnireward("build", *asked, "--limit", 5)
    assert done.returncode == 0, done.stderr
    record = read_record(Layout.of(str(output)))
    assert record is not None
    assert record["subsets"][RLAIF]["limit"] == 5
    run_gate(str(output))
    told = "built with --limit 5"
    page = next((output / "quality").rglob("index.html")).read_text()
    assert told in page
    cards = render_card(str(output), None, "org/name", "1.0.0")
    assert told.encode() in cards[f"cards/{RLAIF}.md"]
    assert b"A sample, not a version" in cards["README.md"]
    with pytest.raises(GateError, match=rf"is a sample.*{RLAIF} \(--limit 5\)"):
        refuse_samples(output, record, None)
    small = replace(sample.recipe.subset(RLAIF), target=5, min_count=0)
    recipe = replace(sample.recipe, subsets={**sample.recipe.subsets, RLAIF: small})
    refuse_samples(output, record, recipe)
    published = render_card(output, recipe, "zoo/rewards", "1.0.0")
    assert b"--limit" not in published["README.md"] + published[f"cards/{RLAIF}.md"]
    with pytest.raises(GateError):
        refuse_samples(output, record, sample.recipe)


def test_a_plan_with_fresh_forgets_nothing(
    sample: Sample, tmp_path: Path, omnireward: Callable[..., Any]
) -> None:
    build_with(cut(sample.recipe, RLAIF), sample.folder, tmp_path, (RLAIF,))
    layout = Layout.of(str(tmp_path))
    asked = ("build", "--recipe", sample.recipe_file, "--subset", RLAIF, "--output", tmp_path)
    plan = omnireward(*asked, "--limit", 12, "--plan", "--fresh")
    assert plan.returncode == 0, plan.stderr
    assert "up to date" not in plan.stdout
    assert Path(layout.published(RLAIF)).exists()
    assert Path(layout.manifest(RLAIF, "prepare")).exists()
