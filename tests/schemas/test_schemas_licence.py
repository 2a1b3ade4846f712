"""Licences by name: spellings of one, and those that forbid commercial use."""

from __future__ import annotations

import pytest

from schemas.licence import commercial_use, forbids_commercial_use, is_non_commercial, plain


def test_spellings() -> None:
    assert plain(" Apache  License 2.0") == "apache-2.0"
    assert [plain(text) for text in (None, "", "Other", "N/A")] == [None] * 4


@pytest.mark.parametrize(
    "licence",
    ["cc-by-nc-4.0", "CC-BY-NC-4.0", "CC BY NC SA", "cc_by_nc_4", "x-noncommercial",
     "Non Commercial terms", "nc", "X (NC)", "Research Only", "academic use only", "non-profit",
     "for research purposes only", "only for research"],
)  # fmt: skip
def test_names_that_forbid_commercial_use(licence: str) -> None:
    assert is_non_commercial(licence)
    assert forbids_commercial_use(licence, nc=False)


@pytest.mark.parametrize(
    "licence", ["mit", "cc-by-4.0", "ncsa", "sync-1.0", "unknown", "proprietary", None]
)
def test_names_that_do_not(licence: str | None) -> None:
    assert not is_non_commercial(licence)
    assert not forbids_commercial_use(licence, nc=False)
    assert forbids_commercial_use(licence, nc=True)


@pytest.mark.parametrize(
    ("licence", "nc", "use"),
    [
        ("mit", False, "allowed"),
        ("mit", True, "forbidden"),
        ("cc-by-nc-4.0", False, "forbidden"),
        ("unknown", False, "unknown"),
        (None, None, "unknown"),
        ("unknown", True, "forbidden"),
        ("all rights reserved", False, "unknown"),
        ("proprietary", False, "unknown"),
        ("see card", False, "unknown"),
        ("not specified", False, "unknown"),
        ("license-unknown", False, "unknown"),
        ("research only", False, "forbidden"),
    ],
)
def test_what_is_known_of_commercial_use(licence: str | None, nc: bool | None, use: str) -> None:
    assert commercial_use(licence, nc) == use
