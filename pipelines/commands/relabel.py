"""`omnireward relabel`: what criteria from models would cost."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.building import request_of
from pipelines.commands.console import fail, interrupted, out
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
    output: OutputOption = Path("dataset"),
    limit: LimitOption = None,
    store: StoreOption = None,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Say what it would cost; nothing is sent.")
    ] = False,
    quiet: QuietOption = False,
) -> None:
    """Estimate what the criteria of instruction subsets would cost; `build` is what buys them."""
    from pipelines.estimating import estimate_view, estimates
    from pipelines.watching import Watcher

    if not estimate:
        fail("relabel --estimate says what it would cost; criteria are bought by `build`", 2)
    request = request_of(recipe, subset, output, limit, None, None, store, None)
    try:
        found = estimates(request, Watcher(out, quiet=quiet))
    except KeyboardInterrupt:
        interrupted()
    out.print(estimate_view(found))
