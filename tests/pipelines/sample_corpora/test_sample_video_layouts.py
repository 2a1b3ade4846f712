"""The layouts of the two corpora of clips: every variant of a fault, and nothing but good records.

Read by the adapters alone, so the media can be anything.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from pipelines.inputs import find_files
from pipelines.recipe import load_recipe
from pipelines.sample_corpora import (
    CORPORA,
    Planted,
    videodpo,
    videodpo_original,
    visionreward,
    visionreward_train,
    write_corpora,
)
from pipelines.sample_recipe import write_sample_recipe
from transforms.sources.adapter import SourceBatch
from transforms.sources.registry import ADAPTERS

LAYOUTS = {
    "videodpo": videodpo,
    "videodpo_original": videodpo_original,
    "videodpo_webdataset": videodpo_original,
    "visionreward": visionreward,
    "visionreward_frames": visionreward,
    "visionreward_train": visionreward_train,
}
THINGS = 150  # pairs, or prompts


@pytest.fixture(params=LAYOUTS)
def layout(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A layout whose media are made in no time."""
    module: ModuleType = LAYOUTS[request.param]
    if hasattr(module, "clip"):
        monkeypatch.setattr(module, "clip", lambda rng: rng.bytes(64))
    if hasattr(module, "frames"):
        monkeypatch.setattr(module, "frames", lambda rng, number: [rng.bytes(8)] * number)
    return str(request.param)


def written(folder: Path, layout: str, *, faults: bool) -> tuple[Planted, list[SourceBatch]]:
    """A corpus of `THINGS`, and what its adapter makes of it."""
    published = getattr(LAYOUTS[layout], "PROMPTS", CORPORA[layout].full_scale)
    planted = write_corpora(folder, THINGS / published, only=[layout], faults=faults)
    recipe = load_recipe(write_sample_recipe(folder, planted))
    ((name, corpus),) = recipe.corpora.items()
    kind = ADAPTERS[corpus.adapter]
    assert kind is not None
    adapter = kind(corpus, name, "S")
    units = adapter.units(find_files(name, corpus, str(folder / layout)))
    return planted[layout], [batch for unit in units for batch in adapter.read(unit)]


def test_every_variant_of_a_fault_is_refused_for_it(
    layout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    share = "_SHARE" if layout == "visionreward_train" else "FAULT_SHARE"
    monkeypatch.setattr(LAYOUTS[layout], share, 4 / THINGS)
    planted, batches = written(tmp_path, layout, faults=True)
    by_adapter = set(LAYOUTS[layout].RECORD_FAULTS)
    by_adapter |= {getattr(LAYOUTS[layout], "GROUP_FAULT", "")}
    if layout == "visionreward_frames":
        by_adapter.add("media_missing")
    found = Counter(row["reason"] for batch in batches for row in batch.dead.to_pylist())
    assert found == {code: n for code, n in planted.faults.items() if code in by_adapter}
    assert set(found.values()) == {4}
    dropped: Counter[str] = sum((Counter(batch.dropped) for batch in batches), Counter())
    assert dropped == planted.dropped
    assert sum(batch.records for batch in batches) == planted.records


def test_without_faults_every_record_is_used(layout: str, tmp_path: Path) -> None:
    planted, batches = written(tmp_path, layout, faults=False)
    assert (planted.faults, planted.dropped, planted.pair_faults) == ({}, {}, {})
    assert [batch.dead.num_rows for batch in batches] == [0] * len(batches)
    assert sum(batch.drafts.num_rows for batch in batches) == planted.rows >= THINGS


def test_clips_lie_in_several_shards_under_paths_of_another_machine(tmp_path: Path) -> None:
    planted = write_corpora(tmp_path, 0.0001, only=["videodpo_webdataset"])["videodpo_webdataset"]
    assert [name for name in planted.files if name.endswith(".tar")] == ["000000.tar", "000001.tar"]
    data = (tmp_path / "videodpo_webdataset" / "000001.tar").read_bytes()
    assert data.startswith(b"home/someone/dataset/")


def test_some_pairs_have_clips_and_some_have_frames(tmp_path: Path) -> None:
    _, batches = written(tmp_path, "visionreward_frames", faults=False)
    slots = Counter(
        draft["first_media"][0]["slot"] for batch in batches for draft in batch.drafts.to_pylist()
    )
    assert slots == {"video": THINGS // 3, "frames": THINGS - THINGS // 3}
