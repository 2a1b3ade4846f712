"""The report: what it says of a dataset, and that nothing in it can run."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from itertools import pairwise
from pathlib import Path

import pytest
from html_audit import audit, ids_are_unique
from planted_dataset import XSS, medium, png, row, write_dataset, write_tables

from pipelines.gallery import side_tables
from pipelines.gallery.checks import gate_of
from pipelines.gallery.facts import facts_of
from pipelines.gallery.fragments import render_pair, render_pairs
from pipelines.gallery.plots import criteria
from pipelines.gallery.previews import Embedder
from pipelines.gallery.reading import open_built
from pipelines.gallery.report import report
from pipelines.published_record import build_digest
from transforms.beamkit.errors import BuildError


def test_hostile_text_stays_text(hostile_report: str) -> None:
    found = audit(hostile_report)
    assert found.scripts == []
    assert ids_are_unique(found)
    assert "<script>window.hit=1</script>" in found.text
    assert "window.hit" not in "".join(found.styles)
    assert "{{7*7}}" in found.text
    assert "\u202e" not in hostile_report
    assert "\u200b" not in hostile_report
    assert "\x00" not in hostile_report
    assert "U+202E" in found.text


def test_every_place_of_hostile_text_is_shown(hostile_report: str) -> None:
    """Dead letters, matches, duplicates, gate, audits, review, votes: none is silently empty."""
    found = audit(hostile_report)
    assert found.text.count("<img src=x onerror=window.hit=1>") >= 30


def test_policy_allows_the_own_style_alone(hostile_report: str) -> None:
    found = audit(hostile_report)
    (policy,) = [
        attributes["content"]
        for tag, attributes in found.tags
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    (style,) = found.styles
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == (
        "default-src 'none'; img-src data:; media-src data:; "
        f"style-src 'sha256-{digest}'; script-src 'none'; base-uri 'none'; form-action 'none'"
    )


def test_pictures_are_made_anew_and_impostors_are_not_shown(hostile_report: str) -> None:
    found = audit(hostile_report)
    sources = [attributes["src"] for tag, attributes in found.tags if tag == "img"]
    assert sources
    for source in sources:
        data = base64.b64decode(source.removeprefix("data:image/jpeg;base64,"))
        assert data[:3] == b"\xff\xd8\xff"
        assert b"window.hit" not in data
    assert "Prompt: picture 2 of 3: it can't be decoded" in found.text
    assert "Prompt: picture 3 of 3: it can't be decoded" in found.text


def test_every_picture_has_its_place_before_it_is_loaded() -> None:
    pictures = {
        "response_a_image": medium(png(size=(40, 30)), "a.png"),
        "response_b_frames": [medium(png(size=(20, 30)), "b.png")] * 2,
    }
    found = audit(str(render_pair(row(1, **pictures))))
    boxes = [(one["width"], one["height"]) for tag, one in found.tags if tag == "img"]
    assert boxes == [("40", "30"), ("20", "30"), ("20", "30")]


def test_every_picture_and_player_has_a_text_alternative(hostile_report: str) -> None:
    found = audit(hostile_report)
    for tag, attributes in found.tags:
        if tag == "img":
            assert attributes["alt"]
        if tag in ("audio", "video", "svg"):
            assert attributes["aria-label"]
    assert ("html", {"lang": "en"}) in found.tags
    for landmark in ("header", "nav", "main"):
        assert landmark in {tag for tag, _ in found.tags}


def test_headings_leave_out_no_level(hostile_report: str) -> None:
    levels = [int(tag[1]) for tag, _ in audit(hostile_report).tags if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_numbers_of_the_report(tmp_path: Path) -> None:
    rows = [row(number, flipped=number == 1, agreement=0.5 + number / 10) for number in range(4)]
    text = audit(report(write_dataset(tmp_path / "set", {"Plain": rows}))).text
    assert "4 pairs in 1 subsets." in text
    assert "A is preferred in 50.0% of all pairs" in text
    assert "4 pairs have votes; the mean share for the published preference is 65.0%." in text
    assert "The gate was not run." in text


def test_tables_of_a_former_build_are_not_of_this_one(tmp_path: Path) -> None:
    """A subset that the recipe has no longer leaves its files where they were."""
    output = write_dataset(tmp_path / "set", {"Plain": [row(1)], "Gone": [row(2)]})
    write_tables(output, "Plain")
    write_tables(output, "Gone")
    record = json.loads((output / "run_record.json").read_text())
    del record["subsets"]["Gone"]
    (output / "run_record.json").write_text(json.dumps(record))
    ((group,), left_out) = side_tables.letter_groups(output)
    assert (group.count, group.subsets, left_out) == (1, (XSS,), 0)
    for table in (side_tables.matches(output), side_tables.duplicates(output)):
        assert table.total == 1
    assert side_tables.label_costs(output)["subset"].to_list() == ["Plain"]


def test_what_is_there_from_an_earlier_run_is_not_said_to_be_missing(tmp_path: Path) -> None:
    output = write_dataset(tmp_path / "set", {"Plain": [row(1)]})
    record = json.loads((output / "run_record.json").read_text())
    record["left_out"] = {"Plain": "needs criteria", "Other": "needs an adapter"}
    (output / "run_record.json").write_text(json.dumps(record))
    text = audit(report(output)).text
    assert "needs an adapter" in text
    assert "needs criteria" not in text


def test_criteria_are_counted_where_there_are_some(tmp_path: Path) -> None:
    told = {"subset": "Told", "kind": "instruction", "criterion_origin": "llm"}
    rows = [
        row(0, preference="a", criterion="short", **told),
        row(1, preference="b", criterion="short", flipped=True, **told),
        row(2, preference="b", source_preference="tie", criterion="long", **told),
    ]
    sets = {"Plain": [row(number) for number in range(5, 9)], "Told": rows}
    plot = criteria(facts_of(open_built(write_dataset(tmp_path / "set", sets)).shards))
    assert plot is not None
    assert plot.sentence == (
        "3 pairs carry a criterion; 2 criteria are distinct; it reverses the preference of the "
        "source in 1 of the 2 pairs without a tie (50.0%)."
    )
    assert plot.rows == (("Told", "3", "1", "2"),)


def test_commercial_use_is_told_in_three_numbers(tmp_path: Path) -> None:
    licences = (("mit", False), ("mit", False), ("cc-by-nc-4.0", True), (None, False))
    rows = [
        row(at, nc=nc, source={"corpus": "c", "licence": licence})
        for at, (licence, nc) in enumerate(licences)
    ]
    text = audit(report(write_dataset(tmp_path / "set", {"Plain": rows}))).text
    assert "2allow commercial use; 1 forbid it; of 1 the licence is unknown" in text


def test_measured_labels_are_no_votes(tmp_path: Path) -> None:
    told = {"kind": "instruction", "criterion": "louder"}
    rows = [
        row(0, agreement=0.75, n_votes=4, criterion_origin="llm", **told),
        row(1, agreement=1.0, n_votes=1, criterion_origin="measured", **told),
    ]
    text = audit(report(write_dataset(tmp_path / "set", {"Plain": rows}), pairs=2)).text
    assert "1 pairs have votes; the mean share for the published preference is 75.0%." in text
    assert "agreement 75%" in text
    assert "agreement 100%" not in text


def test_a_pair_beyond_the_limit_says_how_much_is_left_out() -> None:
    html = render_pair(row(1, response_a_text="x" * 5_000), limit=1_000)
    assert "… 4,000 more characters" in audit(str(html)).text


def test_pairs_share_a_budget() -> None:
    rows = [
        row(k, task="t2i", response_a_text=None, response_a_image=medium(png(), "a.png"))
        for k in range(3)
    ]
    one = len(str(render_pairs(rows[:1], media=Embedder())))
    budget = Embedder(budget=one * 0.9)
    html = str(render_pairs(rows, media=budget))
    assert html.count("<img") < 3
    assert "left out, as the size of this page is bounded" in html


@pytest.mark.parametrize(("most", "left_out"), [(1_500_000, True), (20_000_000, False)])
def test_report_is_bounded(tmp_path: Path, most: int, left_out: bool) -> None:
    import numpy as np
    from PIL import Image

    noise = np.random.default_rng(1).integers(0, 255, (300, 300, 3), np.uint8)
    sink = io.BytesIO()
    Image.fromarray(noise).save(sink, "PNG")
    picture = medium(sink.getvalue(), "a.png")
    rows = [
        row(k, task="t2i", response_a_image=picture, response_b_image=picture) for k in range(12)
    ]
    output = write_dataset(tmp_path / "set", {"Pictures": rows, "Others": rows})
    text = report(output, pairs=12, most=most)
    assert 900_000 < len(text.encode()) < most
    assert ("the size of this page is bounded" in text) is left_out


def test_long_texts_are_left_out_where_a_report_would_be_too_large(tmp_path: Path) -> None:
    rows = [row(k, response_a_text="é" * 5_000) for k in range(40)]
    output = write_dataset(tmp_path / "set", {"Plain": rows})
    text = report(output, pairs=40, most=160_000)
    assert len(text.encode()) <= 160_000
    assert 'class="pair"' in text


def test_no_dataset_is_said(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"no run_record\.json of a build here"):
        report(tmp_path)


def test_a_shard_outside_of_the_dataset_is_refused(tmp_path: Path) -> None:
    output = write_dataset(tmp_path / "set", {"Plain": [row(1)]})
    record = output / "run_record.json"
    record.write_text(record.read_text().replace("train-00000-of-00001", "../../../../etc/x"))
    with pytest.raises(BuildError, match="outside of data/"):
        report(output)


def test_template_text_of_an_attack_is_not_evaluated() -> None:
    html = str(render_pair(row(1, criterion=XSS)))
    assert "{{7*7}}" in html
    assert "49" not in audit(html).text


def _gate(**more: object) -> dict[str, object]:
    """An expectation of a gate that is not met."""
    told = {"expectation": "some_rows", "column": None, "passed": False, "wanted": "1",
            "observed": "0", "failing": 0, "row_ids": []}  # fmt: skip
    return {**told, **more}


def test_failures_of_the_dataset_as_a_whole_are_shown_and_waivers_marked(tmp_path: Path) -> None:
    output = write_dataset(tmp_path / "set", {"Plain": [row(1)]})
    (output / "quality").mkdir()
    gate = {
        "passed": False,
        "subsets": {
            "Plain": {"expectations": [_gate(waived="a small part"), _gate(passed=True)]},
        },
        "dataset": {"expectations": [_gate(expectation="groups_on_one_side"), _gate(passed=True)]},
    }
    (output / "quality" / "gate.json").write_text(json.dumps(gate))
    found = gate_of(output, "")
    assert found is not None
    assert (found.expectations, found.stopping, found.waived) == (4, 1, 1)
    assert [(one.subset, one.expectation, one.waived) for one in found.failures] == [
        ("all subsets", "groups_on_one_side", None),
        ("Plain", "some_rows", "a small part"),
    ]
    text = " ".join(audit(report(output)).text.split())
    assert "4 expectations over 1 subsets; 1 not met; 1 not met and waived." in text
    assert "failall subsetsgroups_on_one_side" in text
    assert "waivedPlainsome_rows" in text
    assert "waived: a small part" in text


def test_what_stops_is_shown_before_what_is_waived(tmp_path: Path) -> None:
    output = write_dataset(tmp_path / "set", {"Plain": [row(1)]})
    (output / "quality").mkdir()
    many = [_gate(waived="known") for _ in range(500)]
    gate = {"passed": False, "subsets": {"Plain": {"expectations": many}},
            "dataset": {"expectations": [_gate()]}}  # fmt: skip
    (output / "quality" / "gate.json").write_text(json.dumps(gate))
    found = gate_of(output, "")
    assert found is not None
    assert (found.stopping, found.waived) == (1, 500)
    assert len(found.failures) == 400
    assert found.failures[0].waived is None


def test_a_report_names_its_build_and_no_time_or_place(tmp_path: Path) -> None:
    output = write_dataset(tmp_path / "set", {"Plain": [row(1)]})
    record = json.loads((output / "run_record.json").read_text())
    record |= {
        "recipe": {"relabel": {"published": {"path": "/home/ada/Omni"}}},
        "left_out": {"B": "the published set in /home/ada/Omni has no B"},
    }
    (output / "run_record.json").write_text(json.dumps(record))
    (output / "quality").mkdir()
    pages = []
    for time in ("2026-01-02T03:04:05Z", "2027-01-02T03:04:05Z"):
        gate = {"passed": True, "checked": time, "subsets": {}, "dataset": {}}
        review = {"checked": time, "scores": [{"group": "all", "rows": 3, "agreed": 0.5}]}
        for name, value in (("gate", gate), ("review", review)):
            (output / "quality" / f"{name}.json").write_text(json.dumps(value))
        pages.append(report(output))
    assert pages[0] == pages[1]
    assert f'<meta name="omnireward-build" content="{build_digest(record)}">' in pages[0][:4096]
    assert "ada" not in audit(pages[0]).text
