"""Great Expectations is quiet: what it logs of its own is not for who checks a dataset."""

from __future__ import annotations

import logging

from transforms.quality.great import Suites


def test_no_module_of_the_library_logs_less_than_errors() -> None:
    Suites()
    named = [name for name in logging.root.manager.loggerDict if name.startswith("great_expect")]
    assert "great_expectations.data_context.types.base" in named  # it sets a level of its own
    told = [name for name in named if logging.getLogger(name).isEnabledFor(logging.WARNING)]
    assert told == []
