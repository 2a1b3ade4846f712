"""One subset made anew: what changes is known exactly, and everything else keeps its bytes.

What holds. `build --subset X` writes the files of X alone. A later build of all compares the
subsets after X with X again, for duplicates and groups reach over subsets: such a subset changes
only in rows that are copies of rows of X that came or went, and in the names of groups that they
share with X. Subsets before X never change. A target raised from N to N + k adds k rows and keeps
the others; of those only the names of their groups may change, for a new row can join two groups
(and with a held-out split, a row moves with its group). The exception is a source that contradicts
itself: where the recipe drops contradictions, a new row takes the row that it contradicts with it.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from sample_build import GENERAL, Sample, build_with

from pipelines.dataset.dataset import Dataset
from pipelines.diff.diff import diff
from pipelines.diff.result import DatasetDiff
from pipelines.recipe import Recipe
from pipelines.sample_corpora import write_corpora
from pipelines.sample_recipe import write_sample_recipe

SKYWORK, RLAIF, HPD = GENERAL
GROUPS = {"prompt_group", "media_group"}


def with_target(recipe: Recipe, subset: str, target: int) -> Recipe:
    changed = replace(recipe.subsets[subset], target=target, min_count=0)
    return replace(recipe, subsets={**recipe.subsets, subset: changed})


def compared(before: Path, after: Path) -> DatasetDiff:
    return diff(Dataset.open(str(before)), Dataset.open(str(after)), rows=True)


def test_a_raised_target_adds_rows_to_one_subset_and_leaves_all_other_files(
    sample: Sample, tmp_path: Path
) -> None:
    small = with_target(with_target(sample.recipe, SKYWORK, 40), RLAIF, 30)
    output, before = tmp_path / "dataset", tmp_path / "before"
    build_with(small, sample.folder, output, (SKYWORK, RLAIF))
    shutil.copytree(output, before)
    larger = with_target(small, SKYWORK, 55)
    build_with(larger, sample.folder, output, (SKYWORK,))
    found = compared(before, output)
    _check_added(found, SKYWORK, 15)
    assert found.of(RLAIF).files_equal == found.of(RLAIF).files_after == 1
    assert found.of(RLAIF).is_empty


@pytest.mark.full
def test_a_later_build_of_all_leaves_what_does_not_hang_together_with_the_new_rows(
    sample: Sample, tmp_path: Path
) -> None:
    small = with_target(with_target(sample.recipe, SKYWORK, 40), RLAIF, 30)
    output, before = tmp_path / "dataset", tmp_path / "before"
    first = build_with(small, sample.folder, output, (SKYWORK, RLAIF))
    shutil.copytree(output, before)
    larger = with_target(small, SKYWORK, 55)
    whole = build_with(larger, sample.folder, output, (SKYWORK, RLAIF))
    kept = {name: one for name, one in first.digests().items() if name.startswith(RLAIF)}
    assert {name: whole.digests()[name] for name in kept} == kept
    _check_added(compared(before, output), SKYWORK, 15)


def _check_added(found: DatasetDiff, subset: str, number: int) -> None:
    one = found.of(subset)
    assert (one.added, one.removed, one.criterion_changed, one.label_changed) == (number, 0, 0, 0)
    assert set(one.columns) <= GROUPS
    assert one.media_changed == 0
    assert [other.subset for other in found.subsets if not other.is_empty] == [subset]


@pytest.mark.full
def test_a_changed_corpus_changes_its_subset_alone(sample: Sample, tmp_path: Path) -> None:
    output, before = tmp_path / "dataset", tmp_path / "before"
    build_with(sample.recipe, sample.folder, output)
    shutil.copytree(output, before)
    recipe = sample.recipe
    corpora = {**recipe.corpora, "rlaif_v": replace(recipe.corpora["rlaif_v"], licence="other")}
    build_with(replace(recipe, corpora=corpora), sample.folder, output)
    found = compared(before, output)
    one = found.of(RLAIF)
    assert (one.added, one.removed, one.label_changed) == (0, 0, 0)
    assert dict(one.columns) == {"source.licence": one.rows_after}
    for subset in (SKYWORK, HPD):
        assert found.of(subset).files_equal == found.of(subset).files_after > 0


@pytest.mark.full
def test_with_copies_only_what_hangs_together_with_new_rows_changes(tmp_path: Path) -> None:
    folder = tmp_path / "corpora"
    planted = write_corpora(folder, scale=0.004, only=["skywork", "rlaif_v", "hpdv2"], copies=True)
    sample = Sample(folder, planted, write_sample_recipe(folder, planted))
    small = with_target(sample.recipe, SKYWORK, 150)
    output, before = tmp_path / "dataset", tmp_path / "before"
    build_with(small, folder, output)
    shutil.copytree(output, before)
    build_with(with_target(small, SKYWORK, 180), folder, output)
    found = compared(before, output)
    one = found.of(SKYWORK)
    assert one.rows_after - one.rows_before == 30
    assert one.removed <= 2  # contradicted by a new row
    assert set(one.columns) <= GROUPS
    for subset in (RLAIF, HPD):
        other = found.of(subset)
        assert other.label_changed == other.criterion_changed == other.media_changed == 0
        assert set(other.columns) <= GROUPS
        assert max(other.added, other.removed) <= 2
