"""The README's lines of Python, run as they stand on a dataset like the demo's."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.recipe import load_recipe
from pipelines.sample_corpora import write_corpora
from pipelines.sample_recipe import write_sample_recipe
from tests.pipelines.sample_build import build_with

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
SUBSETS = {"hpdv2": "HPDv2", "rapidata_video": "Rapidata-Video", "audio_alpaca": "Audio-Alpaca"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds `demo/dataset`, as after `make demo`."""
    folder = tmp_path_factory.mktemp("readme")
    planted = write_corpora(folder / "corpora", scale=0.001, only=list(SUBSETS))
    recipe = load_recipe(write_sample_recipe(folder / "corpora", planted))
    build_with(recipe, folder / "corpora", folder / "demo" / "dataset", list(SUBSETS.values()))
    return folder


def run(place: Path, code: str) -> list[str]:
    """What code prints in a process of its own, with caches of its own."""
    environment = {**os.environ, "HF_HOME": str(place / "hf"), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=place, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_subset_loads_in_two_lines(place: Path) -> None:
    (block,) = (block for block in BLOCKS if "data/HPDv2/" in block)
    said = (
        "from PIL.Image import Image\n"
        "print(pairs[0]['preference'], isinstance(pairs[0]['response_a_image'], Image))"
    )
    preference, is_picture = run(place, f"{block}\n{said}")
    assert preference in ("a", "b", "tie")
    assert is_picture == "True"


def test_clips_and_sounds_give_their_bytes_without_a_decoder(place: Path) -> None:
    (block,) = (block for block in BLOCKS if "Video(decode=False)" in block)
    said = (
        "print(sounds[0]['response_a_audio']['bytes'][:4])\n"
        "print(clips[0]['response_a_video']['bytes'][4:8])"
    )
    assert run(place, f"{block}\n{said}") == ["b'RIFF'", "b'ftyp'"]


@pytest.mark.full
@pytest.mark.skipif(
    importlib.util.find_spec("torchcodec") is None, reason="torchcodec is not installed"
)
def test_clips_and_sounds_decode_with_torchcodec(place: Path) -> None:
    (block,) = (block for block in BLOCKS if "Video(decode=False)" in block)
    lines = [line for line in block.splitlines() if "cast_column" not in line]
    plain = "\n".join(lines[:-1])  # the last one takes bytes
    said = (
        "print(tuple(clips[0]['response_a_video'][0].shape)[0])\n"
        "print(sounds[0]['response_a_audio'].get_all_samples().data.numel() > 1000)"
    )
    assert run(place, f"{plain}\n{said}") == ["3", "True"]
