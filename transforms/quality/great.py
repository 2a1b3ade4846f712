"""Running suites by Great Expectations: in memory, at SUMMARY, nothing sent anywhere.

Failing ids are not asked of it: `unexpected_index_column_names` makes a run on bad data ten times
slower and needs half as much memory again. `failing` finds them in the same frame.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from transforms.quality.data_docs import page_of
from transforms.quality.expectation import Named

_NAME: Final = "facts"


def _quiet(library: str) -> None:
    """Keep to errors what a library logs, also where a module of it sets a level of its own."""
    for name in [library, *logging.root.manager.loggerDict]:
        if name == library or name.startswith(f"{library}."):
            logging.getLogger(name).setLevel(logging.ERROR)


class Suites:
    """An ephemeral context with a suite for each frame that was checked."""

    def __init__(self) -> None:
        # The library takes seconds to import. It has no telemetry of its own in the releases that
        # setup.py allows; the switch is set for one that might have it again.
        os.environ["GX_ANALYTICS_ENABLED"] = "False"
        import great_expectations as gx

        _quiet("great_expectations")
        self._gx = gx
        self.context: Any = gx.get_context(mode="ephemeral")
        bars: Any = {"globally": False}
        self.context.variables.progress_bars = bars
        #: By name of what was checked: the library's results, as values for JSON.
        self.results: dict[str, Any] = {}
        #: By file name: the library's page of each result, that reads well offline.
        self.pages: dict[str, str] = {}
        self._source = self.context.data_sources.add_pandas(_NAME)

    def check(self, name: str, frame: pl.DataFrame, suite: Sequence[Named]) -> list[bool]:
        """Whether each expectation of a suite holds, in its order; result and page are kept.

        Raises:
            RuntimeError: an expectation could not be evaluated at all.
        """
        kinds = self._gx.expectations
        # Built at once: added one by one each expectation is a call of its own. No checkpoint: it
        # takes as long as the run itself, and names its pages by the time of day.
        made = [_made(kinds, place, named) for place, named in enumerate(suite)]
        asset = self._source.add_dataframe_asset(name)
        batch = asset.add_batch_definition_whole_dataframe(name).get_batch(
            batch_parameters={"dataframe": _pandas(frame, suite)}
        )
        result = batch.validate(
            self._gx.ExpectationSuite(name=name, expectations=made), result_format="SUMMARY"
        )
        self._source.delete_asset(name)  # its frame with it
        verdicts = {}
        for one in result.results:
            told = one.expectation_config
            assert told is not None
            if not one.success and _raised(one.exception_info):
                raise RuntimeError(f"{name}: {told.type} can't be evaluated: {one.exception_info}")
            verdicts[told.meta["place"]] = bool(one.success)
        self.results[name] = result.to_json_dict()
        self.pages[f"{name}.html"] = page_of(result)
        return [verdicts[place] for place in range(len(suite))]


def _raised(info: Any) -> bool:
    if "raised_exception" in info:
        return bool(info["raised_exception"])
    return any(one.get("raised_exception") for one in info.values() if isinstance(one, dict))


def _pandas(frame: pl.DataFrame, suite: Sequence[Named]) -> Any:
    """The columns that a suite looks at, as the library wants them."""
    names = [named.column for named in suite]
    names += [named.expectation.equals for named in suite]
    wanted = list(dict.fromkeys(name for name in names if name is not None)) or frame.columns[:1]
    return frame.select(wanted).to_pandas()


def _made(kinds: Any, place: int, named: Named) -> Any:
    """The library's expectation for one of ours."""
    one, column = named.expectation, named.column
    bounds = {"min_value": one.min, "max_value": one.max}
    meta = {"name": named.name, "place": place}
    table: dict[str, tuple[Any, dict[str, Any]]] = {
        "unique": (kinds.ExpectColumnValuesToBeUnique, {"column": column}),
        "values": (
            kinds.ExpectColumnValuesToBeInSet,
            {"column": column, "value_set": list(one.values or ())},
        ),
        "matches": (
            kinds.ExpectColumnValuesToMatchRegex,
            {"column": column, "regex": one.matches},
        ),
        "equals": (
            kinds.ExpectColumnPairValuesToBeEqual,
            {"column_A": column, "column_B": one.equals, "ignore_row_if": "neither"},
        ),
        "share": (kinds.ExpectColumnMeanToBeBetween, {"column": column, **bounds}),
        "rows": (kinds.ExpectTableRowCountToBeBetween, bounds),
        "between": (kinds.ExpectColumnValuesToBeBetween, {"column": column, **bounds}),
        "is_null": (
            kinds.ExpectColumnValuesToBeNull
            if one.is_null
            else kinds.ExpectColumnValuesToNotBeNull,
            {"column": column},
        ),
    }
    kind, arguments = table[one.check]
    return kind(**arguments, meta=meta, notes=one.why or None)
