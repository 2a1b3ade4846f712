"""The card's licence, in whatever spelling, against the recipe's; and who may read a corpus."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from checked_mirror import Mirror

from pipelines.source_check.finding import Difference
from pipelines.source_check.view import exit_code
from transforms.beamkit.hub.tree import RepoFacts

Good = Mapping[str, Mirror]


def hub(licence: str | None, *, gated: bool | str = False, private: bool = False) -> RepoFacts:
    return RepoFacts(licence, gated, private, "c" * 40)


@pytest.mark.parametrize(
    ("name", "licence"),
    [
        ("hpdv2", "apache-2.0"),
        ("hpdv2", "Apache 2.0"),
        ("hpdv2", "Apache License 2.0"),
        ("skywork", None),
        ("skywork", "other"),
        ("skywork", "unknown"),
        ("rlaif_v", "CC-BY-NC-4.0"),
        ("rlaif_v", "cc_by_nc_4.0"),
        ("evalmuse", "BSD-3-Clause"),
    ],
)
def test_the_same_in_another_spelling(good: Good, name: str, licence: str | None) -> None:
    assert good[name].check(hub(licence)).differences == ()


def test_a_licence_that_changed(good: Good) -> None:
    report = good["hpdv2"].check(hub("mit"))
    assert report.differences == (
        Difference("hpdv2", "licence", "error", "apache-2.0", "the card says mit", "licence: mit"),
    )
    assert exit_code([report]) == 4


def test_a_licence_that_is_stated_now(good: Good) -> None:
    report = good["skywork"].check(hub("mit"))
    assert report.differences == (
        Difference("skywork", "licence", "warning", "unknown", "the card says mit", "licence: mit"),
    )
    assert exit_code([report]) == 0


def test_a_licence_that_is_stated_no_more(good: Good) -> None:
    difference = good["hpdv2"].only(hub(None))
    assert (difference.severity, difference.found) == ("warning", "the card says no licence")
    assert good["hpdv2"].only(hub("other")).found == "the card says other"


def test_non_commercial_where_the_recipe_says_nothing_of_it(good: Good) -> None:
    changed, restricted = good["hpdv2"].check(hub("cc-by-nc-sa-4.0")).differences
    assert changed.change == "licence: cc-by-nc-sa-4.0"
    assert restricted == Difference(
        "hpdv2",
        "licence",
        "error",
        "nc: false",
        "cc-by-nc-sa-4.0, which is non-commercial",
        "nc: true",
    )


def test_a_recipe_that_contradicts_itself_is_told_so_for_a_mirror_too(good: Good) -> None:
    assert good["rlaif_v"].only(nc=False).change == "nc: true"


def test_no_longer_non_commercial_is_a_note(good: Good) -> None:
    difference = good["hpdv2"].only(hub("apache-2.0"), nc=True)
    assert (difference.severity, difference.found) == ("note", "apache-2.0")


def test_who_may_read_it(good: Good) -> None:
    for facts, found in (
        (hub("apache-2.0", gated="manual"), "gated"),
        (hub("apache-2.0", private=True), "private"),
    ):
        report = good["hpdv2"].check(facts)
        assert [(entry.what, entry.severity, entry.found) for entry in report.differences] == [
            ("reach", "note", found)
        ]
        assert report.as_expected
