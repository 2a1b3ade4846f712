"""`omnireward relabel`: what criteria from models would cost."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from pipelines.commands.building import request_of
from pipelines.commands.console import err, fail, interrupted, out, plain
from pipelines.commands.options import (
    LimitOption,
    OutputOption,
    QuietOption,
    RecipeOption,
    StoreOption,
    SubsetOption,
)


def relabel(
    recipe: RecipeOption = None,
    subset: SubsetOption = None,
    output: OutputOption = "dataset",
    limit: LimitOption = None,
    store: StoreOption = None,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Say what it would cost; no pair is sent.")
    ] = False,
    calibration: Annotated[
        bool, typer.Option("--calibration", help="Say how judges did on gold questions.")
    ] = False,
    by_attribute: Annotated[
        bool, typer.Option("--by-attribute", help="The same, attribute by attribute.")
    ] = False,
    quiet: QuietOption = False,
) -> None:
    """Estimate what criteria would cost, or see how judges did; `build` is what buys criteria."""
    from pipelines.estimating import asking, estimate_view, estimates
    from pipelines.model_checks import problems
    from pipelines.watching import Watcher

    if not (estimate or calibration or by_attribute):
        fail(
            "relabel --estimate says what it would cost, relabel --calibration how judges did; "
            "criteria are bought by `build`",
            2,
        )
    request = request_of(recipe, subset, output, limit, None, None, store, None)
    if calibration or by_attribute:
        from pipelines.calibrating import calibrated, calibration_view

        groups = ("judge", "task", "attribute")[: 3 if by_attribute else 2]
        found_by = calibrated(
            request.layout, request.names or tuple(request.recipe.subsets), groups
        )
        out.print(calibration_view(found_by, request.recipe.relabel.calibration.floor))
    if not estimate:
        return
    try:
        found = estimates(request, Watcher(out, quiet=quiet))
    except KeyboardInterrupt:
        interrupted()
    out.print(estimate_view(found))
    for problem in problems(request.recipe, asking(request), request.file, os.environ):
        err.print(f"[yellow]before a build:[/] {plain(problem)}", highlight=False, soft_wrap=True)
