"""Publication through faults: whatever breaks, the version is there as a whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from versions_built import (
    REPO,
    TOKEN,
    Publish,
    copy_of,
    pass_gate,
    publish_plainly,
    write_report,
)

from tests.hub_server import Fault, FaultKind, FaultPlan, HubServer
from tests.hub_server.fixtures import client_environment
from tests.hub_server.in_use import cache_of
from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub import cache

ROOT = Path(__file__).parents[3]
UPLOADS = (
    Fault.hang_up(0.3),
    Fault.hang_up(0.9),
    Fault.error(500, before=True),
    Fault.error(503),
    Fault.drop(),
    FaultKind.ERROR_502,
)


def _state(hub: HubServer) -> tuple[dict[str, str], dict[str, str]]:
    """Tags with their trees' digests, and the tree of the main branch."""
    repo = hub.store.get(REPO)
    main = repo.commits[repo.branches["main"]].tree
    tags = {tag: _digest(repo.commits[commit].tree) for tag, commit in repo.tags.items()}
    return tags, {path: blob.sha256 for path, blob in main.items()}


def _digest(tree: object) -> str:
    return repr(sorted((path, blob.sha256) for path, blob in tree.items()))  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def wanted(second: Path) -> list[str]:
    """The paths that the second version holds of what was built."""
    return sorted(
        path.relative_to(second).as_posix() for path in (second / "data").rglob("*.parquet")
    )


def _commits(hub: HubServer) -> int:
    return len(hub.store.get(REPO).commits)


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.full), 3])
def test_faults_at_random(
    hub_with_first: HubServer, second: Path, wanted: list[str], seed: int
) -> None:
    before = _commits(hub_with_first)
    hub_with_first.faults = FaultPlan(seed=seed, rate=0.4, kinds=UPLOADS, most_in_a_row=1)
    publish_plainly(second, "1.1.0")
    assert [one for one in hub_with_first.log.entries() if one.fault]
    tags, main = _state(hub_with_first)
    assert set(tags) == {"v1.0.0", "v1.1.0"}
    assert set(wanted) <= main.keys()
    assert _commits(hub_with_first) == before + 1


@pytest.mark.parametrize(
    ("path", "method"), [("/commit/", "POST"), ("/tag/", "POST"), ("/upload/", "PUT")]
)
@pytest.mark.parametrize(
    "fault",
    [
        Fault.drop(0.2),
        pytest.param(Fault.error(500), marks=pytest.mark.full),
        pytest.param(FaultKind.HTML_PAGE, marks=pytest.mark.full),
    ],
)
def test_an_answer_that_is_lost(
    hub_with_first: HubServer,
    second: Path,
    path: str,
    method: str,
    fault: Fault | FaultKind,
) -> None:
    """What was done is not done twice."""
    before = _commits(hub_with_first)
    hub_with_first.faults.script(path, [fault], method=method)
    publish_plainly(second, "1.1.0")
    assert _commits(hub_with_first) == before + 1
    assert set(hub_with_first.store.get(REPO).tags) == {"v1.0.0", "v1.1.0"}


def test_a_check_between_the_attempts_is_no_other_content(
    hub_with_first: HubServer, publish: Publish, second: Path, tmp_path: Path
) -> None:
    output = copy_of(second, tmp_path / "again")
    before = _commits(hub_with_first)
    hub_with_first.faults.script("/tag/", [Fault.error(503, before=True)] * 50, method="POST")
    with pytest.raises(BuildError, match="the Hub has trouble of its own"):
        publish(output, "1.1.0")
    hub_with_first.faults = FaultPlan()
    pass_gate(output)
    publish(output, "1.1.0")
    assert _commits(hub_with_first) == before + 1
    assert set(hub_with_first.store.get(REPO).tags) == {"v1.0.0", "v1.1.0"}


def test_a_hub_that_stays_in_trouble(hub_with_first: HubServer, second: Path) -> None:
    before = _state(hub_with_first)
    hub_with_first.faults.script("/upload/", [Fault.error(503, before=True)] * 500)
    with pytest.raises(BuildError, match="the Hub has trouble of its own"):
        publish_plainly(second, "1.1.0")
    assert _state(hub_with_first) == before
    hub_with_first.faults = FaultPlan()
    publish_plainly(second, "1.1.0")


def test_a_parent_that_moved(hub_with_first: HubServer, second: Path) -> None:
    store = hub_with_first.store
    hub_with_first.traps.set("/commit/", lambda: store.commit(REPO, {"a.md": b"hello"}, "Hello"))
    with pytest.raises(BuildError, match="has changed since the plan was made") as refused:
        publish_plainly(second, "1.1.0")
    assert "run the same command again" in str(refused.value)
    assert set(store.get(REPO).tags) == {"v1.0.0"}
    hub_with_first.log.clear()
    publish_plainly(second, "1.1.0")
    assert hub_with_first.log.bytes_received("cdn") == 0  # it is there already
    assert {"a.md"} <= _state(hub_with_first)[1].keys()


def test_two_publishers_of_different_content(
    hub_with_first: HubServer, first: Path, second: Path, tmp_path: Path
) -> None:
    other = copy_of(first, tmp_path / "other")
    write_report(other, "Other")
    hub_with_first.traps.set("/commit/", lambda: publish_plainly(other, "1.0.1"))
    with pytest.raises(BuildError, match="has changed since the plan was made"):
        publish_plainly(second, "1.1.0")
    assert set(hub_with_first.store.get(REPO).tags) == {"v1.0.0", "v1.0.1"}
    publish_plainly(second, "1.1.0")
    assert set(hub_with_first.store.get(REPO).tags) == {"v1.0.0", "v1.0.1", "v1.1.0"}


def test_two_publishers_of_the_same(hub_with_first: HubServer, second: Path) -> None:
    before = _commits(hub_with_first)
    hub_with_first.traps.set("/commit/", lambda: publish_plainly(second, "1.1.0"))
    publish_plainly(second, "1.1.0")
    assert _commits(hub_with_first) == before + 1


@pytest.mark.parametrize(
    ("private", "files", "why"),
    [
        (True, {}, "as a private repository"),
        (False, {"data/a.parquet": b"rows"}, "and published there"),
        (False, {"README.md": b"# Mine"}, "and put README.md there"),
    ],
)
def test_a_repository_that_others_make_meanwhile(
    publisher: HubServer, first: Path, private: bool, files: dict[str, bytes], why: str
) -> None:
    def make() -> None:
        publisher.store.create(REPO, private=private)
        publisher.store.commit(REPO, files, "Mine")

    publisher.traps.set("/api/repos/create", make)
    with pytest.raises(BuildError, match=f"somebody made it meanwhile, {why}"):
        publish_plainly(first, "1.0.0")
    assert publisher.store.get(REPO).tags == {}


def test_a_repository_that_goes_away(hub_with_first: HubServer, second: Path) -> None:
    hub_with_first.traps.set("/commit/", lambda: hub_with_first.store.repos.pop(REPO))
    with pytest.raises(BuildError, match="there is no dataset zoo/rewards"):
        publish_plainly(second, "1.1.0")


def test_rights_that_are_taken_away(hub_with_first: HubServer, second: Path) -> None:
    def take() -> None:
        hub_with_first.tokens.revoke(TOKEN)
        hub_with_first.tokens.add(TOKEN, role="read")

    before = _state(hub_with_first)
    hub_with_first.traps.set("/preupload/", take)
    with pytest.raises(BuildError, match="the Hub refused to write to zoo/rewards"):
        publish_plainly(second, "1.1.0")
    assert _state(hub_with_first) == before


def test_a_gitignore_leaves_nothing_out(
    hub_with_first: HubServer, second: Path, wanted: list[str]
) -> None:
    hub_with_first.store.commit(REPO, {".gitignore": b"*.parquet\n*.md\n"}, "Ignore")
    publish_plainly(second, "1.1.0")
    assert set(wanted) <= _state(hub_with_first)[1].keys()


def test_a_full_disk(
    hub_with_first: HubServer,
    second: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The cache is all that is written on this machine."""
    full = tmp_path / "full"
    full.mkdir()
    (full / "trees").symlink_to("/dev/full")
    monkeypatch.setenv("OMNIREWARD_CACHE", str(full))
    with pytest.raises(BuildError, match="cache"):
        publish_plainly(second, "1.1.0")
    monkeypatch.setenv("OMNIREWARD_CACHE", str(cache_of(tmp_path)))
    assert cache.folder() == str(cache_of(tmp_path))
    publish_plainly(second, "1.1.0")


Phase = tuple[str, str, bool, int]
PHASES: dict[str, Phase] = {
    "asking who we are": ("/api/whoami-v2", "GET", False, 0),
    "looking": ("/refs", "GET", True, 0),
    "before the first byte": ("/preupload/", "POST", False, 0),
    "between two files": ("/upload/", "PUT", True, 0),
    "before the commit": ("/commit/", "POST", False, 0),
    "after the commit": ("/commit/", "POST", True, 0),
    "before the tag": ("/tag/", "POST", False, 0),
    "after the tag": ("/tag/", "POST", True, 0),
    "reading back": ("/refs", "GET", False, 1),
}
SOON = ("between two files", "after the commit")


def _start(hub: HubServer, output: Path, home: Path) -> subprocess.Popen[bytes]:
    command = [
        sys.executable, "-m", "pipelines.cli", "publish", "--repo", REPO, "--version", "1.1.0",
        "--output", str(output), "--yes",
    ]  # fmt: skip
    environment = {
        **os.environ,
        **client_environment(hub, home, TOKEN),
        "OMNIREWARD_CACHE": str(home / "cache"),
    }
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


@pytest.mark.parametrize(
    "phase",
    [phase if phase in SOON else pytest.param(phase, marks=pytest.mark.full) for phase in PHASES],
)
def test_a_kill_and_the_same_command_again(
    hub_with_first: HubServer,
    publish: Publish,
    second: Path,
    wanted: list[str],
    tmp_path: Path,
    phase: str,
) -> None:
    before, commits = _state(hub_with_first), _commits(hub_with_first)
    path, method, after, passes = PHASES[phase]
    started = threading.Event()
    processes: list[subprocess.Popen[bytes]] = []

    def kill() -> None:
        started.wait(10)
        processes[0].send_signal(signal.SIGKILL)
        processes[0].wait()

    hub_with_first.traps.set(path, kill, method=method, after=after, passes=passes)
    processes.append(_start(hub_with_first, second, tmp_path / "home"))
    started.set()
    told, _ = processes[0].communicate()
    assert processes[0].returncode == -signal.SIGKILL, told
    hub_with_first.log.wait_idle()
    tags, main = _state(hub_with_first)
    assert tags.keys() <= {"v1.0.0", "v1.1.0"}
    whole = set(wanted) <= main.keys() and main != before[1]
    assert whole or main == before[1]  # never half of it
    publish(second, "1.1.0")
    tags, main = _state(hub_with_first)
    assert set(tags) == {"v1.0.0", "v1.1.0"}
    assert _commits(hub_with_first) == commits + 1
    assert set(wanted) <= main.keys()


@pytest.mark.full
def test_ctrl_c_says_how_to_go_on(hub_with_first: HubServer, second: Path, tmp_path: Path) -> None:
    processes: list[subprocess.Popen[bytes]] = []
    started = threading.Event()

    def interrupt() -> None:
        started.wait(10)
        processes[0].send_signal(signal.SIGINT)

    hub_with_first.traps.set("/upload/", interrupt, method="PUT")
    processes.append(_start(hub_with_first, second, tmp_path / "home"))
    started.set()
    told, _ = processes[0].communicate(timeout=60)
    assert processes[0].returncode == 130
    assert b"run the same command again to go on from here" in told
    assert TOKEN.encode() not in told
