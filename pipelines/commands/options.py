"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.places import local_path, named_place, place

RecipeOption = Annotated[
    Path | None,
    typer.Option(
        "--recipe", help="Recipe file; default: beam_config.yaml here, or the shipped one."
    ),
]
OutputOption = Annotated[
    str,
    typer.Option("--output", "-o", callback=place, metavar="FOLDER", help="Folder of the dataset."),
]
#: For commands that read and write on this machine only.
LocalOutputOption = Annotated[
    Path,
    typer.Option(
        "--output", "-o", parser=local_path, metavar="FOLDER", help="Folder of the dataset."
    ),
]
SubsetOption = Annotated[
    list[str] | None, typer.Option("--subset", "-s", help="Only this subset; may be repeated.")
]
LettersOption = Annotated[
    list[str] | None, typer.Option(help="Only subsets with such dead letters; may be repeated.")
]
LimitOption = Annotated[int | None, typer.Option(min=1, help="At most N pairs a subset.")]
RunnerOption = Annotated[
    str | None, typer.Option(help="local, multi_processing, dataflow or flink.")
]
WorkersOption = Annotated[int | None, typer.Option(min=1, help="Workers of the runner.")]
StoreOption = Annotated[
    str | None,
    typer.Option(callback=place, metavar="FOLDER", help="Media store, if shared between datasets."),
]
#: For a command that looks whether such folders can be reached.
NamedOutputOption = Annotated[
    str,
    typer.Option(
        "--output", "-o", callback=named_place, metavar="FOLDER", help="Folder of the dataset."
    ),
]
NamedStoreOption = Annotated[
    str | None,
    typer.Option(
        callback=named_place, metavar="FOLDER", help="Media store, if shared between datasets."
    ),
]
BeamOption = Annotated[
    list[str] | None, typer.Option("--beam", help="A flag for Beam, as it is; repeatable.")
]
CommercialOption = Annotated[
    bool,
    typer.Option(
        "--commercial-only", help="Leave out subsets whose corpus forbids commercial use."
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
BudgetOption = Annotated[
    float | None,
    typer.Option(min=0, help="Dollars that models may cost at most; goes before the recipe's."),
]
