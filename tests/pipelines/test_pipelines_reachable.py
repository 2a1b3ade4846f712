"""Folders of this machine that a run on other machines would need are refused at launch."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sample_build import Sample

from pipelines.layout import Layout
from pipelines.reachable import check_reachable
from pipelines.recipe import Recipe
from tests.far_filesystem import FarFileSystem
from transforms.beamkit.errors import BuildError

FAR = f"{FarFileSystem.scheme()}://bucket/out"
NAME = "RLAIF-V"


def on_hub(recipe: Recipe) -> Recipe:
    corpora = {name: replace(corpus, path=None) for name, corpus in recipe.corpora.items()}
    return replace(recipe, corpora=corpora)


def published(recipe: Recipe, path: str | None) -> Recipe:
    relabel = recipe.relabel
    subset = replace(recipe.subsets[NAME], kind="instruction", criteria="published")
    return replace(
        recipe,
        relabel=replace(relabel, published=replace(relabel.published, path=path)),
        subsets={**recipe.subsets, NAME: subset},
    )


@pytest.mark.parametrize(
    ("runner", "output", "store", "message"),
    [
        ("dataflow", "here/out", None, r"--output here/out: .* dataflow .* gs://BUCKET/FOLDER$"),
        ("dataflow", FAR, "here/media", r"--store here/media: .* dataflow"),
        ("flink", FAR, "here/media", r"--store here/media: .* flink"),
    ],
)
def test_an_output_or_store_of_this_machine(
    sample: Sample, runner: str, output: str, store: str | None, message: str
) -> None:
    with pytest.raises(BuildError, match=message):
        check_reachable(on_hub(sample.recipe), [NAME], runner, Layout.of(output, store))


@pytest.mark.parametrize("runner", ["dataflow", "flink"])
def test_a_published_set_of_this_machine(sample: Sample, runner: str) -> None:
    recipe, layout = on_hub(sample.recipe), Layout.of(FAR)
    with pytest.raises(BuildError, match=r"relabel\.published\.path: sets/mine .* the Hub$"):
        check_reachable(published(recipe, "sets/mine"), [NAME], runner, layout)
    check_reachable(published(recipe, "far://bucket/set"), [NAME], runner, layout)
    check_reachable(published(recipe, None), [NAME], runner, layout)
    check_reachable(published(recipe, "sets/mine"), ["HPDv2"], runner, layout)


def test_a_mirror_of_this_machine(sample: Sample) -> None:
    with pytest.raises(BuildError, match=r"corpora\.rlaif_v\.path: .* dataflow"):
        check_reachable(sample.recipe, [NAME], "dataflow", Layout.of(FAR))
    check_reachable(sample.recipe, [NAME], "flink", Layout.of(FAR))


@pytest.mark.parametrize("runner", ["local", "multi_processing", "flink"])
def test_workers_of_this_machine_reach_everything(sample: Sample, runner: str) -> None:
    check_reachable(published(sample.recipe, "mine"), [NAME], runner, Layout.of("out", "media"))
