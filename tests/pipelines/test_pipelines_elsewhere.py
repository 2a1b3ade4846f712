"""Builds into a filesystem that is not this machine's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from rich.console import Console
from sample_build import Sample

from pipelines.benchmarks.add import AddRequest, add_benchmark
from pipelines.cards.facts import Matches
from pipelines.cards.side_tables import contamination_of
from pipelines.layout import Layout
from pipelines.recipe import Recipe
from pipelines.run import RunRequest, run
from pipelines.sample_corpora import write_corpora
from pipelines.sample_recipe import write_sample_recipe
from pipelines.watching import Watcher
from tests.far_filesystem import far
from transforms.beamkit.errors import BuildError
from transforms.dedup import select
from transforms.dedup.benchmarks.index import FingerprintIndex
from transforms.dedup.benchmarks.known import KnownFingerprint

__all__ = ["far"]

SUBSET = "Skywork-Reward-Preference"


@pytest.fixture(scope="module")
def leaky(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    folder = tmp_path_factory.mktemp("leaky")
    planted = write_corpora(folder, scale=0.002, only=["skywork"], copies=True)
    return Sample(folder, planted, write_sample_recipe(folder, planted))


@pytest.fixture
def held_against(leaky: Sample, tmp_path: Path) -> Recipe:
    """The recipe with all benchmarks, their fingerprints in a folder of this test."""
    recipe, folder = leaky.whole(), tmp_path / "prints"
    names = sorted(path.name for path in (leaky.folder / "benchmarks").iterdir())
    rules = replace(recipe.decontamination, benchmarks=tuple(names), fingerprints=str(folder))
    for name in names:
        request = AddRequest(name, leaky.folder / "benchmarks" / name)
        add_benchmark(request, str(folder), rules.print, recipe.media)
    return replace(recipe, decontamination=rules)


def built(recipe: Recipe, base: Path, output: str) -> dict[str, Any]:
    request = RunRequest(recipe, base, Layout.of(output), (SUBSET,))
    record, failures = run(request, Watcher(Console(quiet=True), quiet=True))
    assert failures == []
    return record


def matched(output: str) -> tuple[Matches, ...]:
    """What the card says of copies of benchmarks, removed and kept."""
    return contamination_of(Layout.of(output), SUBSET) or ()


def test_workers_elsewhere_read_the_fingerprints_that_were_counted(
    far: Path, leaky: Sample, held_against: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = built(held_against, leaky.folder, str(tmp_path / "here"))
    load, read = select.load_index, []

    def elsewhere(known: Sequence[KnownFingerprint], settings: Any) -> FingerprintIndex:
        """As on a worker that has nothing of the machine that launched it."""
        read.extend(one.path for one in known)
        for file in (tmp_path / "prints").iterdir():
            file.unlink()
        return load(known, settings)

    monkeypatch.setattr(select, "load_index", elsewhere)
    there = built(held_against, leaky.folder, "far://bucket/out")
    against = there["decontamination"]["fingerprints"]
    assert sorted(read) == sorted(
        f"far://bucket/out/.work/fingerprints/{one['digest']}.fingerprint.parquet"
        for one in against.values()
    )
    assert there["decontamination"] == here["decontamination"]
    for kind in ("shards", "dead_letters", "counts"):
        assert there["subsets"][SUBSET][kind] == here["subsets"][SUBSET][kind]
    matches = pl.read_parquet(far / "bucket/out/contamination" / f"{SUBSET}.parquet")
    assert matches["removed"].sum() > 0
    assert matched("far://bucket/out") == matched(str(tmp_path / "here"))
    assert any(one.reported for one in matched("far://bucket/out"))
    told = json.loads((far / "bucket/out/run_record.json").read_text())
    assert told["subsets"][SUBSET]["rows"] == there["subsets"][SUBSET]["rows"]


def test_a_fingerprint_that_a_worker_lacks_ends_the_build(
    leaky: Sample, held_against: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = select.load_index

    def elsewhere(known: Sequence[KnownFingerprint], settings: Any) -> FingerprintIndex:
        Path(known[0].path).unlink(missing_ok=True)
        return load(known, settings)

    monkeypatch.setattr(select, "load_index", elsewhere)
    with pytest.raises(BuildError, match=r"\.fingerprint\.parquet: .* was there when"):
        built(held_against, leaky.folder, str(tmp_path / "here"))
