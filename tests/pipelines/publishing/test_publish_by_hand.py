"""Files on the Hub that people put there: none is replaced without being named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from versions_built import REPO, Publish, copy_of, publish_plainly, write_report

from tests.hub_server import Fault, FaultPlan, HubServer
from transforms.beamkit.errors import BuildError

VERSION = "provenance/version.json"
Told = Callable[[Publish, Path, str], str]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    """What the plan of a publication says, in one line."""

    def look(publish: Publish, output: Path, version: str) -> str:
        publish(output, version, dry_run=True)
        return " ".join(capsys.readouterr().out.split())

    return look


def test_the_first_version_in_a_repository_of_somebody(
    publisher: HubServer, publish: Publish, first: Path, told: Told
) -> None:
    publisher.store.create(REPO, licence="mit")
    mine = {"CITATION.bib": b"@misc{me}", "LICENSE.md": b"Mine", "notes.md": b"hm"}
    publisher.store.commit(REPO, mine, "Mine")
    said = told(publish, first, "1.0.0")
    assert "put there by others, and replaced: CITATION.bib, LICENSE.md, README.md" in said
    assert "notes.md" not in said


def _break_version(hub: HubServer, data: bytes | None) -> None:
    hub.store.commit(REPO, {VERSION: data, "README.md": b"# Mine"}, "Edit")


def test_a_version_file_that_was_deleted(
    hub_with_first: HubServer, publish: Publish, second: Path, told: Told
) -> None:
    _break_version(hub_with_first, None)
    said = told(publish, second, "1.1.0")
    assert "changed on the Hub since v1.0.0, and replaced: README.md a minor" in said


@pytest.mark.parametrize("whole", [True, False])
def test_a_version_file_that_was_edited(
    hub_with_first: HubServer, publish: Publish, second: Path, told: Told, *, whole: bool
) -> None:
    commit = hub_with_first.store.get(REPO).find("v1.0.0")
    assert commit is not None
    stated = json.loads(commit.tree[VERSION].content.read())
    edited = json.dumps({**stated, "version": "9.9.9"}).encode() if whole else b"{}"
    _break_version(hub_with_first, edited)
    said = told(publish, second, "1.1.0")
    assert f"replaced: README.md, {VERSION} a minor" in said


def _abandon(hub: HubServer, output: Path, version: str) -> None:
    """Publish a version but for its tag."""
    hub.faults.script("/tag/", [Fault.error(503, before=True)] * 50, method="POST")
    with pytest.raises(BuildError, match="the Hub has trouble of its own"):
        publish_plainly(output, version)
    hub.faults = FaultPlan()


def test_a_version_that_was_given_up_is_nobody_elses(
    hub_with_first: HubServer, publish: Publish, first: Path, second: Path, tmp_path: Path,
    told: Told,
) -> None:  # fmt: skip
    other = copy_of(first, tmp_path / "other")
    write_report(other)
    _abandon(hub_with_first, other, "1.0.1")
    assert "replaced" not in told(publish, second, "1.1.0")
    hub_with_first.store.commit(REPO, {"report.html": b"<p>Mine", "README.md": b"# Me"}, "Edit")
    said = told(publish, second, "1.1.0")
    assert "changed on the Hub since v1.0.0, and replaced: README.md, report.html a minor" in said


def test_a_file_in_a_place_that_a_version_fills_for_the_first_time(
    hub_with_first: HubServer, publish: Publish, first: Path, tmp_path: Path, told: Told
) -> None:
    hub_with_first.store.commit(REPO, {"report.html": b"<p>Mine"}, "Add")
    output = copy_of(first, tmp_path / "reported")
    write_report(output)
    said = told(publish, output, "1.0.1")
    assert "changed on the Hub since v1.0.0, and replaced: report.html a patch" in said


def test_a_file_that_is_deleted_is_named_too(
    hub_with_first: HubServer, publish: Publish, first: Path, tmp_path: Path, told: Told
) -> None:
    output = copy_of(first, tmp_path / "reported")
    write_report(output)
    publish(output, "1.0.1")
    hub_with_first.store.commit(REPO, {"report.html": b"<p>Mine"}, "Edit")
    (output / "quality" / "report.html").unlink()
    said = told(publish, output, "1.0.2")
    assert "changed on the Hub since v1.0.1, and replaced: report.html a patch" in said


def test_what_is_only_to_be_tagged_replaces_nothing(
    hub_with_first: HubServer, publish: Publish, second: Path, told: Told
) -> None:
    _abandon(hub_with_first, second, "1.1.0")
    hub_with_first.store.commit(REPO, {"README.md": b"# Me"}, "Edit")
    publish_plainly(second, "1.1.0")
    commit = hub_with_first.store.get(REPO).find("main")
    assert commit is not None
    assert commit.tree["README.md"].content.read() == b"# Me"
