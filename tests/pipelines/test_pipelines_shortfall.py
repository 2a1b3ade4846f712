"""What is said of a subset below its target: why it is, and what draws more pairs."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.shortfall import shortfall


def record(kind: str, criteria: str | None, **counts: dict[str, int]) -> dict[str, Any]:
    entry = {"kind": kind, "target": 100, "rows": 67, "counts": counts}
    relabel = {"origin": "llm", "reserve": 2.0, "measured": {"reserve": 0.3}}
    recipe = {
        "subsets": {"One": {"criteria": criteria}},
        "sampling": {"reserve": 0.05},
        "relabel": relabel,
    }
    return {"subsets": {"One": entry}, "recipe": recipe}


UNDRAWN = {"in": 1000, "out": 130, "dropped:beyond_reserve": 870}
SHORT = "33 rows short of the target of 100"


@pytest.mark.parametrize(
    ("kind", "criteria", "setting"),
    [
        ("instruction", "measured", "relabel.measured.reserve (it was 0.3)"),
        ("instruction", None, "relabel.reserve (it was 2)"),
        ("instruction", "corpus", "sampling.reserve (it was 0.05)"),
        ("general", None, "sampling.reserve (it was 0.05)"),
    ],
)
def test_pairs_that_were_never_drawn_are_told(
    kind: str, criteria: str | None, setting: str
) -> None:
    told = shortfall("One", record(kind, criteria, sampling=UNDRAWN))
    assert told == f"{SHORT}; 870 pairs were never drawn: raise {setting} to draw more of them"


def test_pairs_without_a_criterion_are_told() -> None:
    relabel = {
        "in": 130, "out": 67, "dropped:alike_in_all_that_is_measured": 60,
        "dropped:not_needed": 1, "dead:no_votes": 2,
    }  # fmt: skip
    told = shortfall("One", record("instruction", "measured", sampling=UNDRAWN, relabel=relabel))
    assert "; 62 pairs that were drawn got no criterion; 870 pairs were never drawn: " in told


def test_a_corpus_without_more_pairs_is_told() -> None:
    told = shortfall("One", record("general", None, sampling={"in": 70, "out": 70}))
    assert told == f"{SHORT}; every pair of the corpus was drawn, so there are no more"


def test_nothing_is_said_of_a_subset_that_has_all() -> None:
    full = record("general", None)
    full["subsets"]["One"]["rows"] = 100
    assert shortfall("One", full) == ""
    full["subsets"]["One"] |= {"rows": 3, "target": None}
    assert shortfall("One", full) == ""
