"""Killed at any moment and started again: only calls in flight at the kill are bought again."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path

import pytest

from tests.transforms.relabel.asking import model, session
from tests.transforms.relabel.llm_server import LlmServer, Script, running

_ROOT = Path(__file__).parents[3]
_QUESTIONS = 240


def _start(folder: Path, server: LlmServer, keeper: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.transforms.relabel.asking_child"]
    return subprocess.Popen(
        [*command, str(folder), server.base_url, str(_QUESTIONS), keeper],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def _kill_after(child: subprocess.Popen[str], server: LlmServer, calls: int) -> None:
    """Kill it when the server has seen so many calls more; a kill has no better clock."""
    aim = len(server.log) + calls
    deadline = time.monotonic() + 60
    while len(server.log) < aim and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    child.send_signal(signal.SIGKILL)
    child.wait()


def _assert_nothing_is_bought_twice(tmp_path: Path, keeper: str, kills: int, seed: int) -> None:
    draw = random.Random(seed)
    with running(Script(latency=0.03)) as server:
        for _ in range(kills):
            _kill_after(_start(tmp_path, server, keeper), server, draw.randint(1, 60))
        with _start(tmp_path, server, keeper) as child:
            output, _ = child.communicate(timeout=120)
        assert output.splitlines()[-1] == f"done {_QUESTIONS}"
        served = Counter(line.tag for line in server.log)
        with session(tmp_path, model(server.base_url), segments=keeper == "segments") as asked:
            ledger = asked.ledger()
            assert asked.lost == 0
    lost = Counter(row.pair_id.removeprefix("pair-") for row in ledger if row.status == "lost")
    bought = Counter(row.pair_id.removeprefix("pair-") for row in ledger if row.status == "answer")
    assert set(served) == {str(index) for index in range(_QUESTIONS)}
    assert bought == Counter({str(index): 1 for index in range(_QUESTIONS)})
    again = {tag for tag, times in served.items() if times > 1}
    assert again <= set(lost)
    # Each call that the server saw is a row: an answer, or one that was lost. An intent is noted
    # before its call is sent, so there may be more rows than calls, never fewer.
    assert all(served[tag] <= bought[tag] + lost[tag] for tag in served)
    # In flight, or answered while the commit of the group before was still being written: a slot is
    # free again once its answer is there, so on a busy disk as many more may wait for their commit.
    assert sum(lost.values()) <= 2 * kills * model(server.base_url).concurrency


@pytest.mark.parametrize("keeper", ["sqlite", "segments"])
def test_killed_and_started_again(tmp_path: Path, keeper: str) -> None:
    _assert_nothing_is_bought_twice(tmp_path, keeper, {"sqlite": 2, "segments": 1}[keeper], seed=5)


@pytest.mark.full
@pytest.mark.parametrize("keeper", ["sqlite", "segments"])
@pytest.mark.parametrize("seed", range(5))
def test_killed_many_times(tmp_path: Path, keeper: str, seed: int) -> None:
    _assert_nothing_is_bought_twice(tmp_path, keeper, 6, seed)


def test_a_server_of_its_own_process_tells_what_it_served(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.transforms.relabel.llm_server", Script().to_json()]
    with subprocess.Popen(
        command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        url = child.stdout.readline().strip()
        with urllib.request.urlopen(url.removesuffix("/v1") + "/__log", timeout=10) as reply:
            assert json.load(reply) == []
        child.communicate()
    assert child.returncode == 0
