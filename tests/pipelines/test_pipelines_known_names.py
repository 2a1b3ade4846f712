"""Names that a person asks for: unknown ones are errors, those that ended well are none."""

from __future__ import annotations

import pytest

from pipelines.known_names import check_known, reasons_in
from transforms.beamkit.errors import BuildError

RECORD = {"subsets": {"A": {"counts": {"media": {"in": 3, "dead:odd_one": 1, "out": 2}}}}}


def test_reasons_are_those_counted_and_the_common_ones() -> None:
    known = reasons_in(RECORD)
    assert {"odd_one", "media_missing"} <= known
    assert "in" not in known
    assert "media_missing" in reasons_in(None)  # mended since: asked for again, there are none


def test_an_unknown_name_says_the_nearest() -> None:
    check_known("out", "reason", ["media_missing"], reasons_in(None))
    with pytest.raises(BuildError, match=r"out: no reason 'media_missin'; .*'media_missing'"):
        check_known("out", "reason", ["media_missin"], reasons_in(RECORD))
