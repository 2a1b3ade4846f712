"""Corpora whose records are the values of one JSON object: looked at as lists are."""

from __future__ import annotations

import json
from collections.abc import Callable

from checked_mirror import Mirror, said

MakeMirror = Callable[[str], Mirror]
RATINGS = "prompt_reward.json"


def test_an_object_over_many_lines_is_as_good_as_one_over_one(mirror: MakeMirror) -> None:
    there = mirror("rewarddb_3d")
    path = there.path(RATINGS)
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")), indent=1), "utf-8")
    report = there.check()
    assert report.differences == ()
    assert report.looked.records == 24


def test_so_is_a_list(mirror: MakeMirror) -> None:
    there = mirror("rewarddb_3d")
    path = there.path(RATINGS)
    path.write_text(json.dumps(list(json.loads(path.read_text("utf-8")).values())), "utf-8")
    assert there.check().differences == ()


def test_a_renamed_key_is_found_inside_the_values(mirror: MakeMirror) -> None:
    there = mirror("rewarddb_3d")
    path = there.path(RATINGS)
    path.write_text(path.read_text("utf-8").replace('"reward"', '"rewards"'), "utf-8")
    ((severity, expected, found),) = said(there.check(), what="columns")
    assert (severity, expected) == ("error", "'reward'")
    assert "'rewards'" in found
    assert said(there.check(options={"ratings": "rewards"}), what="columns") == []


def test_a_file_that_is_cut_short_is_named(mirror: MakeMirror) -> None:
    there = mirror("rewarddb_3d")
    path = there.path(RATINGS)
    path.write_text(path.read_text("utf-8")[:200], "utf-8")
    ((severity, _, found),) = said(there.check(), what="format")
    assert severity == "error"
    assert f"{RATINGS}: not valid JSON" in found
