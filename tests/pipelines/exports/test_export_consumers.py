"""The exports read by those they are for: LLaMA-Factory's converter and TRL's checks."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import llamafactory_rules as rules
import pytest
from made_dataset import OTHERS, PAPER, make_rows, write_dataset
from sample_build import build_with

from pipelines.dataset.dataset import Dataset
from pipelines.exporting import export
from pipelines.recipe import load_recipe
from pipelines.sample_corpora import write_corpora
from pipelines.sample_corpora.published_set import write_published_set
from pipelines.sample_recipe import write_sample_recipe
from transforms.writing.exports.format import Options
from transforms.writing.exports.llamafactory_names import names_of
from transforms.writing.exports.registry import FORMATS

pytestmark = pytest.mark.full

HERE = Path(__file__).parent
#: Without what they depend on, torch above all: it comes from this environment or is not needed.
CONSUMERS = (
    "trl==1.16.0", "llamafactory==0.9.5", "transformers==5.24.0", "tokenizers==0.23.3",
    "accelerate==1.15.0",
)  # fmt: skip


@pytest.fixture(scope="module")
def consumers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of an environment of their own, over the libraries of this one."""
    folder = tmp_path_factory.mktemp("consumers")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", *CONSUMERS]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"the consumers can't be installed here: {done.stderr[-300:]}")
    (site,) = folder.glob("lib/python*/site-packages")
    spec = importlib.util.find_spec("datasets")
    assert spec is not None
    assert spec.origin is not None
    (site / "below.pth").write_text(f"{Path(spec.origin).parents[1]}\n")
    return python


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    rows = {subset: make_rows(subset, range(20)) for subset in PAPER | OTHERS}
    return Dataset.open(str(write_dataset(tmp_path_factory.mktemp("made"), rows)))


def asked(python: Path, program: str, folder: Path, home: Path) -> dict[str, Any]:
    """What a program says of an export."""
    env = os.environ | {"HF_HOME": str(home), "HF_HUB_OFFLINE": "1", "DISABLE_VERSION_CHECK": "1"}
    done = subprocess.run(
        [str(python), str(HERE / program), str(folder)],
        env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_llamafactory_reads_every_row(consumers: Path, made: Dataset, tmp_path: Path) -> None:
    export(made, FORMATS["llamafactory"], str(tmp_path / "out"))
    said = asked(consumers, "read_as_llamafactory.py", tmp_path / "out", tmp_path / "home")
    assert set(said) == {names_of(subset).key for subset in PAPER | OTHERS}
    for subset, (task, kind) in (PAPER | OTHERS).items():
        found = said[names_of(subset).key]
        assert (found["rows"], found["broken"], found["missing"]) == (20, 0, 0), subset
        assert found["systems"] == (20 if kind == "instruction" else 0)
        assert sum(found["media"].values()) == (0 if task == "t2t" else 20)
    assert said["hpdv2"]["media"] == {"_images 2": 20}
    assert said["videodpo"]["media"] == {"_images 12": 10, "_images 16": 10}
    assert said["rlaifv"]["media"] == {"_images 1": 20}


@pytest.mark.parametrize("implicit", [False, True])
def test_trl_takes_every_row(
    consumers: Path, made: Dataset, tmp_path: Path, implicit: bool
) -> None:
    done = export(made, FORMATS["trl"], str(tmp_path / "out"), None, Options(8, implicit))
    said = asked(consumers, "read_as_trl.py", tmp_path / "out", tmp_path / "home")
    assert set(said) == {one.part.subset for one in done.parts}
    for name, counts in said.items():
        task, kind = (PAPER | OTHERS)[name]
        pictures = {"t2t": 0, "ti2t": 1, "tv2t": 5}[task]
        assert counts == {
            "rows": 20,
            "pictures": 20 * pictures,
            "systems": 20 if kind == "instruction" else 0,
        }


def test_the_export_of_a_real_build_of_all_thirteen_follows_the_rules(
    consumers: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "corpora"
    recipe = write_sample_recipe(folder, write_corpora(folder, scale=0.0005))
    write_published_set(folder, load_recipe(recipe), 7)
    built = build_with(load_recipe(recipe), folder, tmp_path / "built", tuple(PAPER))
    done = export(Dataset.open(str(built.output)), FORMATS["llamafactory"], str(tmp_path / "out"))
    said = asked(consumers, "read_as_llamafactory.py", tmp_path / "out", tmp_path / "home")
    for part in done.parts:
        key = names_of(part.part.subset).key
        assert part.rows_in == built.record["subsets"][part.part.subset]["rows"] > 0
        assert part.rows_in == part.rows_out + sum(part.dropped.values())
        rows = rules.read(tmp_path / "out", key)
        assert len(rows) == part.rows_out == said[key]["rows"]
        assert (said[key]["broken"], said[key]["missing"]) == (0, 0)
        kind = PAPER[part.part.subset][1]
        assert all(bool(row.system) == (kind == "instruction") for row in rows)
        assert all(rules.decodes(tmp_path / "out", path) for path in set(rules.all_media(rows)))
