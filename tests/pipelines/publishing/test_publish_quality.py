"""What was checked of a build is published with that build, and with no other."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
from versions_built import (
    REPO,
    Publish,
    change_rows,
    copy_of,
    fewer_and_other,
    pass_gate,
    write_findings,
    write_report,
)

from pipelines.gallery.report import report
from tests.hub_server import HubServer

FILES = ("report.html", "provenance/quality/audits.json", "provenance/quality/review.json")


@pytest.fixture
def checked(first: Path, tmp_path: Path) -> Path:
    """The first dataset with a report, audits and a review."""
    output = copy_of(first, tmp_path / "checked")
    write_report(output)
    write_findings(output, "audits", audits=[])
    write_findings(output, "review", scores=[], same_build=True, sheet="ab")
    return output


def _published(hub: HubServer, tag: str) -> dict[str, bytes]:
    commit = hub.store.get(REPO).find(tag)
    assert commit is not None
    tree = commit.tree
    return {path: tree[path].content.read() for path in tree if not path.startswith("data/")}


def test_each_file_names_the_build_that_it_is_about(
    publisher: HubServer, publish: Publish, checked: Path
) -> None:
    publish(checked, "1.0.0")
    files = _published(publisher, "v1.0.0")
    build = hashlib.sha256(files["provenance/run_record.json"]).hexdigest()
    for name in ("gate", "audits", "review"):
        told = json.loads(files[f"provenance/quality/{name}.json"])
        assert told["run"] == build
        assert not {"checked", "sheet"} & told.keys()
    named = re.search(rb'name="omnireward-build" content="(.*?)"', files["report.html"])
    assert named is not None
    assert named[1].decode() == build
    assert b"(report.html)" in files["README.md"]


def test_what_is_about_another_build_is_left_out_and_told(
    publisher: HubServer, publish: Publish, checked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change_rows(checked, fewer_and_other)
    publish(checked, "1.0.0")
    files = _published(publisher, "v1.0.0")
    assert not files.keys() & set(FILES)
    assert "provenance/quality/gate.json" in files
    assert b"report.html" not in files["README.md"]
    told = " ".join(capsys.readouterr().out.split())
    for name, command in (
        ("report.html", "report"), ("audits.json", "audit run"), ("review.json", "audit sample"),
    ):  # fmt: skip
        assert f"left out: quality/{name} is of another build: run omnireward {command} --out" in (
            told
        )


def test_it_goes_with_the_next_version(
    publisher: HubServer, publish: Publish, checked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(checked, "1.0.0")
    change_rows(checked, fewer_and_other)
    publish(checked, "1.1.0")
    assert not _published(publisher, "v1.1.0").keys() & set(FILES)
    write_report(checked)
    publish(checked, "1.1.1")
    assert _published(publisher, "v1.1.1").keys() & set(FILES) == {"report.html"}


def test_a_review_of_the_sheet_of_another_build_is_left_out(
    publisher: HubServer, publish: Publish, checked: Path
) -> None:
    write_findings(checked, "review", scores=[], same_build=False)
    publish(checked, "1.0.0")
    assert _published(publisher, "v1.0.0").keys() & set(FILES) == set(FILES[:2])


def test_another_look_at_the_same_build_is_no_other_version(
    publisher: HubServer, publish: Publish, checked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (checked / "quality" / "report.html").write_text(report(checked, pairs=0))
    publish(checked, "1.0.0")
    pass_gate(checked)
    write_findings(checked, "audits", audits=[])
    (checked / "quality" / "report.html").write_text(report(checked, pairs=0))
    publish(checked, "1.0.0")
    assert "is published already, with the same content" in capsys.readouterr().out
