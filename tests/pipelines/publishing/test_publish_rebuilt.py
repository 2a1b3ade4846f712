"""From one real build to the next: one subset is raised, built, checked and published."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sample_build import Sample, build_with
from versions_built import REPO, Publish

from pipelines.gate import run_gate
from pipelines.recipe import Recipe
from tests.hub_server import HubServer

NAMES = ("Skywork-Reward-Preference", "RLAIF-V")
RAISED = "RLAIF-V"


def _built(recipe: Recipe, sample: Sample, output: Path) -> set[str]:
    """Build and check; gives the row ids of the subset that is raised."""
    build_with(recipe, sample.folder, output, NAMES)
    assert run_gate(str(output), recipe).passed
    rows = pq.read_table(output / "data" / RAISED, columns=["row_id"])
    return set(rows["row_id"].to_pylist())


def _with_target(recipe: Recipe, target: int) -> Recipe:
    subsets = {
        name: replace(subset, target=target if name == RAISED else 60, min_count=0)
        for name, subset in recipe.subsets.items()
    }
    return replace(recipe, subsets=subsets)


@pytest.mark.full
def test_a_target_that_is_raised(
    publisher: HubServer, publish: Publish, sample: Sample, tmp_path: Path
) -> None:
    output, recipe = tmp_path / "dataset", sample.whole()
    before = _built(_with_target(recipe, 40), sample, output)
    publish(output, "1.0.0")
    publisher.log.clear()
    after = _built(_with_target(recipe, 50), sample, output)
    assert len(after) == 50
    assert before < after  # k rows more, the others stay
    publish(output, "1.1.0")
    repo = publisher.store.get(REPO)
    old, new = repo.find("v1.0.0"), repo.find("v1.1.0")
    assert old is not None
    assert new is not None
    shards = [path for path in new.tree if path.startswith("data/")]
    changed = {path for path in shards if old.tree[path].sha256 != new.tree[path].sha256}
    assert changed == {path for path in shards if f"/{RAISED}/" in path}
    sent = publisher.log.bytes_received("cdn")
    assert sent <= 1.1 * sum(new.tree[path].size for path in changed)
