"""Tables in a narrow terminal: no word is cut, and what has no room is named."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console, RenderableType

from pipelines.diff.result import DatasetDiff, SubsetDiff
from pipelines.diff.view import diff_view
from pipelines.display import subsets_table, table_of
from pipelines.funnel_view import dead_table, funnel_table
from pipelines.recipe import load_recipe
from pipelines.resources import default_recipe

LONG = "Omni-Skywork-Reward-Preference"


def said(what: RenderableType, width: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width).print(what)
    text = out.getvalue()
    assert max(map(len, text.splitlines())) <= width
    return text


def record(**counts: dict[str, int]) -> dict[str, Any]:
    return {"counts": counts, "rows": 17_270, "resumed": "", "seconds": {"total": 1234.5}}


@pytest.mark.parametrize("width", [80, 120])
def test_subsets_show_whole_names(width: int) -> None:
    recipe = load_recipe(default_recipe())
    rows = dict.fromkeys(recipe.subsets, 317_382)
    text = said(subsets_table(recipe, dict.fromkeys(recipe.subsets, "ready"), rows), width)
    assert "…" not in text
    for name, subset in recipe.subsets.items():
        (line,) = (one for one in text.splitlines() if one.split()[:1] == [name])
        assert "317,382" in line
        assert subset.task in line
    assert "cc-by-nc-4.0" in text
    assert ("open_image_preferences" in text) == ("not shown" not in text)


@pytest.mark.parametrize("width", [80, 120])
def test_the_funnel_shows_whole_names_and_numbers(width: int) -> None:
    counts = {
        "sources": {"in": 798_000, "note:pairs": 786_000, "dead:missing_field": 1_234},
        "sampling": {"dropped:beyond_target": 616_001},
        "dedup": {"dropped:duplicate_exact": 12_345},
    }
    text = said(funnel_table({LONG: record(**counts)}), width)
    for word in (LONG, "798,000", "1,234", "616,001", "12,345", "17,270"):
        assert word in text.split()
    dead = said(dead_table({LONG: record(**counts)}), width)
    assert dead.split()[-4:] == [LONG, "sources", "missing_field", "1,234"]


@pytest.mark.parametrize("width", [80, 120])
def test_a_diff_shows_the_subset(width: int) -> None:
    one = SubsetDiff(
        LONG, rows_before=17_270, rows_after=17_271, added=10_000, removed=9_999,
        labels={"a>b": 5_000}, files_after=8,
    )  # fmt: skip
    text = said(diff_view(DatasetDiff("one", "two", (one,))), width)
    for word in (LONG, "17,270", "17,271", "10,000", "9,999", "5,000"):
        assert word in text.split()


def test_texts_wrap_between_words_before_anything_goes() -> None:
    table = table_of(None, "name", "why", "count", right=("count",), less=("count",))
    table.add_row("a_long_name", "because of this and of that", "1,000")
    assert "not shown" not in said(table, 30)
    assert {"a_long_name", "because", "that", "1,000"} <= set(said(table, 30).split())


def test_what_has_no_room_goes_in_order_and_is_named() -> None:
    table = table_of(None, "name", "one", "two", "empty", less=("one", "two"))
    table.add_row("a_long_name", "0123456789", "abcdef", "")
    assert said(table, 60).split()[:4] == ["name", "one", "two", "empty"]
    narrow = said(table, 30)
    assert narrow.splitlines()[1].split() == ["name", "two"]
    assert " ".join(narrow.split()).endswith("not shown at this width: one")


def test_a_name_longer_than_the_terminal_folds() -> None:
    table = table_of(None, "name", "count", right=("count",))
    table.add_row("n" * 40, "7")
    text = said(table, 20)
    assert text.count("n") == 40 + 2
    assert "7" in text


def test_an_empty_table_is_one(tmp_path: Path) -> None:
    assert said(table_of("Nothing", "name", "count"), 10)
