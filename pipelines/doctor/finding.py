"""What a check found: a state, one line of detail, and what mends it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

#: ok: works. info: worth knowing. warn: works for now, or is not needed. fail: stops a run.
State = Literal["ok", "info", "warn", "fail"]

#: Areas, in the order in which they are shown.
AREAS: Final = (
    "recipe",
    "python",
    "media",
    "machine",
    "disk",
    "hub",
    "models",
    "google",
    "workers",
)


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    area: str
    what: str
    state: State
    detail: str
    #: A command to copy, or a sentence; None where there is nothing to mend.
    remedy: str | None = None


def failed(findings: Iterable[Finding]) -> bool:
    """Whether something that a run needs does not work."""
    return any(finding.state == "fail" for finding in findings)


def lacking(needed: bool) -> State:
    """The state of a thing that does not work: it fails a run only where the run needs it."""
    return "fail" if needed else "warn"
