"""`omnireward diff`: what differs between two builds, two versions, or a version and a build."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.console import err, fail, interrupted, out
from pipelines.commands.options import SubsetOption
from pipelines.commands.places import local_path


def diff(
    before: Annotated[str, typer.Argument(help="A built folder, or owner/name@v1.0.0 on the Hub.")],
    after: Annotated[str, typer.Argument(help="What it is compared with: a folder or a version.")],
    subset: SubsetOption = None,
    rows: Annotated[
        bool, typer.Option("--rows", help="List every row that differs, by id.")
    ] = False,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            parser=local_path,
            metavar="FILE",
            help="Write pairs before and after to this HTML file.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON object, for programs.")
    ] = False,
) -> None:
    """Say what differs between two datasets: rows, labels, criteria, columns and media.

    Rows are matched by id; a pair under another criterion counts as such, not as a row removed and
    one added. Media are told by their digests: no bytes of them are read. Files with equal digests
    are skipped.
    """
    from pipelines.dataset.dataset import Dataset
    from pipelines.diff.diff import diff as compared
    from pipelines.diff.view import diff_view, row_lines

    try:
        with err.status("comparing") as status:
            one, other = Dataset.open(before), Dataset.open(after)
            found = compared(
                one,
                other,
                subset,
                rows=rows or html is not None,
                tell=lambda name: status.update(f"{name}: comparing"),
            )
            if html is not None:
                from pipelines.diff.page import diff_page

                status.update("reading pairs")
                html.write_text(diff_page(found, one, other), encoding="utf-8")
    except KeyboardInterrupt:
        interrupted()
    except OSError as error:
        fail(f"{html}: can't be written: {error.strerror or error}", 3)
    if not rows:
        found = found.without_rows()
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=2))
        return
    out.print(diff_view(found), highlight=False)
    for line in row_lines(found):
        typer.echo(line)
    if html is not None:
        out.print(f"wrote {html}", highlight=False, soft_wrap=True, markup=False)
