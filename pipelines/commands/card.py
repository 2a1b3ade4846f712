"""`omnireward card`: the cards of a built dataset, written to a folder to be looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.console import fail, out
from pipelines.commands.options import OutputOption
from pipelines.commands.places import local_path

#: Where the cards go by default: under the folder of work, which is never published.
_FOLDER = "cards"


def card(
    output: OutputOption = "dataset",
    version: Annotated[str, typer.Option(help="The version that the cards name.")] = "0.0.0",
    repo: Annotated[
        str, typer.Option(help="The repository that they name, ORG/NAME.")
    ] = "your-org/omni-reward-data",
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            parser=local_path,
            metavar="FOLDER",
            help="Folder to write to; default: .work/cards of the output.",
        ),
    ] = None,
) -> None:
    """Write the cards that publishing would upload: README.md, a card a subset, Croissant."""
    from pipelines.cards import render_card
    from pipelines.cards.places import check_repo, check_version
    from transforms.beamkit import files
    from transforms.beamkit.errors import BuildError

    try:
        check_repo(repo)
        check_version(version)
    except BuildError as error:
        fail(error, 2)
    if to is None and not files.is_local(output):
        raise BuildError(f"{output} is not on this machine; name a folder with --to")
    folder = to or Path(output) / ".work" / _FOLDER
    rendered = render_card(output, None, repo, version)
    for path, data in rendered.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    for line in (f"wrote {len(rendered)} files to {folder}", f"Look at {folder / 'README.md'}"):
        out.print(line, soft_wrap=True, highlight=False, markup=False)
