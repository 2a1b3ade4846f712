"""A Hub that can't be reached is waited for once, and that is said."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from sample_build import Sample

from tests.hub_server.fixtures import keep_on_loopback
from transforms.beamkit.hub import patience

Call = Callable[..., "subprocess.CompletedProcess[str]"]

ON_HUB = ("skywork", "rlaif_v", "hpdv2")


@pytest.fixture
def recipe(sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recipe with three corpora on a Hub that nobody runs, and one in a mirror between them."""
    keep_on_loopback(monkeypatch, tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{free.getsockname()[1]}")
    monkeypatch.setenv("OMNIREWARD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(patience.time, "sleep", lambda _: None)
    recipe = yaml.safe_load(sample.recipe_file.read_text())
    corpora = recipe["corpora"]
    mirror = next(name for name in corpora if name not in ON_HUB)
    kept = (ON_HUB[0], mirror, *ON_HUB[1:])
    for name in kept:
        path = corpora[name].pop("path")
        if name == mirror:
            corpora[name]["path"] = str(sample.folder / path)
    recipe["corpora"] = {name: corpora[name] for name in kept}
    subsets = recipe["subsets"].items()
    recipe["subsets"] = {name: one for name, one in subsets if one["corpus"] in kept}
    file = tmp_path / "recipe.yaml"
    file.write_text(yaml.safe_dump(recipe, sort_keys=False))
    return file


@pytest.mark.parametrize(("command", "code"), [("lock", 3), ("check", 4)])
def test_it_is_asked_for_one_corpus_only(
    omnireward: Call, recipe: Path, command: str, code: int
) -> None:
    done = omnireward("sources", command, "--recipe", recipe)
    assert done.returncode == code, done.stderr
    tried = [line for line in done.stderr.splitlines() if "trying again" in line]
    assert len(tried) == patience.PATIENCE.retries
    assert tried[0].startswith("127.0.0.1:")
    assert tried[0].endswith(f"(1 of {patience.PATIENCE.retries})")
    if command == "check":
        assert done.stdout.count("nothing could be looked at") == len(ON_HUB)
        return
    failed = [line for line in done.stderr.splitlines() if line.startswith("failed: ")]
    assert [line.split(": ")[1] for line in failed] == list(ON_HUB)
    assert all("can't be reached" in line for line in failed)
    assert (recipe.parent / "beam_config.lock").exists()  # the mirror's
