"""Looking ahead: what a build is about to move and store, and whether to ask before it does."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pipelines.opening import Corpora
from pipelines.planning import SubsetPlan, plan_subsets
from pipelines.readiness import choose
from pipelines.run import RunRequest
from pipelines.sizes import size_of
from pipelines.traffic import Load, by_corpus, disk_peak, load_of
from transforms.beamkit import files

#: Bytes beyond which nobody wants to have fetched by mistake.
MUCH: Final = 10_000_000_000


@dataclass(frozen=True)
class Prospect:
    """The plans of a build, what those read that have to, and what is left out with the reason."""

    plans: Sequence[SubsetPlan]
    loads: Mapping[str, Load]
    left_out: Mapping[str, str]
    #: Bytes free at a local output folder.
    free: int | None
    #: The corpora that were opened for it.
    corpora: Corpora

    @property
    def warning(self) -> str | None:
        """What a person should know before the build begins."""
        fetched = sum(load.fetched for load in by_corpus(self.plans, self.loads).values())
        if fetched > MUCH:
            return f"About {size_of(fetched)} will be fetched."
        peak = disk_peak(self.loads)
        if self.free is not None and peak > self.free:
            return f"About {size_of(peak)} of disk are needed, {size_of(self.free)} are free."
        return None


def look_ahead(request: RunRequest) -> Prospect:
    """Plan a build and estimate what it reads.

    Raises:
        BuildError: an input is missing or wrong.
    """
    ready, left_out = choose(
        request.recipe, request.names, request.base, commercial_only=request.commercial_only
    )
    layout = request.layout
    corpora = Corpora(request.base, layout)
    plans = [
        replace(plan, fresh=request.fresh)
        for plan in plan_subsets(request.recipe, ready, corpora, layout)
    ]
    loads = {
        plan.name: load_of(plan)
        for plan in plans
        if plan.published is None and plan.prepared is None
    }
    return Prospect(plans, loads, left_out, _free(layout.output), corpora)


def _free(output: str) -> int | None:
    if not files.is_local(output):
        return None
    folder = Path(output).absolute()
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(os.fspath(folder)).free
