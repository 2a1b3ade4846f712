"""The gate before publication: what was not checked, or failed, is not published."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from pipelines.gate.result import read_gate

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
