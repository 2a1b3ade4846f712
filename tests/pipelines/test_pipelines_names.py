"""Folders whose names have characters that mean something in patterns."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from sample_build import GENERAL, Built, Sample, build_with

from pipelines.dataset.dataset import Dataset
from pipelines.recipe import load_recipe
from pipelines.source_check.corpora import check_recipe

Call = Callable[..., "subprocess.CompletedProcess[str]"]

NAME = "my [new] *data*?"


@pytest.fixture(scope="module")
def odd(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """The sample corpora in a folder of such a name."""
    folder = tmp_path_factory.mktemp("odd") / NAME
    shutil.copytree(sample.folder, folder)
    return Sample(folder, sample.planted, folder / sample.recipe_file.name)


@pytest.fixture(scope="module")
def output(odd: Sample) -> Built:
    return build_with(odd.whole(), odd.folder, odd.folder / "[out]")


def test_they_build_the_same_dataset(output: Built, built: Built) -> None:
    assert output.digests() == built.digests()


def test_stale_shards_go(odd: Sample, output: Built) -> None:
    subset = GENERAL[0]
    stale = output.output / "data" / subset / "train-00007-of-00008.parquet"
    shutil.copyfile(next((output.output / "data" / subset).glob("*.parquet")), stale)
    recipe = odd.whole()
    fewer = {**recipe.subsets, subset: replace(recipe.subsets[subset], target=20)}
    again = build_with(replace(recipe, subsets=fewer), odd.folder, output.output, (subset,)).record[
        "subsets"
    ][subset]
    there = {path.name for path in (output.output / "data" / subset).iterdir()}
    assert there == set(again["shards"])
    parts = output.output / ".work" / subset / "select"
    leftover = parts / "roster-of-a-killed-attempt.arrow"
    leftover.write_bytes(b"")
    build_with(recipe, odd.folder, output.output, (subset,))
    assert not leftover.exists()


def test_what_looks_at_a_dataset_sees_it(omnireward: Call, output: Built) -> None:
    for command in (
        ("show", "--number", 1),
        ("dead-letters",),
        ("contamination",),
        ("audit", "run"),
        ("report", "--to", output.output / "report.html"),
        ("validate",),
        ("card",),
    ):
        done = omnireward(*command, "--output", output.output)
        assert done.returncode in (0, 4), (command, done.stderr)
    dataset = Dataset.open(str(output.output))
    for subset in GENERAL:
        shards = (output.output / "data" / subset).glob("*.parquet")
        rows = sum(pq.read_metadata(path).num_rows for path in shards)
        assert dataset.rows(subset) == dataset.scan(subset).collect().height == rows > 0


def test_corpora_are_looked_at(odd: Sample, sample: Sample) -> None:
    recipe = load_recipe(odd.recipe_file)
    (odd_report,) = check_recipe(recipe, odd.folder, ["rlaif_v"], str)
    (report,) = check_recipe(load_recipe(sample.recipe_file), sample.folder, ["rlaif_v"], str)
    assert odd_report == report
