"""Audits of whole datasets: a built one with media, and planted ones; the command and its file."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from audit_dataset import label, pair, text_of, write_dataset, write_labels
from rich.console import Console
from sample_build import Built
from typer.testing import CliRunner

from pipelines import auditing
from pipelines.audit_labels import gold_of, labels_of, panel_of
from pipelines.audit_reading import facts_of, sample_of
from pipelines.audit_view import audits_view
from pipelines.auditing import ensure_audits, read_audits, run_audits, write_audits
from pipelines.build_marker import building
from pipelines.cli import app
from pipelines.layout import Layout
from pipelines.quality_of_build import AUDITS, read_current
from pipelines.recipe import load_recipe
from pipelines.recipe_binding import RecipeError
from pipelines.resources import default_recipe
from transforms.beamkit.errors import BuildError
from transforms.quality.finding import Finding
from transforms.quality.settings_audits import AuditSettings, Bounds

Call = Callable[..., "subprocess.CompletedProcess[str]"]

SMALL = AuditSettings(sample=12, texts=60)


def longer_is_better(number: int, right: float) -> list[dict[str, Any]]:
    """Pairs of texts of which the longer one is preferred, in a share `right`."""
    rng = np.random.default_rng(0)
    rows = []
    for at in range(number):
        a, b = (int(size) for size in rng.choice(np.arange(8, 60), 2, replace=False))
        follows = bool(rng.random() < right)
        rows.append(
            pair(
                at, "Planted", "t2t",
                preference="a" if (a > b) == follows else "b",
                response_a_text=text_of(a, at),
                response_b_text=text_of(b, at + 1),
            )
        )  # fmt: skip
    return rows


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = longer_is_better(300, 0.95)
    groups = [rows[:150], rows[150:]]
    return write_dataset(tmp_path_factory.mktemp("planted"), {"Planted": ("t2t", groups)})


@pytest.fixture(scope="module")
def found(built: Built) -> list[Finding]:
    return run_audits(str(built.output), SMALL)


def by_name(found: list[Finding], scope: str, subject: str) -> dict[str, Finding]:
    return {one.audit: one for one in found if (one.scope, one.subject) == (scope, subject)}


def test_a_built_dataset_has_findings_of_every_scope(found: list[Finding], built: Built) -> None:
    subjects = {(one.scope, one.subject) for one in found}
    names = list(built.record["subsets"])
    tasks = {entry["task"] for entry in built.record["subsets"].values()}
    assert subjects == {
        *(("subset", name) for name in names),
        *(("task", task) for task in tasks),
        ("dataset", built.record["name"]),
    }
    whole = by_name(found, "dataset", built.record["name"])
    rows = sum(entry["rows"] for entry in built.record["subsets"].values())
    assert whole["duplicates"].rows == rows
    assert whole["duplicates"].verdict == whole["contradictions"].verdict == "pass"
    assert whole["contamination"].value == 0
    assert whole["position_balance"].rows <= rows


def test_licences_and_removals_are_those_of_the_build(found: list[Finding], built: Built) -> None:
    assert by_name(found, "subset", "RLAIF-V")["licences"].value == 0.0
    assert by_name(found, "subset", "HPDv2")["licences"].value == 1.0
    for name, entry in built.record["subsets"].items():
        dropped = {
            what.removeprefix("dropped:"): number
            for what, number in entry["counts"]["dedup"].items()
            if what.startswith("dropped:")
        }
        removed = by_name(found, "subset", name)["duplicates"].details["removed"]
        assert removed == {rule: number for rule, number in dropped.items() if number}


def test_pictures_are_measured_and_texts_are_told_apart(built: Built) -> None:
    shards = sorted((built.output / "data" / "HPDv2").glob("*.parquet"))
    facts = facts_of(shards)
    assert facts.height == built.record["subsets"]["HPDv2"]["rows"]
    assert facts["a_pixels"].null_count() == facts["a_file_bytes"].null_count() == 0
    sample = sample_of(shards, "t2i", 10, 40, 0, 20)
    assert sample.measured.height == 10
    assert sample.measured["a_sharpness"].null_count() == 0
    assert set(sample.measured["row_id"]) <= set(facts["row_id"])
    assert sample.languages["field"].to_list() == ["prompt"] * 20
    again = sample_of(shards, "t2i", 10, 40, 0, 20)
    assert again.measured.equals(sample.measured)
    assert sample_of(shards, "t2i", 0, 0, 0, 20).measured.height == 0


def test_texts_are_measured_as_published(built: Built) -> None:
    shards = sorted((built.output / "data" / "RLAIF-V").glob("*.parquet"))
    facts, sample = facts_of(shards), sample_of(shards, "ti2t", 5, 40, 0, 20)
    joined = sample.measured.join(facts, on="row_id", suffix="_fact")
    assert joined.height == 40
    assert joined["a_characters"].to_list() == joined["a_characters_fact"].to_list()


def test_two_runs_say_the_same(found: list[Finding], built: Built) -> None:
    again = run_audits(str(built.output), SMALL)
    assert [one.as_json() for one in again] == [one.as_json() for one in found]


def test_the_shipped_recipe_spells_out_the_defaults() -> None:
    assert load_recipe(default_recipe()).quality.audits == AuditSettings()


def test_a_recipe_names_the_audits_that_are_run(tmp_path: Path) -> None:
    recipe = default_recipe().read_text().replace("position_balance:", "position_balanc:")
    (tmp_path / "r.yaml").write_text(recipe)
    with pytest.raises(RecipeError, match="no audit 'position_balanc'; there are "):
        load_recipe(tmp_path / "r.yaml")


def test_a_planted_shortcut_fails_and_is_named(planted: Path) -> None:
    mine = by_name(run_audits(str(planted), SMALL), "subset", "Planted")
    rule = mine["shortcut_rule"]
    assert (rule.verdict, rule.details["rule"], rule.rows) == ("fail", "more characters", 300)
    assert rule.value == pytest.approx(0.95, abs=0.03)
    assert mine["shortcut_model"].verdict == "fail"
    assert mine["languages"].rows > 0
    assert mine["contamination"].verdict == "warn"  # its run was held against no benchmark


def test_the_command_prints_writes_and_tells_by_its_exit_code(
    omnireward: Call, planted: Path, tmp_path: Path
) -> None:
    output = tmp_path / "dataset"
    shutil.copytree(planted, output)
    done = omnireward("audit", "run", "-o", output)
    assert done.returncode == 4, done.stderr
    assert "FAIL" in done.stdout
    assert "best rule: more characters" in " ".join(done.stdout.split())
    written = json.loads((output / "quality" / "audits.json").read_text())
    fields = {
        "audit", "scope", "subject", "value", "low", "high", "rows", "verdict", "threshold",
        "note", "details",
    }  # fmt: skip
    assert all(set(one) == fields for one in written["audits"])
    assert read_audits(str(output)) == written["audits"]


def test_findings_as_json_are_those_that_are_written(planted: Path, tmp_path: Path) -> None:
    output = tmp_path / "dataset"
    shutil.copytree(planted, output)
    done = CliRunner().invoke(app, ["audit", "run", "-o", str(output), "--json"])
    assert done.exit_code == 4
    assert json.loads(done.stdout)["audits"] == read_audits(str(output))


def test_a_part_is_shown_and_not_written(planted: Path, tmp_path: Path) -> None:
    output = tmp_path / "dataset"
    shutil.copytree(planted, output)
    done = CliRunner().invoke(app, ["audit", "run", "-o", str(output), "-s", "Planted", "--all"])
    assert done.exit_code == 4
    assert "not written" in done.output
    assert not (output / "quality").exists()


def test_what_can_not_be_audited_is_said(planted: Path, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="no dataset here"):
        run_audits(str(tmp_path), SMALL)
    with pytest.raises(BuildError, match="no subset 'Plant'; did you mean 'Planted'"):
        run_audits(str(planted), SMALL, ["Plant"])
    output = tmp_path / "dataset"
    shutil.copytree(planted, output)
    shard = next(output.glob("data/*/*.parquet"))
    shard.write_bytes(b"PAR1 is not enough")
    with pytest.raises(BuildError, match=r"Planted: its files in .* can't be read"):
        run_audits(str(output), SMALL)
    shard.unlink()
    with pytest.raises(BuildError, match="names this shard, and it is not there; build Planted"):
        run_audits(str(output), SMALL)
    assert read_audits(str(output)) is None


def test_audits_are_made_anew_when_the_run_or_the_settings_changed(
    planted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "dataset"
    shutil.copytree(planted, output)
    runs: list[str] = []
    real = run_audits

    def counted(*given: Any, **named: Any) -> list[Finding]:
        runs.append("run")
        return real(*given, **named)

    monkeypatch.setattr(auditing, "run_audits", counted)
    few = AuditSettings(texts=0, checks={"position_balance": Bounds(0.02, 0.05)})
    first = ensure_audits(str(output), few)
    assert ensure_audits(str(output), few) == first
    assert len(runs) == 1
    assert {one["audit"] for one in first} == {"position_balance"}
    record = output / "run_record.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"code": "another"}))
    ensure_audits(str(output), few)
    ensure_audits(str(output), AuditSettings(texts=0, seed=1, checks=few.checks))
    assert len(runs) == 3
    (output / "quality" / "audits.json").write_text("{")
    assert read_audits(str(output)) is None


def test_a_build_that_ends_meanwhile_makes_the_audits_those_of_another(
    planted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "dataset"
    shutil.copytree(planted, output)
    layout, record = Layout.of(str(output)), output / "run_record.json"
    few = AuditSettings(texts=0, checks={"position_balance": Bounds(0.02, 0.05)})

    def overtaken(*given: Any, **named: Any) -> list[Finding]:
        found = run_audits(*given, **named)
        record.write_text(json.dumps(json.loads(record.read_text()) | {"code": "another"}))
        return found

    monkeypatch.setattr(auditing, "run_audits", overtaken)
    ensure_audits(str(output), few)
    assert read_current(layout, AUDITS) is None
    with building(layout), pytest.raises(BuildError, match="a build is running"):
        run_audits(str(output), few)


def test_votes_and_gold_questions_are_read_from_the_labels(tmp_path: Path) -> None:
    rows = [pair(at, "Judged", "t2t", criterion="It should be long.") for at in range(40)]
    output = write_dataset(tmp_path / "dataset", {"Judged": ("t2t", [rows])})
    labels = []
    for at, row in enumerate(rows):
        labels += [
            label(row["pair_id"], "judge", judge, order, "a")
            for judge in ("x", "y")
            for order in ("ab", "ba")
            if not (judge == "y" and order == "ba" and at < 4)
        ]
        if at < 4:  # another answer in the other order: no vote
            labels.append(label(row["pair_id"], "judge", "y", "ba", "b"))
    for at in range(10):
        labels.append(label(f"gold{at}", "gold", "measured", "ab", "a"))
        labels += [label(f"gold{at}", "gold", "x", order, "a") for order in ("ab", "ba")]
        labels += [
            label(f"gold{at}", "gold", "y", order, "a" if at < 6 else "b") for order in ("ab", "ba")
        ]
        labels += [label(f"gold{at}", "gold", "z", order, "b") for order in ("ab", "ba")]
    write_labels(output, "Judged", labels)
    read = labels_of(Layout.of(str(output)), "Judged")
    votes = panel_of(read)
    assert votes.height == 80
    assert votes.filter(pl.col("vote") == "unsure").height == 4
    gold = gold_of(read, "t2t").sort("judge")
    told = gold.select("judge", "questions", "correct", "votes").rows()
    assert told == [("x", 10, 10, True), ("y", 10, 6, True), ("z", 10, 0, False)]
    mine = by_name(run_audits(str(output), SMALL), "subset", "Judged")
    assert mine["judge_agreement"].details["unanimous"] == 0.9
    assert mine["judge_calibration"].value == 0.6
    assert mine["judge_calibration"].verdict == "none"  # ten questions decide nothing


def test_measured_criteria_are_held_against_their_pairs(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rows, labels = [], []
    for at in range(120):
        a, b = (60, 10) if rng.random() < 0.5 else (10, 60)
        more = "a" if a > b else "b"
        source = str(rng.choice(["a", "b"]))
        row = pair(
            at, "Measured", "t2t", criterion="It should be long.", preference=more,
            source_preference=source, flipped=more != source,
            response_a_text=text_of(a, at), response_b_text=text_of(b, at),
        )  # fmt: skip
        rows.append(row)
        labels.append(label(row["pair_id"], "propose", "measured", "ab", more))
    output = write_dataset(tmp_path / "dataset", {"Measured": ("t2t", [rows])})
    write_labels(output, "Measured", labels)
    mine = by_name(run_audits(str(output), SMALL), "subset", "Measured")
    assert mine["criterion_shuffle"].details["own"] == 1.0
    # One criterion alone: another row's is the same, so nothing is lost by a shuffle.
    assert mine["criterion_shuffle"].value == 0.0
    assert mine["criterion_aspects"].details["kind"] == "attributes"
    assert mine["criterion_skeletons"].value == 1.0


def test_hostile_texts_are_shown_as_they_are() -> None:
    one = Finding(
        "a[b]", "subset", "[red]S[/red]", 0.5, 0.4, 0.6, 10, "fail", "t", "x\n[b]\x1b[2Jy", {}
    )
    console = Console(width=120, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(audits_view([one.as_json()]))
    told = console.export_text()
    assert "[red]S[/red]" in told
    assert "x [b][2Jy" in told
    assert "1 failed" in told
    console.print(audits_view([]))
    assert "no audit was run" in console.export_text()


def test_the_written_file_has_no_numbers_that_json_lacks(tmp_path: Path) -> None:
    nothing = Finding("a", "subset", "S", float("nan"), None, None, 0, "none", "none", "", {})
    (tmp_path / "run_record.json").write_text("{}")
    write_audits(str(tmp_path), [nothing], SMALL, "0" * 64)
    audits = read_audits(str(tmp_path))
    assert audits is not None
    assert audits[0]["value"] is None
