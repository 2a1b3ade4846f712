"""Commands that show a dataset in a browser: report, view."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.console import err, out
from pipelines.commands.options import OutputOption, QuietOption


def report(
    output: OutputOption = Path("dataset"),
    to: Annotated[Path, typer.Option(help="The HTML file to write.")] = Path("report.html"),
    pairs: Annotated[int, typer.Option(min=0, max=50, help="Pairs shown of each subset.")] = 3,
    seed: Annotated[str, typer.Option(help="Another one shows other pairs.")] = "report",
    quiet: QuietOption = False,
) -> None:
    """Write one HTML file that shows what is in a dataset, what was taken out, and its checks."""
    from pipelines.gallery.report import report as made
    from pipelines.sizes import size_of

    with err.status("reading", spinner="dots") as status:
        text = made(output, pairs=pairs, seed=seed, told=status.update)
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(text, encoding="utf-8")
    if not quiet:
        size = size_of(to.stat().st_size)
        out.print(f"wrote {to} ({size}): open it in any browser", highlight=False, soft_wrap=True)
