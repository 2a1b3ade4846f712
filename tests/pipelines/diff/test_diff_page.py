"""The page of a diff: pairs before and after, nothing hostile in force, bounded."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from made_dataset import Row, make_row, make_rows, write_dataset
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.dataset.dataset import Dataset
from pipelines.diff.diff import diff
from pipelines.diff.page import diff_page

HPD, OMNI = "HPDv2", "Omni-RLAIF-V"
HOSTILE = "<script>alert(1)</script>"


def sides(folder: Path, before: dict[str, list[Row]], after: dict[str, list[Row]]) -> list[Dataset]:
    return [
        Dataset.open(str(write_dataset(folder / name, rows)))
        for name, rows in (("before", before), ("after", after))
    ]


def page_of(one: Dataset, other: Dataset, pairs: int = 4) -> str:
    return diff_page(diff(one, other, rows=True), one, other, pairs)


@pytest.fixture
def page(tmp_path: Path) -> str:
    rows = make_rows(HPD, range(12))
    flipped = [row | {"preference": "ba"[at % 2]} for at, row in enumerate(rows)]
    omni = make_rows(OMNI, range(3))
    other = [make_row(OMNI, 0, criterion=HOSTILE), *omni[1:]]
    changed = flipped[:9] + make_rows(HPD, range(50, 52))
    return page_of(*sides(tmp_path, {HPD: rows, OMNI: omni}, {HPD: changed, OMNI: other}))


def test_each_kind_is_counted_and_its_first_pairs_are_shown(page: str) -> None:
    found = re.findall(r"<h3>([\w ]+) <span class=\"count\">(\d+)</span></h3>", page)
    assert found == [
        ("Added", "2"), ("Removed", "3"), ("Label changed", "9"), ("Other criterion", "1"),
    ]  # fmt: skip
    titles = re.findall(r"<h4>(\w+)</h4>", page)
    assert titles == ["Added"] * 2 + ["Removed"] * 3 + ["Before", "After"] * 5
    assert "The first 4 of them" in page
    assert page.count("differs in preference") == 4
    assert page.count("data:image/") == 2 * (2 + 3 + 8) + 2


def test_hostile_text_is_shown_as_text(page: str) -> None:
    assert HOSTILE not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script" not in page
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page


def test_no_two_anchors_are_the_same(page: str) -> None:
    anchors = re.findall(r' id="([^"]+)"', page)
    assert len(anchors) == len(set(anchors)) > 10


def test_equal_sides_are_said_to_be(tmp_path: Path) -> None:
    rows = {HPD: make_rows(HPD, range(3))}
    one, other = sides(tmp_path, rows, rows)
    assert "Nothing: 1 subset compared, all equal." in page_of(one, other)


def test_the_command_writes_the_page_and_prints_as_without(tmp_path: Path) -> None:
    one, other = sides(tmp_path, {HPD: make_rows(HPD, range(4))}, {HPD: make_rows(HPD, range(5))})
    names = [one.place.root, other.place.root]
    plain = CliRunner().invoke(app, ["diff", *names])
    path = tmp_path / "diff.html"
    done = CliRunner().invoke(app, ["diff", *names, "--html", str(path)])
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{plain.stdout}wrote {path}\n"
    assert path.read_text().startswith("<!doctype html>")
