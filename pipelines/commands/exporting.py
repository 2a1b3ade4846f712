"""`omnireward export`: a dataset in the files that trainers read."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from pipelines.commands.console import err, fail, interrupted, out
from pipelines.commands.options import SubsetOption
from pipelines.commands.places import place


def export(
    to: Annotated[
        str, typer.Option("--to", callback=place, metavar="FOLDER", help="Folder of the export.")
    ],
    form: Annotated[
        str | None,
        typer.Argument(metavar="FORMAT", help="llamafactory, trl or omnirewardbench."),
    ] = None,
    form_option: Annotated[str | None, typer.Option("--format", help="The same as FORMAT.")] = None,
    output: Annotated[
        str, typer.Option("--output", "-o", help="A built folder, or owner/name@v1.0.0.")
    ] = "dataset",
    subset: SubsetOption = None,
    frames: Annotated[
        int, typer.Option(min=1, help="Frames taken of a clip at most, where clips are pictures.")
    ] = 8,
    implicit_prompt: Annotated[
        bool,
        typer.Option(
            "--implicit-prompt", help="trl: the prompt stands inside chosen and rejected."
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the counts as JSON, for programs.")
    ] = False,
) -> None:
    """Write a dataset in the format of a trainer.

    Rows that a format has no form for, like ties, are left out and counted by reason. The counts
    are also written to export.json in the folder. Exit code 4 if no row at all was exported.
    """
    from pipelines.dataset.dataset import Dataset
    from pipelines.export_view import export_view
    from pipelines.exporting import export as exported
    from transforms.writing.exports.format import Options
    from transforms.writing.exports.registry import FORMATS

    chosen = form or form_option
    if chosen not in FORMATS or (form and form_option):
        raise typer.BadParameter(f"one of {', '.join(FORMATS)}", param_hint="FORMAT")
    options = Options(frames, implicit_prompt)
    try:
        with err.status("exporting") as status:
            done = exported(
                Dataset.open(output),
                FORMATS[chosen],
                to,
                subset,
                options,
                lambda what: status.update(f"{what}: exporting"),
            )
    except KeyboardInterrupt:
        interrupted()
    except OSError as error:
        fail(f"{to}: can't be written: {error.strerror or error}", 3)
    if as_json:
        typer.echo(json.dumps(done.as_json(), indent=2))
    else:
        out.print(export_view(done, to), highlight=False)
    if done.rows["in"] and not done.rows["out"]:
        fail("no row was exported", 4)
