"""Killed at a random moment and run again: the same bytes, and nothing half-done is read."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from sample_build import GENERAL, Sample

from pipelines.layout import Layout
from pipelines.run_record import read_record

ENVIRONMENT = dict(os.environ)


def command(recipe: Path, output: Path, subsets: Sequence[str] = GENERAL) -> list[str]:
    return [
        sys.executable, "-m", "pipelines.cli", "build", "--quiet",
        "--recipe", str(recipe), "--output", str(output),
        *(word for subset in subsets for word in ("--subset", subset)),
    ]  # fmt: skip


def digests(output: Path) -> dict[str, str]:
    record = read_record(Layout.of(str(output)))
    assert record is not None
    return {
        f"{subset}/{name}": entry["sha256"]
        for subset in GENERAL
        for kind in ("shards", "dead_letters")
        for name, entry in record["subsets"][subset][kind].items()
    }


def build(recipe: Path, output: Path) -> float:
    started = time.monotonic()
    subprocess.run(command(recipe, output), check=True, env=ENVIRONMENT)
    return time.monotonic() - started


def kill_after(recipe: Path, output: Path, seconds: float, sign: int) -> int:
    """Start a build and signal it after a while; returns its exit code."""
    process = subprocess.Popen(command(recipe, output), env=ENVIRONMENT, stderr=subprocess.DEVNULL)
    timer = threading.Timer(seconds, process.send_signal, (sign,))
    timer.start()
    code = process.wait()
    timer.cancel()
    return code


def check_kills(sample: Sample, folder: Path, kills: int, seed: int) -> None:
    reference = folder / "reference"
    seconds = build(sample.recipe_file, reference)
    rng = random.Random(seed)
    output = folder / "killed"
    for _ in range(kills):
        code = kill_after(sample.recipe_file, output, rng.uniform(0.2, 1) * seconds, signal.SIGKILL)
        assert code in (-signal.SIGKILL, 0)
        if rng.random() < 0.4:  # sometimes all the way through, then from the start again
            build(sample.recipe_file, output)
            assert digests(output) == digests(reference)
            output = folder / f"killed-{rng.random()}"
    build(sample.recipe_file, output)
    assert digests(output) == digests(reference)
    assert not list(output.glob("data/**/*attempt*"))


def test_killed_then_resumed(sample: Sample, tmp_path: Path) -> None:
    check_kills(sample, tmp_path, kills=1, seed=5)


@pytest.mark.full
def test_killed_at_ten_random_moments_then_resumed(sample: Sample, tmp_path: Path) -> None:
    check_kills(sample, tmp_path, kills=10, seed=11)


def test_ctrl_c_says_how_to_go_on_and_the_next_run_does(sample: Sample, tmp_path: Path) -> None:
    output = tmp_path / "out"
    process = subprocess.Popen(
        command(sample.recipe_file, output, ()),  # long enough to be met at work
        env=ENVIRONMENT,
        stderr=subprocess.PIPE,
        text=True,
    )
    first = output / ".work" / GENERAL[0] / "published.json"
    while not first.exists() and process.poll() is None:
        time.sleep(0.05)  # the signal is to come in mid-build: after one subset of three
    process.send_signal(signal.SIGINT)
    _, message = process.communicate()
    assert process.returncode == 130
    assert message.strip() == "interrupted; run the same command again to go on from here"
    build(sample.recipe_file, output)
    record = read_record(Layout.of(str(output)))
    assert record is not None
    assert record["subsets"][GENERAL[0]]["resumed"] == "all"
