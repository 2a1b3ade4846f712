"""One name for what was built: what was checked of it stays, until something else is built."""

from __future__ import annotations

import json
from pathlib import Path

from sample_build import Sample, build_with

from pipelines.auditing import ensure_audits
from pipelines.gate.check import run_gate
from pipelines.gate.result import read_gate
from pipelines.published_record import build_digest
from transforms.quality.settings_audits import AuditSettings

NAMES = ("Skywork-Reward-Preference", "RLAIF-V")


def test_a_build_that_does_nothing_keeps_what_was_checked(sample: Sample, tmp_path: Path) -> None:
    recipe = sample.whole()
    first = build_with(recipe, sample.folder, tmp_path / "a", NAMES)
    run_gate(str(first.output))
    ensure_audits(str(first.output), AuditSettings())
    audits = (first.output / "quality" / "audits.json").read_bytes()

    again = build_with(recipe, sample.folder, first.output, NAMES)
    assert {one["resumed"] for one in again.record["subsets"].values()} == {"all"}
    assert not read_gate(str(first.output)).stale
    ensure_audits(str(first.output), AuditSettings())
    assert (first.output / "quality" / "audits.json").read_bytes() == audits

    elsewhere = build_with(recipe, sample.folder, tmp_path / "b", NAMES)
    assert build_digest(elsewhere.record) == build_digest(first.record)
    assert json.loads(audits)["run"] == build_digest(first.record)

    build_with(recipe.limited(3), sample.folder, first.output, NAMES)
    assert read_gate(str(first.output)).stale
