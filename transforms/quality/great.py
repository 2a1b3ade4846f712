"""Running suites by Great Expectations: in memory, at SUMMARY, nothing sent anywhere.

Failing ids are not asked of it: `unexpected_index_column_names` makes a run on bad data ten times
slower and needs half as much memory again. `failing` finds them in the same frame.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl

from transforms.quality.data_docs import offline
from transforms.quality.expectation import Named

_NAME: Final = "facts"
_SITE: Final = "quality"


class Suites:
    """An ephemeral context with a suite for each frame that was checked."""

    def __init__(self) -> None:
        # The library takes seconds to import. It has no telemetry of its own in the releases that
        # setup.py allows; the switch is set for one that might have it again.
        os.environ["GX_ANALYTICS_ENABLED"] = "False"
        logging.getLogger("great_expectations").setLevel(logging.ERROR)
        import great_expectations as gx

        self._gx = gx
        self.context: Any = gx.get_context(mode="ephemeral")
        self.context.variables.progress_bars = {"globally": False}
        #: The library's own results by name, as values for JSON.
        self.results: dict[str, Any] = {}
        self._source = self.context.data_sources.add_pandas(_NAME)

    def check(self, name: str, frame: pl.DataFrame, suite: Sequence[Named]) -> list[bool]:
        """Whether each expectation of a suite holds, in its order; the result is kept for docs.

        Raises:
            RuntimeError: an expectation could not be evaluated at all.
        """
        gx = self._gx
        # Built at once: added one by one each expectation is a call of its own.
        made = gx.ExpectationSuite(
            name=name, expectations=[_made(gx.expectations, at, n) for at, n in enumerate(suite)]
        )
        made = self.context.suites.add(made)
        batch = self._source.add_dataframe_asset(name).add_batch_definition_whole_dataframe(name)
        definition = self.context.validation_definitions.add(
            gx.ValidationDefinition(name=name, data=batch, suite=made)
        )
        checkpoint = gx.Checkpoint(
            name=name, validation_definitions=[definition], result_format="SUMMARY"
        )
        ran = self.context.checkpoints.add(checkpoint).run(
            batch_parameters={"dataframe": _pandas(frame, suite)}
        )
        (result,) = ran.run_results.values()
        self.results[name] = result.to_json_dict()
        verdicts = {}
        for one in result.results:
            raised = one.exception_info
            if not one.success and _raised(raised):
                raise RuntimeError(f"{name}: {one.expectation_config.type}: {raised}")
            verdicts[one.expectation_config.meta["place"]] = bool(one.success)
        return [verdicts[place] for place in range(len(suite))]

    def pages(self) -> dict[str, bytes]:
        """Data Docs of all that was checked: relative path -> a page that reads well offline."""
        with tempfile.TemporaryDirectory() as folder:
            store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": folder}
            site = {
                "class_name": "SiteBuilder",
                "show_how_to_buttons": False,
                "store_backend": store,
                "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            }
            self.context.add_data_docs_site(_SITE, site)
            self.context.build_data_docs(site_names=[_SITE])
            found = {
                path.relative_to(folder).as_posix(): path.read_bytes()
                for path in sorted(Path(folder).rglob("*.html"))
            }
        return offline(found)


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
        "null": (
            kinds.ExpectColumnValuesToBeNull if one.null else kinds.ExpectColumnValuesToNotBeNull,
            {"column": column},
        ),
    }
    kind, arguments = table[one.check]
    return kind(**arguments, meta=meta, notes=one.why or None)
