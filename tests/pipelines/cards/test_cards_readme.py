"""What cards say: facts of the build, and honestly what was not measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from card_toy import PINNED, Toy, amend, contamination, duplicates, find, write_report

from pipelines.cards import render_card
from pipelines.cards.fields import columns_of, field_rows
from pipelines.recipe import Recipe, Subset
from schemas.pair import MEDIA_FEATURES, PAIR_SCHEMA
from schemas.tasks import TASKS
from transforms.beamkit.errors import BuildError
from transforms.sources.settings import Corpus


def card(output: Path, path: str = "README.md", **how: Any) -> str:
    return render_card(output, None, "ada/toy", "1.1.0", **how)[path].decode()


def section(text: str, heading: str) -> str:
    """The text under a heading of the second level."""
    return text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def cells(text: str, first: str) -> list[str]:
    """The cells of the table row that begins with a text."""
    (row,) = [line for line in text.splitlines() if line.startswith(f"| {first}")]
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_files(cards: dict[str, bytes]) -> None:
    assert list(cards) == [
        "README.md", "cards/Omni-HPDv2.md", "cards/RLAIF-V.md", "cards/Mine.md", "LICENSE.md",
        "CITATION.bib", "croissant.json", "provenance/changelog.json",
    ]  # fmt: skip
    assert all(data.endswith(b"\n") and not data.endswith(b"\n\n") for data in cards.values())
    text = cards["README.md"].decode()
    assert "\n\n\n" not in text
    assert "15 pairs of responses" in text


def test_two_renderings_are_byte_identical(toy: Path, cards: dict[str, bytes]) -> None:
    assert render_card(toy, None, "ada/toy", "1.1.0") == cards


def test_the_shortfall_is_stated(cards: dict[str, bytes]) -> None:
    readme = cards["README.md"].decode()
    why = "every pair of the corpus was drawn, so there are no more"
    assert cells(section(readme, "Known limits"), "RLAIF-V") == ["RLAIF-V", "10", "7", "3", why]
    assert cells(section(readme, "Subsets"), "[RLAIF-V]")[3:6] == ["7", "10", "**3**"]
    assert cells(section(readme, "Subsets"), "[Mine]")[3:6] == ["3", "all", "–"]
    assert "> **3 rows short of the target of 10:**" in cards["cards/RLAIF-V.md"].decode()
    assert "short of the target" not in cards["cards/Omni-HPDv2.md"].decode()


def test_what_was_not_measured_is_said_so(cards: dict[str, bytes]) -> None:
    readme = cards["README.md"].decode()
    assert "Not measured: this build has not been through the gate." in readme
    assert "Not measured: no audit has been run over this build." in readme
    assert "Not measured: this build was not compared with any benchmark." in readme
    assert "Not measured in this build." in section(readme, "What was removed, and why")
    assert "Not measured: nobody has reviewed a sample of this version by hand." in readme
    assert "report.html" not in readme
    subset = cards["cards/RLAIF-V.md"].decode()
    assert section(subset, "Audits").strip() == "Not measured."
    assert subset.count("\nNot measured.\n") == 3


def test_what_was_removed_and_why(tmp_path: Path) -> None:
    output = Toy().write(tmp_path)
    duplicates(output, "RLAIF-V", [("duplicate_exact", "Mine"), ("duplicate_exact", "RLAIF-V")])
    contamination(
        output, "Mine",
        [("bench", "prompt_text", True), ("bench", "prompt_text", False), ("other", "x", False)],
    )  # fmt: skip
    amend(
        output,
        decontamination={
            "fingerprints": {"bench": {"digest": "d" * 64, "repo": "o/bench", "items": 519}},
            "waived": {"absent": "its licence forbids it"},
        },
    )
    removed = section(card(output), "What was removed, and why")
    assert cells(removed, "Media | 27 |") == ["Media", "27", "6", "0", "21"]
    assert cells(removed, "Media | <code>image_undecodable")[2:] == [
        "6", "a picture that does not decode to its end",
    ]  # fmt: skip
    assert cells(removed, "Trim to the target | <code>")[2] == "6"
    assert cells(removed, "<code>duplicate_exact")[1:3] == ["1", "1"]
    assert cells(removed, "bench (o/bench)") == [
        "bench (o/bench)", "519", f"<code>{'d' * 64}</code>",
    ]  # fmt: skip
    assert cells(removed, "absent")[2] == "waived: its licence forbids it"
    assert cells(removed, "bench | <code>prompt_text")[2:4] == ["1", "1"]
    assert cells(removed, "other | <code>x")[2:4] == ["0", "1"]


def test_quality_and_audits(tmp_path: Path) -> None:
    output = Toy().write(tmp_path)
    good = {"expectation": "unique", "column": "row_id", "passed": True}
    bad = {"expectation": "share", "column": None, "passed": False, "wanted": "0.4 to 0.6",
           "observed": "0.9"}  # fmt: skip
    gate = {"passed": False, "checked": "2026-01-02T03:04:05Z",
            "subsets": {"Mine": {"expectations": [good, bad]}},
            "waivers": [{"expectation": "share", "reason": "a small part"}]}  # fmt: skip
    audits = [
        {"audit": "position_balance", "scope": "subset", "subject": "Mine", "value": 0.501,
         "low": 0.48, "high": 0.52, "rows": 1234, "verdict": "pass", "note": ""},
        {"audit": "length_shortcut", "scope": "dataset", "subject": "all", "value": 0.71,
         "low": None, "high": None, "rows": 15, "verdict": "warn", "note": "long ones win"},
    ]  # fmt: skip
    find(output, "gate", **gate)
    find(output, "audits", audits=audits)
    write_report(output)
    readme = card(output)
    assert "> **This build did not pass its checks.**" in readme
    assert "[report of this build](report.html)" in readme
    quality = section(readme, "Quality")
    assert "2 expectations were checked" in quality
    assert cells(quality, "Mine | share") == ["Mine", "share", "–", "0.4 to 0.6", "0.9"]
    assert "reason: a small part" in quality
    assert cells(quality, "position balance") == ["position balance", "1", "1", "0", "0", "0"]
    assert cells(quality, "length shortcut | all") == [
        "length shortcut", "all", "0.71", "–", "15", "**warn**", "long ones win",
    ]  # fmt: skip
    mine = section(card(output, "cards/Mine.md"), "Audits")
    assert cells(mine, "position balance")[2:6] == ["0.501", "0.48 to 0.52", "1,234", "pass"]


def test_findings_about_another_build_are_none_of_this_one(tmp_path: Path) -> None:
    output = Toy().write(tmp_path)
    passed = {"expectation": "unique", "column": "row_id", "passed": True}
    waived = {"expectation": "share", "passed": False, "waived": "a small part"}
    found: dict[str, dict[str, Any]] = {
        "gate": {"passed": True, "checked": "now", "subsets": {"Mine": {"expectations": [passed]}},
                 "dataset": {"expectations": [waived]}},
        "audits": {"audits": []},
        "review": {"scores": [], "same_build": True},
    }  # fmt: skip
    for name, value in found.items():
        find(output, name, **value)
    write_report(output)
    readme = card(output)
    fresh = section(readme, "Quality")
    assert "2 expectations were checked over all rows; the build\npassed." in fresh
    assert "Not measured" not in fresh
    assert "report.html" in readme
    amend(output, runner="another")
    stale = card(output)
    assert section(stale, "Quality").count("Not measured") == 3
    assert "report.html" not in stale


@pytest.mark.parametrize("found", [{"run": None}, {"run": "0" * 64}, {"same_build": False}])
def test_a_review_that_names_no_build_or_another_is_none_of_this_one(
    tmp_path: Path, found: dict[str, Any]
) -> None:
    output = Toy().write(tmp_path)
    everything = {"group": "all", "value": "", "rows": 40, "agreed": 0.85}
    find(output, "review", scores=[everything], **found)
    assert "nobody has reviewed" in section(card(output), "Quality")


def test_when_it_was_checked_is_not_said(tmp_path: Path) -> None:
    output = Toy().write(tmp_path)
    cards = []
    for time in ("2026-01-02T03:04:05Z", "2027-01-02T03:04:05Z"):
        find(output, "gate", passed=True, checked=time, subsets={"Mine": {"expectations": []}})
        cards.append(render_card(output, None, "ada/toy", "1.0.0"))
    assert cards[0] == cards[1]


def test_agreement_with_people(tmp_path: Path) -> None:
    output = Toy().write(tmp_path)
    found = {"agreed": 0.85, "agreed_low": 0.71, "agreed_high": 0.93}
    found |= {"kappa": 0.7, "kappa_low": 0.45, "kappa_high": 0.9}
    everything = {"group": "all", "value": "", "rows": 40, **found}
    task = {"group": "task", "value": "t2i", "rows": 4, "agreed": None, "kappa": None}
    find(output, "review", scores=[everything, task])
    told = section(card(output), "Quality")
    assert cells(told, "all") == ["all", "40", "85.0% (71.0% to 93.0%)", "0.7 (0.45 to 0.9)"]
    assert cells(told, "task t2i") == ["task t2i", "4", "–", "–"]


def test_the_report_is_linked_where_it_is_published(toy: Path) -> None:
    assert "[report of this build](report.html)" in card(toy, report=True)


def test_judges_are_held_to_gold_questions(cards: dict[str, bytes]) -> None:
    labels = section(cards["README.md"].decode(), "Labels and judges")
    told = cells(labels, "<code>judge-1</code> | Omni-HPDv2")
    assert told[2:] == ["4", "75.0% (30.1% to 95.4%)", "+0.0%"]
    assert cells(labels, "measured | <code>measured")[3:] == ["gold", "4"]
    assert cells(labels, "llm | <code>judge-1</code> | 1 | propose")[4] == "5"
    subset = cards["cards/Omni-HPDv2.md"].decode()
    assert "criteria were proposed by judge-1 and judged by a model not on record." in subset
    assert "What models said cost 0.17 dollars." in subset
    assert "5 rows have a criterion; in 2 it reverses the label of the corpus." in subset


def test_published_criteria_are_not_said_to_be_judged_here(tmp_path: Path) -> None:
    subset = card(Toy(criteria="published").write(tmp_path), "cards/Omni-HPDv2.md")
    assert "no model proposed or judged any of them here" in subset


def test_sources_licences_and_citations(cards: dict[str, bytes]) -> None:
    readme = cards["README.md"].decode()
    assert "**As a whole the dataset may not be used commercially**" in readme
    assert "**Some corpora state no licence**" in readme
    licence = section(readme, "Licence")
    assert cells(licence, "not stated") == [
        "not stated", "not stated: ask the source", "3", "Mine",
    ]  # fmt: skip
    assert cells(licence, "[cc-by-nc-4.0]")[1:] == ["**forbidden**", "7", "RLAIF-V"]
    assert cells(licence, "[apache-2.0]")[1:] == ["not forbidden", "5", "Omni-HPDv2"]
    sources = section(readme, "Sources")
    assert cells(sources, "[ymhao/HPDv2]")[1] == "<code>main</code>, not pinned"
    bib = cards["CITATION.bib"].decode()
    entries = [line for line in bib.splitlines() if line.startswith("@")]
    assert entries[:2] == ["@misc{toy-1-1-0,", "@misc{jin2025omnireward,"]
    assert "@misc{wu2023hpsv2," in entries
    assert len(entries) == len(set(entries)) == 4
    assert bib.count("{") == bib.count("}")


def test_a_licence_in_another_spelling_is_the_same_licence(tmp_path: Path) -> None:
    toy = Toy()
    toy.corpora["rlaif_v"] |= {"licence": "CC BY-NC 4.0", "nc": False}
    output = toy.write(tmp_path)
    readme = card(output)
    head = yaml.safe_load(readme.split("---\n", 2)[1])
    assert "non-commercial" in head["tags"]
    assert "**As a whole the dataset may not be used commercially**" in readme
    forbidden = cells(section(readme, "Licence"), "[cc-by-nc-4.0]")
    assert forbidden[1:] == ["**forbidden**", "7", "RLAIF-V"]
    assert cells(section(readme, "Sources"), "[openbmb/RLAIF-V-Dataset]")[2] == (
        "[cc-by-nc-4.0](https://creativecommons.org/licenses/by-nc/4.0/), **non-commercial**"
    )


def test_a_place_on_a_machine_is_not_told(tmp_path: Path) -> None:
    output = Toy().write(tmp_path)
    reason = "needs criteria: the published set in /home/ada/My data/Omni has no Omni-X"
    recipe = json.loads((output / "run_record.json").read_text())["recipe"]
    recipe["relabel"]["published"] = {"path": "/home/ada/My data/Omni"}
    amend(output, left_out={"Omni-X": reason}, recipe=recipe)
    told = "needs criteria: the published set in … has no Omni-X"
    assert f"- Omni-X: {told}" in card(output)


def test_what_is_there_from_an_earlier_run_is_not_said_to_be_missing(tmp_path: Path) -> None:
    """The last run had no criteria for it any more; its rows are published as they are."""
    output = Toy().write(tmp_path)
    amend(output, left_out={"Omni-HPDv2": "needs criteria", "Omni-X": "needs an adapter"})
    readme = render_card(output, None, "ada/toy", "1.1.0")["README.md"].decode()
    missing = section(readme, "Subsets").partition("Not in this version:")[2]
    assert "- Omni-X: needs an adapter" in missing
    assert "Omni-HPDv2" not in missing


def test_a_pinned_revision_is_no_limit(tmp_path: Path) -> None:
    readme = card(Toy(revision=PINNED).write(tmp_path))
    assert "not pinned" not in readme
    assert "<code>40b436560ca8</code>" in section(readme, "Sources")


def test_a_card_of_another_repository_is_not_taken_for_the_corpus(tmp_path: Path) -> None:
    toy = Toy()
    toy.corpora["hpdv2"]["repo"] = "someone/else"
    rendered = render_card(toy.write(tmp_path), None, "ada/toy", "1.1.0")
    assert "wu2023hpsv2" not in rendered["CITATION.bib"].decode()
    assert "[someone/else](https://huggingface.co/datasets/someone/else)" in (
        rendered["README.md"].decode()
    )


def test_the_changelog_goes_on_from_the_last_version(toy: Path, tmp_path: Path) -> None:
    first = render_card(toy, None, "ada/toy", "1.0.0", released="2026-01-02")
    smaller = Toy()
    smaller.subsets["RLAIF-V"] = ("rlaif_v", "ti2t", "general", 10, {"train": 2})
    smaller.subsets["New"] = smaller.subsets.pop("Mine")
    output = smaller.write(tmp_path)
    previous = first["provenance/changelog.json"]
    told = section(card(output, previous=previous, released="2026-02-03"), "Changelog")
    assert [line for line in told.splitlines() if line] == [
        "### 1.1.0 (2026-02-03): 10 rows",
        "- New: new, 3 rows.",
        "- RLAIF-V: 7 rows before, 2 now.",
        "- Mine: left out, 3 rows.",
        "### 1.0.0 (2026-01-02): 15 rows",
        "- First version.",
    ]
    again = render_card(output, None, "ada/toy", "1.1.0", previous, changes=["Other words."])
    twice = render_card(
        output, None, "ada/toy", "1.1.0", again["provenance/changelog.json"],
        changes=["Other words."],
    )  # fmt: skip
    assert twice == again
    assert "- Other words." in again["README.md"].decode()


@pytest.mark.parametrize("data", [b"", b"[]", b'{"versions": [{"version": "1"}]}', b"\xff"])
def test_a_broken_changelog_is_an_error(toy: Path, data: bytes) -> None:
    with pytest.raises(BuildError, match=r"mend provenance/changelog\.json"):
        render_card(toy, None, "ada/toy", "1.1.0", data)


def test_another_licence_in_the_recipe_needs_a_new_build(toy: Path) -> None:
    corpus = Corpus(
        adapter="hpdv2", repo="ymhao/HPDv2", licence="mit", files=("x",), annotator="human"
    )
    subset = Subset("hpdv2", "t2i", "general", 1)
    recipe = Recipe(1, "toy", 1, {"hpdv2": corpus}, {"Omni-HPDv2": subset})
    with pytest.raises(BuildError, match=r"the licence 'mit'.*its rows carry that; build again"):
        render_card(toy, recipe, "ada/toy", "1.1.0")


@pytest.mark.parametrize(
    ("repo", "version", "message"),
    [
        ("toy", "1.0.0", "write it as ORG/NAME"),
        ("a/b/c", "1.0.0", "write it as ORG/NAME"),
        ("a/b", "1.0", "three numbers"),
        ("a/b", "v1.0.0", "three numbers"),
        ("a/b", "1.0.01", "three numbers"),
    ],
)
def test_wrong_names_are_refused(toy: Path, repo: str, version: str, message: str) -> None:
    with pytest.raises(BuildError, match=message):
        render_card(toy, None, repo, version)


def test_files_that_are_not_those_of_the_record_are_refused(tmp_path: Path) -> None:
    output = Toy().write(tmp_path)
    shard = output / "data/Mine/train-00000-of-00001.parquet"
    shard.write_bytes((output / "data/RLAIF-V/train-00000-of-00001.parquet").read_bytes())
    with pytest.raises(BuildError, match=r"has 7 rows, the run record says 3; build the subset"):
        render_card(output, None, "ada/toy", "1.0.0")
    shard.unlink()
    with pytest.raises(BuildError, match="can't be read"):
        render_card(output, None, "ada/toy", "1.0.0")


def test_every_column_is_described_once() -> None:
    names = [name for name, _, _ in field_rows()]
    assert len(names) == len(set(names)) == len(PAIR_SCHEMA.names) - 11
    kinds = {name: kind for name, kind, _ in field_rows()}
    assert kinds["response_{a,b}_frames"] == "list of Image"
    assert kinds["prompt"] == "list of {role, content}"


@pytest.mark.parametrize("task", TASKS)
def test_columns_of_a_task(task: str) -> None:
    columns = set(columns_of(task))
    assert {"row_id", "prompt", "preference", "criterion", "nc"} <= columns
    media = {name for name in columns if name.removeprefix("response_a_") in MEDIA_FEATURES}
    wanted = {
        "t2t": set(), "ti2t": {"prompt_images"}, "t2i": {"response_a_image"},
        "tv2t": {"prompt_videos", "prompt_frames"}, "ta2t": {"prompt_audios"},
        "t2v": {"response_a_video", "response_a_frames"}, "t2a": {"response_a_audio"},
        "t23d": {"response_a_mesh", "response_a_views"},
        "ti2i": {"prompt_images", "response_a_image"},
    }  # fmt: skip
    assert media == wanted[task]
    assert ("response_b_text" in columns) == task.endswith("2t")
    assert columns_of(None) == PAIR_SCHEMA.names
