"""Checks side by side, each bounded in time; one that breaks or hangs is a finding itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipelines.doctor.finding import Finding


@dataclass(frozen=True)
class Check:
    """One check: what it is called if it breaks, and how it is run."""

    area: str
    what: str
    run: Callable[[], Finding | list[Finding]]


def run_checks(checks: Sequence[Check], seconds: float) -> list[Finding]:
    """The findings of all checks in their order, after at most so many seconds.

    Threads are daemons: a name service that hangs holds nothing up.
    """
    results: list[list[Finding] | None] = [None] * len(checks)

    def work(index: int) -> None:
        results[index] = _findings(checks[index])

    threads = [threading.Thread(target=work, args=(i,), daemon=True) for i in range(len(checks))]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    findings = []
    for check, found in zip(checks, list(results), strict=True):
        if found is not None:
            findings += found
        else:
            detail = f"no result after {seconds:g} s"
            remedy = "Check the network and its name service, then try again."
            findings.append(Finding(check.area, check.what, "fail", detail, remedy))
    return findings


def _findings(check: Check) -> list[Finding]:
    try:
        found = check.run()
    except Exception as error:  # its text may quote a secret
        detail = f"the check itself broke ({type(error).__name__})"
        remedy = "Please report it, with what omnireward doctor --json prints."
        return [Finding(check.area, check.what, "fail", detail, remedy)]
    return found if isinstance(found, list) else [found]
