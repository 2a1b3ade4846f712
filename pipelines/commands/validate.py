"""`omnireward validate`: whether a built dataset keeps what it promises."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from pipelines.commands.console import err, interrupted, out
from pipelines.commands.options import OutputOption, RecipeOption, SubsetOption


def validate(
    output: OutputOption = "dataset",
    recipe: RecipeOption = None,
    subset: SubsetOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what is written to quality/gate.json.")
    ] = False,
) -> None:
    """Check a built dataset: the gate that publication asks. Exit code 4 if it is not passed.

    Without --recipe it is held to the recipe that it was built by. With --subset nothing is
    written: the gate is of the whole dataset.
    """
    from rich.status import Status

    from pipelines.gate import run_gate
    from pipelines.gate.view import gate_view
    from pipelines.recipe import load_recipe

    held_to = load_recipe(recipe) if recipe else None
    base = recipe.resolve().parent if recipe else None
    with Status("reading", console=err) as status:
        try:
            gate = run_gate(
                output,
                held_to,
                base=base,
                names=subset or (),
                watch=lambda name: status.update(f"checking {name}"),
            )
        except KeyboardInterrupt:
            interrupted()
    if as_json:
        print(json.dumps(json.loads(gate.to_json()), indent=1))  # noqa: T201 - for a pipe
    else:
        out.print(gate_view(gate, output, whole=not subset))
    if not gate.passed:
        raise SystemExit(4)
