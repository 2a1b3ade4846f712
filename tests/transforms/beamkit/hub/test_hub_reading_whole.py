"""Whole files and single passes: each byte moves once, and none that is wrong is let through."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hub_server import Fault, HubServer
from tests.hub_server.fixtures import client_environment
from tests.hub_server.in_use import cache_of, put
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub import cache
from transforms.beamkit.hub.tree import find

TOP = Path(__file__).resolve().parents[4]
DATA = random.Random(3).randbytes(700_000)
GIT = hashlib.sha1(b"blob 700000\0" + DATA).hexdigest()
SHA = hashlib.sha256(DATA).hexdigest()

#: Says that it is ready, reads the file when told, and says what it read.
READER = """
import hashlib, sys
from transforms.beamkit import files
from transforms.beamkit.hub import tree
files.exists(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
print(hashlib.sha256(files.read_bytes(sys.argv[1])).hexdigest(), flush=True)
"""


@pytest.fixture(params=["x.tar", "x.json"], ids=["sha256", "git-sha1"])
def path(hub_in_use: HubServer, request: pytest.FixtureRequest) -> str:
    """The address of `DATA` in a repository that is listed already."""
    path = f"{put(hub_in_use, {request.param: DATA})}/{request.param}"
    assert files.exists(path)
    hub_in_use.log.clear()
    return path


def sent(hub: HubServer) -> int:
    return hub.log.bytes_sent(path="/x.")


def partial_of(path: str) -> Path:
    whole = cache.whole_file(find(path).digest)
    return whole.with_name(whole.name + ".partial")


def refusal(name: str) -> str:
    """How wrong bytes at the middle are refused."""
    wrong = bytearray(DATA)
    wrong[350_000] ^= 0xFF
    git = name.endswith(".json")
    hasher = hashlib.sha1(b"blob 700000\0") if git else hashlib.sha256()
    hasher.update(wrong)
    return (
        f"{name} of ada/birds: what came has the digest {hasher.hexdigest()[:16]}…, the Hub says "
        f"{(GIT if git else SHA)[:16]}…; it was damaged on its way, or something between here and "
        "the Hub changes files. Run the command again"
    )


def test_a_whole_file_is_fetched_once(hub_in_use: HubServer, path: str) -> None:
    for _ in range(2):
        with files.open_whole(path) as stream:
            assert stream.read() == DATA
    with files.open_read(path) as stream:  # reads of its parts find it, too
        stream.seek(99)
        assert stream.read(9) == DATA[99:108]
    assert sent(hub_in_use) == len(DATA)
    assert not partial_of(path).exists()


def test_damaged_bytes_are_fetched_again(hub_in_use: HubServer, path: str) -> None:
    hub_in_use.faults.script("/x.", [Fault.corrupt()], method="GET")
    assert files.read_bytes(path) == DATA
    assert sent(hub_in_use) == 2 * len(DATA)


def test_bytes_that_stay_damaged_are_refused(hub_in_use: HubServer, path: str) -> None:
    hub_in_use.faults.script("/x.", [Fault.corrupt()] * 2, method="GET")
    with pytest.raises(BuildError) as caught:
        files.open_whole(path)
    assert str(caught.value) == refusal(path.rsplit("/", 1)[-1])
    assert not partial_of(path).exists()
    assert files.read_bytes(path) == DATA


def test_a_pass_refuses_damaged_bytes_at_its_end(hub_in_use: HubServer, path: str) -> None:
    hub_in_use.faults.script("/x.", [Fault.corrupt()], method="GET")
    with files.open_stream(path) as stream:
        stream.read(len(DATA) - 1)
        with pytest.raises(BuildError) as caught:
            stream.read(10)
    assert str(caught.value) == refusal(path.rsplit("/", 1)[-1])


def test_a_pass_keeps_nothing(hub_in_use: HubServer, path: str, tmp_path: Path) -> None:
    with files.open_stream(path) as stream:
        assert stream.read() == DATA
        assert stream.read() == b""
    assert sent(hub_in_use) == len(DATA)
    assert not list(cache_of(tmp_path).rglob("ranges/*"))


@pytest.mark.parametrize("kept", [DATA[:300_000], DATA, DATA + b"more"])
def test_what_a_killed_attempt_left_is_not_fetched_again(
    hub_in_use: HubServer, path: str, kept: bytes
) -> None:
    partial_of(path).parent.mkdir(parents=True)
    partial_of(path).write_bytes(kept)
    assert files.read_bytes(path) == DATA
    assert sent(hub_in_use) == max(0, len(DATA) - len(kept))


def test_what_a_killed_attempt_left_may_be_wrong(hub_in_use: HubServer, path: str) -> None:
    partial_of(path).parent.mkdir(parents=True)
    partial_of(path).write_bytes(bytes(300_000))
    assert files.read_bytes(path) == DATA
    assert sent(hub_in_use) == 2 * len(DATA) - 300_000


@pytest.mark.parametrize("cut", [0, 1, 699_999])
def test_a_file_that_was_cut_in_the_cache_is_fetched_again(
    hub_in_use: HubServer, path: str, cut: int
) -> None:
    files.read_bytes(path)
    os.truncate(cache.whole_file(find(path).digest), cut)
    with files.open_read(path) as stream:
        assert stream.read(50) == DATA[:50]
    assert files.read_bytes(path) == DATA


def test_a_cache_that_holds_nothing_serves_whole_files(
    hub_in_use: HubServer, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNIREWARD_CACHE_GB", "0")
    first, second = files.open_whole(path), files.open_whole(path)
    with first, second:
        for removed in cache.whole_file(find(path).digest).parent.iterdir():
            removed.unlink()
        assert first.read() == second.read() == DATA


def test_two_processes_fetch_a_file_once(hub_in_use: HubServer, path: str, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        **client_environment(hub_in_use, tmp_path / "home"),
        "PYTHONPATH": str(TOP),
    }
    command = [sys.executable, "-c", READER, path]
    readers = [
        subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for reader in readers:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
    for reader in readers:  # both are told before either is heard
        assert reader.stdin is not None
        reader.stdin.write("go\n")
        reader.stdin.flush()
    said = [reader.communicate(timeout=60)[0].strip() for reader in readers]
    assert said == [SHA, SHA]
    assert hub_in_use.log.bytes_sent(path="/x.") == len(DATA)
