"""The wheel, installed elsewhere, has all it needs: the recipe, the data cards, every module."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
SHIPPED = ("pipelines", "transforms", "schemas", "data_cards")


def test_the_wheel_runs_outside_the_checkout(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in SHIPPED:
        shutil.copytree(TOP / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy2(TOP / name, source / name)
    shutil.copy2(TOP / "beam_config.yaml", source)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
         "--wheel-dir", str(tmp_path), str(source)],
        check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    assert {path.name for path in site.iterdir() if not path.name.endswith(".dist-info")} == {
        "pipelines", "transforms", "schemas",
    }  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(site), "PYTHONSAFEPATH": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "recipe", "check"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    where = "".join(done.stdout.split())
    assert "pipelines/_shipped/beam_config.yaml:good." in where
    cards = site / "pipelines" / "_shipped" / "data_cards" / "corpora"
    shipped = {path.name for path in (TOP / "data_cards" / "corpora").iterdir()}
    assert {path.name for path in cards.iterdir()} == shipped
    for templates in (
        "pipelines/templates/source", "pipelines/templates/cards", "pipelines/gallery/templates",
    ):  # fmt: skip
        assert {path.name for path in (site / templates).iterdir()} == {
            path.name for path in (TOP / templates).iterdir()
        }
    refused = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "new-source", "mine"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert refused.returncode == 3
    assert "this omnireward is an installed package; clone the repository" in refused.stderr
