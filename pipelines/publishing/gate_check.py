"""The gate before publication: what was not checked, or failed, is not published."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from transforms.beamkit.errors import BuildError

_MOST_TOLD: Final = 10
_MOST_IDS: Final = 5


class GateError(Exception):
    """The dataset has not passed its checks: says which, and for which rows."""


def refuse_unless_passed(output: Path, record: bytes) -> None:
    """Look whether the dataset of this run record has passed.

    Raises:
        GateError: it has not, or it was built again after it was checked.
        BuildError: the gate's file can't be read.
    """
    validate = f"omnireward validate --output {output}"
    file = output / "quality" / "gate.json"
    if not file.is_file():
        raise GateError(f"{output} was not checked; a version is published after: {validate}")
    try:
        gate = json.loads(file.read_bytes())
        passed, run = bool(gate["passed"]), str(gate["run"])
        failures = list(_failures(gate))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BuildError(f"{file}: can't be read ({error!r}); check again: {validate}") from None
    if run != hashlib.sha256(record).hexdigest():
        raise GateError(f"{output} was built again after it was checked; check it: {validate}")
    if not passed:
        told = failures[:_MOST_TOLD] or ["the gate names no expectation"]
        more = len(failures) - len(told)
        lines = "".join(f"\n  {failure}" for failure in told)
        rest = f"\n  and {more:,} more" if more > 0 else ""
        raise GateError(
            f"{output} did not pass its checks, so it is not published:{lines}{rest}\n"
            f"Mend the recipe or waive the expectation there, build, then: {validate}"
        )


def _failures(gate: Mapping[str, Any]) -> Iterator[str]:
    for name, subset in gate["subsets"].items():
        for one in subset["expectations"]:
            if one["passed"]:
                continue
            column = f" of {one['column']}" if one.get("column") else ""
            ids = [str(row)[:16] for row in one.get("row_ids", [])]
            rows = f"; rows {', '.join(ids[:_MOST_IDS])}" if ids else ""
            more = ", …" if len(ids) > _MOST_IDS else ""
            yield (
                f"{name}: {one['expectation']}{column}: wanted {one['wanted']}, "
                f"found {one['observed']}{rows}{more}"
            )
