"""The gate before publication: what was not checked, or failed, is not published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from pipelines.gate.result import read_gate
from pipelines.recipe import Recipe
from pipelines.samples import cut_to

_MOST_TOLD: Final = 10


class GateError(Exception):
    """The dataset has not passed its checks: says which, and for which rows."""


def refuse_unless_passed(output: Path, subsets: Iterable[str]) -> None:
    """Look whether a dataset has passed its gate since it was built, with all its subsets.

    Raises:
        GateError: it has not.
        BuildError: it was never checked, or the gate can't be read.
    """
    gate = read_gate(str(output))
    validate = f"omnireward validate --output {output}"
    unchecked = [name for name in subsets if name not in gate.subsets]
    if gate.stale:
        raise GateError(f"{output} was built again after it was checked; check it: {validate}")
    if unchecked:
        raise GateError(f"{', '.join(unchecked)} of {output} not checked; check all: {validate}")
    if not gate.passed:
        failures = gate.failures()
        told = "".join(f"\n  {failure}" for failure in failures[:_MOST_TOLD])
        more = len(failures) - _MOST_TOLD
        rest = f"\n  and {more:,} more" if more > 0 else ""
        raise GateError(
            f"{output} did not pass its checks, so it is not published:{told}{rest}\n"
            "Mend it, or waive an expectation with its reason in the recipe (quality.gate.waived), "
            f"then: {validate}"
        )


def refuse_samples(output: Path, record: Mapping[str, Any], recipe: Recipe | None) -> None:
    """Look whether ``--limit`` has cut a subset below the target of the recipe.

    Args:
        output: the folder of the dataset.
        record: its run record.
        recipe: the one that the build is held against, if one was named.

    Raises:
        GateError: it has, and that recipe does not ask for as few.
    """
    cut = [
        f"{name} (--limit {limit})"
        for name, entry in record["subsets"].items()
        if (limit := cut_to(entry, recipe, name)) is not None
    ]
    if cut:
        raise GateError(
            f"{output} is a sample, so it is not published: {', '.join(cut)}. Build without "
            "--limit, or set the target in the recipe and build again"
        )
