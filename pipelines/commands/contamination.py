"""`omnireward contamination`: the rows that copy an item of a benchmark, or come near to it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.console import out
from pipelines.commands.options import LocalOutputOption, SubsetOption


def contamination(
    output: LocalOutputOption = Path("dataset"),
    subset: SubsetOption = None,
    benchmark: Annotated[
        list[str] | None, typer.Option("--benchmark", "-b", help="Only this one; repeatable.")
    ] = None,
    removed: Annotated[
        bool | None, typer.Option("--removed/--reported", help="Only rows removed, or kept.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="Rows shown.")] = 20,
) -> None:
    """Show rows that were removed as copies of benchmark items, and those only reported.

    Strength is the share of n-grams in common for text, bits of difference for media.
    """
    from pipelines.contamination_view import contamination_view, read_contamination

    table = read_contamination(output, subset or (), benchmark or (), removed)
    out.print(contamination_view(table, limit), highlight=False)
