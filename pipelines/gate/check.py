"""Checking a built dataset: the facts of each subset against its suite, then the whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import yaml

from pipelines.build_marker import running
from pipelines.gate.page import index_page
from pipelines.gate.result import DATASET, Checked, Gate, Outcome, check_waivers
from pipelines.gate.suites import subset_suite
from pipelines.gate.whole import KEPT, questions
from pipelines.layout import Layout
from pipelines.published_record import digest_of_build
from pipelines.recipe import Recipe
from pipelines.recipe_binding import Node, RecipeError, bind, nearest
from pipelines.run_record import read_record
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.quality.expectation import Named
from transforms.quality.facts import facts
from transforms.quality.failing import IDS_SHOWN, failing, observed, printable, wanted
from transforms.quality.great import Suites

#: Told of each subset that is about to be checked.
Watch = Callable[[str], None]


def run_gate(
    output: str,
    recipe: Recipe | None = None,
    *,
    base: Path | None = None,
    names: Sequence[str] = (),
    watch: Watch | None = None,
) -> Gate:
    """Check a built dataset and write what was found under ``quality/``.

    Args:
        output: the folder of the dataset.
        recipe: what it is held to; by default the recipe that it was built by.
        base: the folder of that recipe.
        names: only these subsets; then nothing is written, as the dataset's gate is of all.
        watch: is told of each subset before it is checked.

    Raises:
        BuildError: there is no finished dataset, or a file of it can't be read.
        RecipeError: expectations or waivers are wrong.
    """
    layout = Layout.of(output)
    record = _record(layout, names)
    held_to = recipe or recorded_recipe(record, layout)
    run = digest_of_build(layout)
    check = _Check(layout, record, held_to, base, watch or _nobody)
    built = [name for name in record["subsets"] if not names or name in names]
    outside = [name for name in built if name not in held_to.subsets]
    if outside:
        raise RecipeError(f"the recipe has no subset {outside[0]!r}, which {output} holds")
    subsets = {name: check.subset(name) for name in built}
    whole = Checked(0, ()) if names else check.whole()
    check_waivers(held_to.quality.gate.waived, check.known)
    gate = Gate(
        datetime.now(UTC).isoformat(timespec="seconds"),
        held_to.digest(),
        run,
        subsets,
        whole,
        tuple(_waivers(record, held_to)),
        current=run,
    )
    if not names:
        _write(layout, gate, check.suites)
    return gate


def _nobody(_name: str) -> None:
    """Nobody watches."""


def recorded_recipe(record: Mapping[str, Any], layout: Layout) -> Recipe:
    """The recipe that a dataset was built by.

    Raises:
        BuildError: it was written by another release, and this one can't read it.
    """
    text = json.dumps(record["recipe"])
    node = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    assert node is not None
    try:
        return bind(Node(node, Path(layout.run_record)), Recipe)
    except RecipeError as error:
        raise BuildError(
            f"the recipe in the run record is of another release ({error}); give one with --recipe"
        ) from None


def _record(layout: Layout, names: Sequence[str]) -> dict[str, Any]:
    record = read_record(layout) or {}
    built = record.get("subsets", {})
    if not built:
        raise BuildError(
            f"{layout.output}: no dataset here; build it with: "
            f"omnireward build --output {layout.output}"
        )
    for name in names:
        if name not in built:
            raise BuildError(f"{name} is not built in {layout.output}; {nearest(name, built)}")
    busy = running(layout)
    if busy is not None:
        raise BuildError(f"{layout.output}: a build is running ({busy}); check it when it is done")
    return record


def _waivers(record: Mapping[str, Any], recipe: Recipe) -> list[Mapping[str, str]]:
    waived = [{"what": what, "why": why} for what, why in recipe.quality.gate.waived.items()]
    told = record.get("decontamination", {}).get("waived", {})
    return [*waived, *({"what": f"benchmark {name}", "why": why} for name, why in told.items())]


@dataclass
class _Check:
    """One run over a dataset. `known` are names of expectations by subset."""

    layout: Layout
    record: Mapping[str, Any]
    recipe: Recipe
    base: Path | None
    watch: Watch
    known: dict[str, set[str]] = field(default_factory=dict)
    kept: list[pl.DataFrame] = field(default_factory=list)
    suites: Suites = field(default_factory=Suites)

    def subset(self, name: str) -> Checked:
        """Check one subset."""
        self.watch(name)
        entry = self.record["subsets"][name]
        suite = subset_suite(self.recipe, name, entry, self.base)
        shards = [path for path, _ in files.find(self.layout.shards(name), "*.parquet")]
        try:
            frame = facts(shards)
        except (OSError, pa.ArrowException) as error:
            raise BuildError(f"{name}: a shard can't be read: {error}") from error
        self.kept.append(frame.select(KEPT))
        outcomes = self._outcomes(name, frame, suite, "row_id")
        return Checked(frame.height, outcomes, entry["task"], entry["kind"], entry.get("limit"))

    def whole(self) -> Checked:
        """Check what holds over all subsets."""
        self.watch(DATASET)
        rows = pl.concat(self.kept)
        recorded = recorded_recipe(self.record, self.layout)
        asked = questions(self.layout, self.record, self.recipe, recorded, rows)
        outcomes = [
            outcome
            for name, one in asked.items()
            for outcome in self._outcomes(
                DATASET, one.frame, one.suite, one.ids, f"{DATASET}-{name}"
            )
        ]
        return Checked(rows.height, tuple(outcomes))

    def _outcomes(
        self, where: str, frame: pl.DataFrame, suite: Sequence[Named], ids: str, name: str = ""
    ) -> tuple[Outcome, ...]:
        self.known.setdefault(where, set()).update(named.name for named in suite)
        suite = [
            Named(named.name, named.expectation.widened(frame.height - _nulls(frame, named)))
            for named in suite
            if not (named.expectation.share and _nulls(frame, named) == frame.height)
        ]
        passed = self.suites.check(name or where, frame, suite)
        waived = self.recipe.quality.gate.waived
        found = []
        for named, holds in zip(suite, passed, strict=True):
            rows = failing(frame, named) if not holds else frame.clear()
            found.append(
                Outcome(
                    named.name,
                    named.column,
                    holds,
                    wanted(named.expectation),
                    observed(frame, named, rows),
                    rows.height,
                    tuple(printable(str(one)) for one in rows[ids].head(IDS_SHOWN)),
                    named.expectation.why if not holds else "",
                    None if holds else waived.get(f"{where}: {named.name}"),
                )
            )
        return tuple(found)


def _nulls(frame: pl.DataFrame, named: Named) -> int:
    return frame[named.column].null_count() if named.column else 0


def _write(layout: Layout, gate: Gate, suites: Suites) -> None:
    """Results and pages first, the gate last: it is there only with all of them."""
    files.remove([layout.gate])
    for name, result in suites.results.items():
        data = json.dumps(result, indent=1, ensure_ascii=False).encode()
        files.write_once(layout.quality("expectations", f"{name}.json"), data + b"\n")
    _clear(layout, suites)
    for path, page in {**suites.pages, "index.html": index_page(gate)}.items():
        files.write_once(layout.quality("data_docs", path), page.encode())
    files.write_once(layout.gate, gate.to_json())


def _clear(layout: Layout, suites: Suites) -> None:
    """Remove what an earlier check wrote about subsets that are no more."""
    for folder, end, names in (
        ("expectations", "json", suites.results),
        ("data_docs", "html", {"index": "", **suites.results}),
    ):
        found = files.find(layout.quality(folder), f"*.{end}")
        keep = {layout.quality(folder, f"{name}.{end}") for name in names}
        files.remove([path for path, _ in found if path not in keep])
